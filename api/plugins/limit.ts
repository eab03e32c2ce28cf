import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { CodedError } from '../../src/domain/errors.ts'

/** An orchestrator that gets 429 from a probe would restart a healthy service. */
const PROBES = new Set(['/livez', '/readyz'])

/** Only Retry-After is sent: the X-RateLimit headers are no standard. */
const NO_HEADERS = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false }

/**
 * A ceiling for each address, before anybody is authenticated: it bounds what guessing and flooding cost.
 * @param perMinute requests that one address may send in a minute
 */
export async function registerLimit(app: FastifyInstance, perMinute: number): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    addHeaders: NO_HEADERS,
    addHeadersOnExceeding: NO_HEADERS,
  })
  const limit = app.rateLimit({
    max: perMinute,
    timeWindow: '1 minute',
    allowList: (request) => PROBES.has(request.routeOptions.url ?? ''),
    errorResponseBuilder: () => new CodedError('quota-exceeded'),
  })
  // As a hook of the whole service it also counts routes that do not exist, and runs before authentication.
  app.addHook('onRequest', limit)
}
