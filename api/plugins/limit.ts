import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Call } from '../../src/domain/call.ts'
import { CodedError } from '../../src/domain/errors.ts'
import type { Operation } from '../operation.ts'

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

/** Counts a change that is about to be carried out. @throws CodedError quota-exceeded, with Retry-After */
export type Admit = (operation: Operation, request: FastifyRequest, reply: FastifyReply) => Promise<void>

/**
 * A ceiling for each person, with all their agents, on the operations that declare `perMinute`. The unit of work
 * asks when it knows that a request is no repeat of one that was carried out.
 */
export function createAdmission(app: FastifyInstance): Admit {
  const limits = new Map<Operation, ReturnType<FastifyInstance['createRateLimit']>>()
  // A transaction that is undone and has another turn is still one request.
  const counted = new WeakSet<FastifyRequest>()
  return async (operation, request, reply) => {
    const { perMinute } = operation
    if (perMinute === undefined || counted.has(request)) return
    counted.add(request)
    const limit = limits.get(operation) ?? limitOf(perMinute)
    limits.set(operation, limit)
    const found = await limit(request)
    if (found.isAllowed || !found.isExceeded) return
    reply.header('retry-after', found.ttlInSeconds)
    throw new CodedError('quota-exceeded', `You may ask for this ${perMinute} times a minute.`)
  }

  function limitOf(max: number) {
    // By the person: more keys and agents do not make more of it.
    const keyGenerator = ({ call }: FastifyRequest) => (call as Call).caller.userId
    return app.createRateLimit({ max, timeWindow: '1 minute', keyGenerator })
  }
}
