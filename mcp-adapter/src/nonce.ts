import { randomFillSync } from 'node:crypto'

const BYTES = 9
const pool = Buffer.allocUnsafeSlow(BYTES * 500)
let next = pool.length

/** 72 random bits as 12 characters of base64url. Drawn in bulk: asking the system each time costs more than the rest. */
export function nonce(): string {
  if (next === pool.length) {
    randomFillSync(pool)
    next = 0
  }
  const text = pool.toString('base64url', next, next + BYTES)
  // What was given away does not stay in memory.
  for (const end = next + BYTES; next < end; next++) pool[next] = 0
  return text
}
