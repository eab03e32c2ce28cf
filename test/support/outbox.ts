import type { Test } from 'tap'
import { v7 as uuidv7 } from 'uuid'
import type { Call, Outgoing } from '../../src/domain/call.ts'
import { createVault } from '../../src/identity/vault.ts'
import type { ChannelKind } from '../../src/storage/generated/enums.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { createDeliveries, type DeliverOptions } from '../../src/work/deliver.ts'
import { createSenders, type DeliverySettings, NOTHING_SET_UP } from '../../src/work/deliveries/deliveries.ts'
import type { Senders } from '../../src/work/deliveries/sender.ts'
import { writeOutbox } from '../../src/work/outbox.ts'
import { createQueue, type Queue, type QueueOptions } from '../../src/work/queue.ts'
import { type DatabaseKind, openTestStorage, quickest } from './database.ts'

export const SENDER = '019a0000-0000-7000-8000-000000000003'

/** A worker, as one process has it. */
export interface Worker {
  queue: Queue
  close(): Promise<void>
}

interface WorkerOptions extends Partial<DeliverOptions>, Partial<QueueOptions>, Partial<DeliverySettings> {
  /** The database as this worker meets it. */
  on?: Storage
  /** In the place of real ones. */
  senders?: Partial<Senders>
  report?: (error: unknown) => void
}

/** A database with a sender and channels, and workers on it that are quick enough for a test. */
export async function openOutbox(t: Test, kind?: DatabaseKind) {
  const storage = await openTestStorage(t, kind ?? (await quickest()))
  const vault = createVault('a secret for tests, 32 characters')
  const now = new Date()
  const time = { createdAt: now, updatedAt: now }
  await storage.db.user.create({
    data: {
      id: SENDER,
      username: 'sender',
      usernameKey: 'sender',
      email: 'sender@example.com',
      fullName: 'Sender',
      role: 'support',
      ...time,
    },
  })
  // Where scripted senders send to.
  const out = { id: 'out', kind: 'slack', name: 'Out', team: true, target: 'C0123456789' } as const
  await storage.db.channel.create({ data: { ...out, ...time } })
  const report = (error: unknown) => t.fail('work failed', { error })
  const first = createQueue(storage, { leaseSeconds: 1, report })
  await first.prepare()
  await first.close()

  return {
    storage,
    vault,
    async channel(id: string, kind: ChannelKind, target: string | null, secrets: Uint8Array<ArrayBuffer>[] = []) {
      await storage.db.channel.create({ data: { id, kind, name: id, team: true, target, secrets, ...time } })
    },
    /** Writes messages as a call does: in one transaction, which `fail` undoes. @returns their ids */
    async put(channelId: string, texts: string[], { event = null as string | null, fail = false } = {}) {
      const outbox: Outgoing[] = texts.map((text) => ({ id: uuidv7(), event, channelId, text, about: null }))
      const caller: Call['caller'] = {
        userId: SENDER,
        role: 'support',
        status: 'active',
        scopes: ['*'],
        credentialId: 'k',
        issuedBy: SENDER,
      }
      await storage.transaction(async (db, sql) => {
        await writeOutbox({ caller, db, sql, now: new Date(), requestId: 'r', outbox, jobs: [] }, first)
        if (fail) throw new Error('undone on purpose')
      })
      return outbox.map(({ id }) => id)
    },
    /** Starts a worker: a process of its own, as far as the database can tell. */
    work({
      on = storage,
      senders,
      slack = NOTHING_SET_UP.slack,
      webhookHosts = [],
      ...options
    }: WorkerOptions = {}): Worker {
      const queue = createQueue(on, { leaseSeconds: 1, pollMs: 20, expireMs: 50, report, ...options })
      const deliveries = createDeliveries(
        on,
        queue,
        { ...createSenders({ slack, webhookHosts }, vault).senders, ...senders },
        { backoff: { baseMs: 10, capMs: 50 }, deadlineMs: 300, leaseMs: 600, graceMs: 0, report, ...options },
      )
      deliveries.start()
      let closed: Promise<void> | undefined
      const close = () => {
        deliveries.close()
        closed ??= queue.close()
        return closed
      }
      t.teardown(close)
      return { queue, close }
    },
    message: (id: string) => storage.db.message.findUniqueOrThrow({ where: { id } }),
    /** How many jobs there are, done ones too. */
    async jobs(): Promise<number> {
      const [row] = await storage.sql<{ count: number }>('SELECT count(*)::int AS count FROM jobs.job')
      return row?.count ?? 0
    },
  }
}
