import PgBoss from 'pg-boss'
import type { Job } from '../domain/call.ts'
import type { Sql } from '../storage/sql.ts'
import type { Storage } from '../storage/storage.ts'

type QueueName = Job['queue']
const QUEUES: QueueName[] = ['messages', 'reports']

/** How long a worker may hold a job before another one gets it, in seconds. */
const LEASE_SECONDS = 60
/** How often the queue is looked at when nothing woke it. */
const POLL_MS = 1000
/** How often jobs are looked for whose worker died. */
const EXPIRE_MS = 5000
const SCHEMA = 'jobs'

export interface Taken {
  /** The thing that the job is for. */
  id: string
  /** Counts how often this job was taken: 1 is the first time. */
  attempt: number
  /** Whether the queue is being closed: what can be cut short should be. */
  isClosing(): boolean
  /** Ends the job in a transaction, with what it did. */
  done(sql: Sql): Promise<void>
}

export interface QueueOptions {
  leaseSeconds?: number
  pollMs?: number
  expireMs?: number
  /** Told what went wrong in the background. */
  report: (error: unknown) => void
}

/** One queue on Postgres (pg-boss): jobs are added inside our transactions, and taken by one worker at a time. */
export interface Queue {
  /** Makes the tables that the queue lacks. */
  prepare(): Promise<void>
  /** Adds jobs in the transaction of `sql`. @param at not before this time; now where it is left out */
  add(sql: Sql, jobs: Job[], at?: Date): Promise<void>
  /** Begins to take jobs of a queue. A handler that throws leaves the job to its lease: it is taken again later. */
  work(queue: QueueName, handle: (job: Taken) => Promise<void>, atOnce?: number): void
  /** Says that a transaction with jobs has committed. */
  wake(jobs: Job[]): void
  /** Waits for the jobs at hand; no others are taken. */
  close(): Promise<void>
}

export function createQueue(storage: Pick<Storage, 'sql' | 'script'>, options: QueueOptions): Queue {
  const { leaseSeconds = LEASE_SECONDS, pollMs = POLL_MS, expireMs = EXPIRE_MS, report } = options
  const boss = new PgBoss({
    schema: SCHEMA,
    // Ours says when to look for dead workers; pg-boss's own clock is in minutes.
    supervise: false,
    schedule: false,
    expireInSeconds: leaseSeconds,
    // How often a thing is tried is a matter of the thing; a job comes back until it is done.
    retryLimit: 1_000_000,
    retryDelay: 0,
    db: {
      async executeSql(text: string, values?: unknown[]) {
        if (values && values.length > 0) return toResult(await storage.sql(text, values))
        return toResult(await storage.script(text))
      },
    },
  })
  boss.on('error', report)
  const timers: NodeJS.Timeout[] = []
  const looks = new Map<QueueName, () => void>()
  const running = new Set<Promise<void>>()
  let closed = false

  function track(work: Promise<void>): void {
    const tracked = work.catch(report).finally(() => running.delete(tracked))
    running.add(tracked)
  }

  const toTaken = (queue: QueueName, job: PgBoss.JobWithMetadata<{ id: string }>): Taken => ({
    id: job.data.id,
    attempt: job.retryCount + 1,
    isClosing: () => closed,
    async done(sql) {
      // What became of it is told by the thing that it was for; finished jobs would only pile up.
      await boss.deleteJob(queue, job.id, { db: within(sql) })
    },
  })

  return {
    async prepare() {
      await boss.start()
      for (const name of QUEUES) {
        if (!(await boss.getQueue(name))) await boss.createQueue(name, { name, policy: 'standard' })
      }
    },
    async add(sql, jobs, at) {
      if (jobs.length === 0) return
      await boss.insert(
        jobs.map(({ queue, id }) => ({ name: queue, data: { id }, ...(at && { startAfter: at }) })),
        { db: within(sql) },
      )
    },
    work(queue, handle, atOnce = 4) {
      let free = atOnce
      let looking = false
      let again = false
      const take = async () => {
        try {
          do {
            again = false
            const jobs = await boss.fetch<{ id: string }>(queue, { batchSize: free, includeMetadata: true })
            free -= jobs.length
            // Each has a place of its own: a slow one holds nobody up.
            for (const job of jobs) track(handle(toTaken(queue, job)).finally(release))
            if (jobs.length > 0) again = true
          } while (again && free > 0 && !closed)
        } finally {
          looking = false
        }
      }
      const look = () => {
        again = true
        if (closed || looking || free === 0) return
        looking = true
        track(take())
      }
      const release = () => {
        free++
        look()
      }
      looks.set(queue, look)
      timers.push(setInterval(look, pollMs))
      if (looks.size === 1) timers.push(setInterval(() => void boss.expire().catch(report), expireMs))
      look()
    },
    wake(jobs) {
      for (const queue of new Set(jobs.map((job) => job.queue))) looks.get(queue)?.()
    },
    async close() {
      closed = true
      for (const timer of timers) clearInterval(timer)
      while (running.size > 0) await Promise.all(running)
      await boss.stop({ graceful: false, wait: false })
    },
  }
}

const toResult = (rows: unknown[]) => ({ rows, rowCount: rows.length })
const within = (sql: Sql) => ({
  async executeSql(text: string, values: unknown[]) {
    return toResult(await sql(text, values))
  },
})
