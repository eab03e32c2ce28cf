import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Call } from '../../src/domain/call.ts'
import { type Limits, usedUp } from '../../src/limits/limits.ts'
import type { Quota, Standing } from '../../src/limits/quota.ts'
import type { Operation } from '../operation.ts'
import { enterAs } from './overload.ts'

/**
 * What a caller may spend, counted once a request as soon as the caller is known: what is refused later, repeated or
 * only tried out is work too. What a quota refuses costs nothing.
 */
export function registerQuotas(app: FastifyInstance, limits: Limits): void {
  app.addHook('onRequest', async ({ call, routeOptions }, reply) => {
    const { operation } = routeOptions.config
    if (!operation || !call) return
    enterAs(limits, call.caller.userId, reply)
    const { standings, refusal } = await limits.charge(call.caller, operation)
    tell(reply, standings)
    if (refusal) throw refusal
  })
}

/** Counts a change that is about to be carried out. @throws QuotaExceeded */
export type Admit = (operation: Operation, request: FastifyRequest, reply: FastifyReply) => Promise<void>

/**
 * A ceiling for each person, with all their agents, on the operations that declare `perMinute`. The unit of work
 * asks when it knows that a request is no repeat of one that was carried out.
 */
export function createAdmission(limits: Limits): Admit {
  const quotas = new Map<Operation, Quota>()
  // A transaction that is undone and has another turn is still one request.
  const counted = new WeakSet<FastifyRequest>()
  return async (operation, request, reply) => {
    const { operationId, perMinute } = operation
    if (perMinute === undefined || counted.has(request)) return
    counted.add(request)
    const quota = quotas.get(operation) ?? limits.perMinute(operationId, perMinute)
    quotas.set(operation, quota)
    // By the person: more keys and agents do not make more of it.
    const taken = await quota.take((request.call as Call).caller.userId, 1)
    tell(reply, [taken])
    if (!taken.allowed) throw usedUp(taken)
  }
}

/** The fields of draft-ietf-httpapi-ratelimit-headers-10, each a list of policies; further ones are added. */
function tell(reply: FastifyReply, standings: Standing[]): void {
  add(
    reply,
    'ratelimit-policy',
    standings.map(({ name, points, seconds }) => `"${name}";q=${points};w=${seconds}`),
  )
  add(
    reply,
    'ratelimit',
    standings.map(({ name, remaining, reset }) => `"${name}";r=${remaining};t=${reset}`),
  )
}

function add(reply: FastifyReply, name: string, items: string[]): void {
  const before = reply.getHeader(name)
  const list = [...(before === undefined ? [] : [String(before)]), ...items]
  if (list.length > 0) reply.header(name, list.join(', '))
}
