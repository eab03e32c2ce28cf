import { createHash } from 'node:crypto'
import { createExpiringCache } from '../auth/cache.ts'
import { createTokenBucket, type TokenBucket } from '../backend/token-bucket.ts'
import { ProblemResult } from '../results/problem.ts'

/** What calls cost, and what each caller has left. It is of this process: replicas count for themselves. */
export interface CostLimit {
  /** Takes the cost of one call. Throws ProblemResult (`rate-limited`): nothing was taken. */
  charge(owner: string, cost: number): void
}

const MINUTE_MS = 60_000
const MOST_CALLERS = 10_000

/** Lets everything pass. */
export const noCostLimit: CostLimit = { charge: () => {} }

/**
 * So much may the calls of one caller cost in a minute; what was not used can be used at once. Callers are told apart by
 * a digest, because what names them may be a secret.
 */
export function createCostLimit(costPerMinute: number, now: () => number = Date.now): CostLimit {
  // A caller who was away for a minute has everything again, so there is nothing to remember.
  const buckets = createExpiringCache<TokenBucket>(MOST_CALLERS, now)
  return {
    charge(owner, cost) {
      if (cost === 0) return
      const key = createHash('sha256').update(owner).digest('base64url')
      const bucket =
        buckets.get(key) ?? createTokenBucket({ capacity: costPerMinute, perSecond: costPerMinute / 60 }, now)
      buckets.set(key, bucket, now() + MINUTE_MS)
      const waitMs = bucket.take(cost)
      if (waitMs === 0) return
      const retryAfter = Math.ceil(waitMs / 1000)
      throw new ProblemResult({
        error: 'rate-limited',
        message: 'You have called as much as a minute allows. Nothing was sent.',
        hint: 'Wait before calling again, or ask for more with one call.',
        retryable: true,
        retryAfter,
      })
    },
  }
}
