import type { Cancellation } from '../cancellation.ts'

interface ExpiringCache<Value> {
  get(key: string): Value | undefined
  /** Keeps a value until `expiresAt` (milliseconds since the epoch). The one that was used longest ago goes first. */
  set(key: string, value: Value, expiresAt: number): void
  delete(key: string): void
  readonly size: number
}

/** A cache that never holds more than `most` values, and none beyond its time. */
export function createExpiringCache<Value>(most: number, now: () => number = Date.now): ExpiringCache<Value> {
  // A Map keeps the order of insertion: what is used goes to the end, and the front is what nobody used.
  const entries = new Map<string, { value: Value; expiresAt: number }>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined
      entries.delete(key)
      if (entry.expiresAt <= now()) return undefined
      entries.set(key, entry)
      return entry.value
    },
    set(key, value, expiresAt) {
      entries.delete(key)
      if (expiresAt <= now()) return
      if (entries.size >= most) entries.delete(entries.keys().next().value as string)
      entries.set(key, { value, expiresAt })
    },
    delete: (key) => void entries.delete(key),
    get size() {
      return entries.size
    },
  }
}

/** Shares work that is under way: whoever asks for the same key meanwhile waits for the same answer. */
export function createSingleFlight<Value>(): (key: string, work: () => Promise<Value>) => Promise<Value> {
  const flights = new Map<string, Promise<Value>>()
  return (key, work) => {
    const running = flights.get(key)
    if (running) return running
    const flight = work().finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
}

/** Waits for shared work no longer than one waiter wants to; the work goes on for the others. */
export async function waitFor<Value>(work: Promise<Value>, signal: Cancellation): Promise<Value> {
  // The work may fail after its last waiter has left, and then nobody is to be told.
  work.catch(() => undefined)
  signal.throwIfAborted()
  let leave: (() => void) | undefined
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([work, left])
  } finally {
    if (leave) signal.removeEventListener('abort', leave)
  }
}
