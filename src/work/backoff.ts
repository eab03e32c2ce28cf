export interface Backoff {
  /** The ceiling of the first wait, in milliseconds; it doubles with every attempt. */
  baseMs: number
  /** No ceiling is higher. */
  capMs: number
}

/**
 * Exponential backoff with full jitter: anything between nothing and the ceiling, so that those who failed together do
 * not come back together.
 * @param attempt the attempt that failed, 1 and up
 * @param retryAfterMs what the receiver asked for; honoured where it is longer
 * @returns how long to wait, in milliseconds
 */
export function waitBefore(
  { baseMs, capMs }: Backoff,
  attempt: number,
  retryAfterMs = 0,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** (attempt - 1))
  return Math.max(Math.round(random() * ceiling), retryAfterMs)
}
