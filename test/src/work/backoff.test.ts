import t from 'tap'
import { waitBefore } from '../../../src/work/backoff.ts'
import { readRetryAfter } from '../../../src/work/deliveries/post.ts'

const backoff = { baseMs: 1000, capMs: 900_000 }

t.test('a wait lies anywhere between nothing and a ceiling that doubles up to its cap', async (t) => {
  for (const [attempt, ceiling] of [
    [1, 1000],
    [2, 2000],
    [5, 16_000],
    [10, 512_000],
    [11, 900_000],
    [60, 900_000],
    [2000, 900_000],
  ] as const) {
    t.equal(
      waitBefore(backoff, attempt, 0, () => 0),
      0,
    )
    t.equal(
      waitBefore(backoff, attempt, 0, () => 1),
      ceiling,
    )
    const waits = Array.from({ length: 500 }, () => waitBefore(backoff, attempt))
    t.ok(waits.every((wait) => wait >= 0 && wait <= ceiling))
    // Full jitter: both halves are used, so those who failed together spread out.
    t.ok(waits.some((wait) => wait < ceiling / 2) && waits.some((wait) => wait > ceiling / 2))
  }
})

t.test('what the receiver asks for is honoured where it is longer', async (t) => {
  t.equal(
    waitBefore(backoff, 1, 30_000, () => 1),
    30_000,
  )
  t.equal(
    waitBefore(backoff, 10, 30_000, () => 1),
    512_000,
  )
})

t.test('Retry-After is read as seconds or as a date, a day at the most, and never as nonsense', async (t) => {
  const now = Date.parse('2026-01-31T12:00:00Z')
  t.equal(readRetryAfter('7', now), 7000)
  t.equal(readRetryAfter('Sat, 31 Jan 2026 12:01:00 GMT', now), 60_000)
  t.equal(readRetryAfter('Sat, 31 Jan 2026 11:00:00 GMT', now), 0)
  t.equal(readRetryAfter('999999999', now), 86_400_000)
  for (const value of [undefined, '', 'soon', '-1', '1e99'])
    t.equal(readRetryAfter(value, now), undefined, String(value))
})
