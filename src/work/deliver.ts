import type { Storage } from '../storage/storage.ts'
import { type Backoff, waitBefore } from './backoff.ts'
import type { Outcome, Senders } from './deliveries/sender.ts'
import { bury, type Claimed, claim, disable, look, recordDelivery, recordFailure } from './deliveries/state.ts'
import type { Queue, Taken } from './queue.ts'

export interface DeliverOptions {
  /** How often a message is tried. */
  mostAttempts?: number
  backoff?: Backoff
  /** How long one attempt may take. */
  deadlineMs?: number
  /** For how long an attempt keeps others from the message; longer than the deadline, shorter than the queue's lease. */
  leaseMs?: number
  /** How long attempts that run may go on when the service closes. */
  graceMs?: number
  /** How many messages are sent at once. */
  atOnce?: number
  random?: () => number
  /** Told what went wrong inside the service. */
  report: (error: unknown) => void
}

export interface Deliveries {
  /** Begins to send what the outbox holds. */
  start(): void
  /** Ends the attempts that run, after a grace. The queue is to be closed next: it waits for what they record. */
  close(): void
}

const BACKOFF: Backoff = { baseMs: 1000, capMs: 15 * 60 * 1000 }

/**
 * Sends messages, each at least once: an attempt that is not recorded, for whatever reason, is made again when its
 * lease has ended. Nothing is sent inside a transaction.
 */
export function createDeliveries(
  storage: Storage,
  queue: Queue,
  senders: Senders,
  options: DeliverOptions,
): Deliveries {
  const { mostAttempts = 12, backoff = BACKOFF, deadlineMs = 10_000, leaseMs = 20_000, graceMs = 3000 } = options
  const { atOnce = 8, random, report } = options
  const closing = new AbortController()

  async function deliver(job: Taken): Promise<void> {
    const claimed = await claim(storage.sql, job.id, leaseMs, mostAttempts)
    if (!claimed) return putOff(job)
    const outcome = await attempt(claimed)
    await storage.transaction(async (_db, sql) => {
      if (await record(sql, claimed, outcome)) await job.done(sql)
    })
  }

  /** The job is not for now: the message is done with, or somebody else has it, or it has used up its attempts. */
  async function putOff(job: Taken): Promise<void> {
    await storage.transaction(async (_db, sql) => {
      const found = await look(sql, job.id)
      const open = found && !found.dead && found.status !== 'delivered'
      // Every attempt ended in a crash.
      if (open && found.due && found.attempts >= mostAttempts) await bury(sql, job.id)
      else if (open) await queue.add(sql, [{ queue: 'messages', id: job.id }], found.nextAttemptAt ?? undefined)
      await job.done(sql)
    })
  }

  async function attempt({ letter, to, ended }: Claimed): Promise<Outcome> {
    if (ended) return { kind: 'permanent', error: 'The channel was removed or disabled.' }
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(deadlineMs), closing.signal])
      return await senders[to.kind].send(letter, to, signal)
    } catch (error) {
      report(error)
      return { kind: 'transient', error: 'The service failed before it could send the message.' }
    }
  }

  /** @returns false where another attempt has begun since: it has the say, and its job is not ours to end */
  async function record(sql: Storage['sql'], claimed: Claimed, outcome: Outcome): Promise<boolean> {
    const { letter, to, attempt } = claimed
    if (outcome.kind === 'delivered') {
      await recordDelivery(sql, letter.id, outcome.receipt ?? null)
      return true
    }
    if (outcome.kind === 'permanent' && outcome.gone) await disable(sql, to.id)
    const unknown = outcome.kind === 'unknown'
    const last = outcome.kind === 'permanent' || attempt >= mostAttempts
    const next = last
      ? null
      : new Date(
          Date.now() + waitBefore(backoff, attempt, 'retryAfterMs' in outcome ? outcome.retryAfterMs : 0, random),
        )
    if (!(await recordFailure(sql, letter.id, { attempt, unknown, error: outcome.error, next }))) return false
    if (next) await queue.add(sql, [{ queue: 'messages', id: letter.id }], next)
    return true
  }

  return {
    start: () => queue.work('messages', deliver, atOnce),
    close() {
      setTimeout(() => closing.abort(), graceMs).unref()
    },
  }
}
