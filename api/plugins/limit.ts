import rateLimit, { type FastifyRateLimitStore, normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { QuotaExceeded } from '../../src/domain/errors.ts'
import type { Limits } from '../../src/limits/limits.ts'
import type { Quota } from '../../src/limits/quota.ts'
import { PROBES } from './overload.ts'

/** Only Retry-After is sent: these headers are no standard, and who is not known has no quota of their own. */
const NO_HEADERS = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false }

/** How a quota is named to whoever exceeds it. */
const NAME = 'address'

/**
 * A ceiling for each address, before anybody is authenticated: it bounds what guessing and flooding cost.
 * @param perMinute requests that one address may send in a minute
 */
export async function registerLimit(app: FastifyInstance, perMinute: number, limits: Limits): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    addHeaders: NO_HEADERS,
    addHeadersOnExceeding: NO_HEADERS,
    // In memory the plugin counts by itself, and forgets the addresses that it has not seen for longest.
    ...(limits.health() && { store: storeOf(limits.perMinute(NAME, perMinute)) }),
  })
  const limit = app.rateLimit({
    max: perMinute,
    timeWindow: '1 minute',
    // A connection that has ended tells no address any more: all of those count together. The types do not know of it.
    keyGenerator: ({ ip }) => ((ip as string | undefined) === undefined ? 'gone' : normalizeIP(ip)),
    allowList: (request) => PROBES.has(request.routeOptions.url ?? ''),
    errorResponseBuilder: (_request, { ttl }) =>
      new QuotaExceeded(
        [NAME],
        Math.max(1, Math.ceil(ttl / 1000)),
        'Too many requests come from this address.',
      ) as never,
  })
  // As a hook of the whole service it also counts routes that do not exist, and runs before authentication.
  app.addHook('onRequest', limit)
}

/**
 * Lets the plugin count where all replicas do. Its own way to Redis knows two answers to a lost one: to refuse
 * everybody, or to count nobody.
 */
function storeOf(quota: Quota) {
  return class Store implements FastifyRateLimitStore {
    incr(
      key: string,
      callback: (error: Error | null, result?: { current: number; ttl: number }) => void,
      _ms: number,
      max: number,
    ) {
      // What the quota refuses is over the limit for the plugin, also where this replica's part is all there is.
      void quota
        .take(key, 1)
        .then(({ allowed, remaining, reset }) =>
          callback(null, { current: allowed ? max - remaining : max + 1, ttl: reset * 1000 }),
        )
    }
    child() {
      return this
    }
  }
}
