import { getHeapStatistics } from 'node:v8'
import underPressure from '@fastify/under-pressure'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CodedError, QuotaExceeded } from '../../src/domain/errors.ts'
import type { Limits } from '../../src/limits/limits.ts'

/** An orchestrator that gets 429 or 503 from a probe would restart a service that only has much to do. */
export const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz'])

const isProbe = ({ routeOptions }: FastifyRequest) => PROBES.has(routeOptions.url ?? '')

/** Above this part of it, V8 does little else than look for memory. */
const HEAP_PART = 0.9
const RETRY_S = 2
/** A sample spans more than one such delay, so that it takes several: one long task, or a busy start, is no overload. */
const SAMPLE_DELAYS = 2.5
const SHORTEST_SAMPLE_MS = 1000
const RETRY_OWN_S = 1

/** Turns requests away, before anything is done for them, while the process has too much to do; the probes answer. */
export async function registerOverload(app: FastifyInstance, { settings, inFlight }: Limits): Promise<void> {
  await app.register(underPressure, {
    maxEventLoopDelay: settings.eventLoopDelayMs,
    sampleInterval: Math.max(SHORTEST_SAMPLE_MS, settings.eventLoopDelayMs * SAMPLE_DELAYS),
    maxHeapUsedBytes: Math.floor(getHeapStatistics().heap_size_limit * HEAP_PART),
    pressureHandler: (request) => {
      if (!isProbe(request)) throw overloaded('The service is overloaded.')
    },
  })
  app.addHook('onRequest', async (request, reply) => {
    if (isProbe(request)) return
    const leave = inFlight.enter()
    if (!leave) throw overloaded('Too many requests are being carried out.')
    reply.raw.once('close', leave)
  })
}

const overloaded = (detail: string) =>
  Object.assign(new CodedError('reduced-capacity', detail), { retryAfter: RETRY_S })

/** Counts a request among those of its caller, until it is answered. @throws QuotaExceeded */
export function enterAs(limits: Limits, userId: string, reply: FastifyReply): void {
  const leave = limits.inFlight.enterAs(userId)
  if (!leave) {
    const { concurrentPerCaller } = limits.settings
    throw new QuotaExceeded(
      ['concurrent'],
      RETRY_OWN_S,
      `You may have ${concurrentPerCaller} requests under way at a time.`,
    )
  }
  reply.raw.once('close', leave)
}
