import type { Caller } from '../domain/call.ts'
import { CodedError, QuotaExceeded } from '../domain/errors.ts'
import { createInFlight, type InFlight } from './in-flight.ts'
import { createQuota, type Quota, type Standing, type Taken } from './quota.ts'
import type { SharedCounters } from './redis.ts'

export interface LimitSettings {
  /** What one person, with all their agents and keys, may spend in a minute. */
  quotaPerMinute: number
  /** What one agent may spend of it. */
  agentQuotaPerMinute: number
  /** Reports that one person may ask for in 24 hours. */
  reportsPerDay: number
  /** Requests that are carried out at a time, in all and of one person. */
  concurrentRequests: number
  concurrentPerCaller: number
  /** How late the event loop may be, in milliseconds, before requests are turned away; 0: however late. */
  eventLoopDelayMs: number
  /** How many processes share the quotas; each grants its part while they cannot count together. */
  replicas: number
}

/** For what measures the service itself, or only wants its document. */
export const NO_LIMITS: LimitSettings = {
  quotaPerMinute: 1_000_000_000,
  agentQuotaPerMinute: 1_000_000_000,
  reportsPerDay: 1_000_000,
  concurrentRequests: 1_000_000,
  concurrentPerCaller: 1_000_000,
  eventLoopDelayMs: 0,
  replicas: 1,
}

/** What of an operation matters here. */
export interface Weight {
  cost: number
  risk: 'low' | 'medium' | 'high'
  /** Set where the operation has a quota of its own. */
  perMinute?: number
}

/** What became of a request's price: how the caller stands now, and why it is refused, if it is. */
export interface Bill {
  standings: Standing[]
  refusal?: CodedError
}

export interface Limits {
  readonly settings: LimitSettings
  readonly inFlight: InFlight
  /** Takes the price of a request from the quotas of its caller; one that is refused pays nothing. */
  charge(caller: Pick<Caller, 'userId' | 'agentId'>, weight: Weight): Promise<Bill>
  /** Another quota, so much a minute, counted where these are. */
  perMinute(name: string, points: number): Quota
  /** Undefined where nothing is shared. */
  health(): 'ok' | 'degraded' | undefined
}

const MINUTE_S = 60
/** From this cost on, an operation waits until the replicas can count together again. */
const EXPENSIVE = 10
/** Redis is looked for several times a second. */
const LOST_RETRY_S = 2

/** @param counters where replicas count together; each process counts for itself without them */
export function createLimits(settings: LimitSettings, counters?: SharedCounters): Limits {
  const { replicas, concurrentRequests, concurrentPerCaller } = settings
  const perMinute = (name: string, points: number) =>
    createQuota({ name, points, seconds: MINUTE_S }, counters, replicas)
  const principal = perMinute('principal', settings.quotaPerMinute)
  const agent = perMinute('agent', settings.agentQuotaPerMinute)

  return {
    settings,
    inFlight: createInFlight(concurrentRequests, concurrentPerCaller),
    perMinute,
    health: () => counters && (counters.ready() ? 'ok' : 'degraded'),
    async charge({ userId, agentId }, { cost, risk, perMinute: own }) {
      const paid: Taken[] = []
      // The tighter one first, so that an agent that asks too often does not touch its person's.
      const due = [
        ...(agentId === undefined ? [] : [[agent, `${userId}:${agentId}`] as const]),
        [principal, userId] as const,
      ]
      for (const [quota, key] of due) {
        const taken = await quota.take(key, cost)
        if (!taken.allowed) {
          await giveBack(paid)
          return { standings: [taken], refusal: usedUp(taken) }
        }
        paid.unshift(taken)
      }
      const alone = counters !== undefined && paid.some(({ shared }) => !shared)
      if (!alone || (risk !== 'high' && cost < EXPENSIVE && own === undefined)) return { standings: paid }
      await giveBack(paid)
      const refusal = new CodedError(
        'reduced-capacity',
        'Risky and expensive operations wait until quotas can be shared again.',
      )
      return { standings: [], refusal: Object.assign(refusal, { retryAfter: LOST_RETRY_S }) }
    },
  }
}

const giveBack = (paid: Taken[]) => Promise.all(paid.map((each) => each.giveBack()))

/** The refusal of a request that a quota has no room for. */
export const usedUp = ({ name, points, seconds, reset }: Standing) =>
  new QuotaExceeded([name], reset, `The quota "${name}" (${points} in ${seconds} s) is used up.`)
