/** Tokens that come back with time. Times are milliseconds of a clock that only goes forward. */
export interface TokenBucket {
  /** Takes tokens, or tells in how many milliseconds there will be enough. 0: they were taken. */
  take(count: number): number
  /** Adds tokens, up to the capacity. */
  put(count: number): void
}

/** A full bucket. `perSecond` tokens come back each second, up to `capacity`. */
export function createTokenBucket(
  { capacity, perSecond }: { capacity: number; perSecond: number },
  now: () => number = () => performance.now(),
): TokenBucket {
  let tokens = capacity
  let at = now()
  const refill = () => {
    const time = now()
    tokens = Math.min(capacity, tokens + ((time - at) / 1000) * perSecond)
    at = time
  }
  return {
    take(count) {
      refill()
      if (tokens < count) return Math.max(1, Math.ceil(((count - tokens) / perSecond) * 1000))
      tokens -= count
      return 0
    },
    put(count) {
      tokens = Math.min(capacity, tokens + count)
    },
  }
}
