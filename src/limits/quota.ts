import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { SharedCounters } from './redis.ts'

/** So many points in so many seconds, for each key. */
export interface QuotaPolicy {
  /** As callers see it, in headers and problems. */
  name: string
  points: number
  seconds: number
}

/** How a key stands in a quota: what the RateLimit headers tell. */
export interface Standing extends QuotaPolicy {
  remaining: number
  /** Seconds until the window ends and all points are there again. */
  reset: number
}

export interface Taken extends Standing {
  allowed: boolean
  /** Whether all replicas counted together. */
  shared: boolean
  giveBack(): Promise<void>
}

export interface Quota {
  /** Takes points of a key, if so many are left; a refusal takes none. Never throws. */
  take(key: string, points: number): Promise<Taken>
}

/**
 * Adds to a counter whose window begins with its first point, unless that would pass the quota. What is given back
 * after the window has ended is not taken into the next one.
 */
const TAKE = `
local used = tonumber(redis.call('get', KEYS[1]) or '0')
local left = redis.call('pttl', KEYS[1])
local points, window = tonumber(ARGV[1]), tonumber(ARGV[2]) * 1000
if left < 0 then
  if points < 0 then return {0, 0} end
  used, left = 0, window
  if points <= tonumber(ARGV[3]) then redis.call('set', KEYS[1], points, 'PX', window) end
  return {points, left}
end
if used + points < 0 then points = -used end
if used + points <= tonumber(ARGV[3]) then redis.call('incrby', KEYS[1], points) end
return {used + points, left}
`

/**
 * A quota that replicas share through Redis. While Redis is lost each of them counts by itself, against its part of the
 * quota, so that all of them together grant about what they should. Without Redis it is counted in this process.
 */
export function createQuota(policy: QuotaPolicy, counters: SharedCounters | undefined, replicas: number): Quota {
  const { name, points, seconds } = policy
  const part = counters ? { ...policy, points: Math.max(1, Math.floor(points / replicas)) } : policy
  const memory = new RateLimiterMemory({ keyPrefix: name, points: part.points, duration: seconds })
  const shared =
    counters &&
    new RateLimiterRedis({
      storeClient: counters.client,
      keyPrefix: `${counters.prefix}:${name}`,
      points,
      duration: seconds,
      rejectIfRedisNotReady: true,
      customIncrTtlLuaScript: TAKE,
    })

  async function takeLocally(key: string, cost: number): Promise<Taken> {
    const taken = await take(memory, part, key, cost)
    const giveBack = async () => {
      const found = await memory.get(key)
      if (found && found.msBeforeNext > 0 && found.consumedPoints >= cost) await memory.reward(key, cost)
    }
    // The limiter in memory counts what it refuses too.
    if (!taken.allowed) await giveBack()
    return { ...taken, shared: false, giveBack }
  }

  return {
    async take(key, cost) {
      if (!shared || !counters) return takeLocally(key, cost)
      const taken = await counters.attempt(() => take(shared, policy, key, cost))
      if (!taken) return takeLocally(key, cost)
      const giveBack = async () => void (await counters.attempt(() => shared.reward(key, cost)))
      return { ...taken, shared: true, giveBack }
    },
  }
}

async function take(limiter: RateLimiterAbstract, policy: QuotaPolicy, key: string, cost: number) {
  const [allowed, found] = await limiter.consume(key, cost).then(
    (result) => [true, result] as const,
    (error) => {
      if (error instanceof RateLimiterRes) return [false, error] as const
      throw error
    },
  )
  const used = allowed ? found.consumedPoints : found.consumedPoints - cost
  const remaining = Math.max(0, policy.points - used)
  return { ...policy, allowed, remaining, reset: Math.max(1, Math.ceil(found.msBeforeNext / 1000)) }
}
