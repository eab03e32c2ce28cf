import { createSums, type GroupBy, type Sale, type Sum } from '../domain/sales.ts'
import type { ReportStatus } from '../storage/generated/enums.ts'
import type { Sql } from '../storage/sql.ts'
import type { Storage } from '../storage/storage.ts'
import type { Queue, Taken } from './queue.ts'

export interface ReportOptions {
  /** Orders that are read and added up in one transaction. */
  chunk?: number
  /** Chunks of one job: together they must take far less than the queue's lease. */
  chunksPerJob?: number
  /** The most rows of a report: they are kept in memory while they are summed up. */
  mostRows?: number
}

const CHUNK = 500
const CHUNKS_PER_JOB = 20
const MOST_ROWS = 20_000
/** How often a job is taken before its report is given up. */
const MOST_ATTEMPTS = 5

/** What the requester is told: never the text of an error, which may hold anything. */
const FAILED_AGAIN = 'The report failed several times. Ask for another one; should it fail too, tell the operator.'
const TOO_MANY_ROWS = 'The report has too many rows. Ask for a shorter time.'

/** An order before all others. */
const NO_ORDER = '00000000-0000-0000-0000-000000000000'

interface Row {
  id: string
  status: ReportStatus
  groupBy: GroupBy
  from: Date
  to: Date
  cursor: string | null
  lastOrder: string | null
  result: string | null
}

/** The lock holds off a cancellation, and another worker that got the same job, until the chunk is saved. */
const LOAD = `SELECT id, status, group_by AS "groupBy", "from", "to", cursor, last_order AS "lastOrder", result
  FROM reports WHERE id = $1 FOR UPDATE`

/** Orders that come in from now on are not part of the report, so that it ends. */
const BEGIN = `UPDATE reports SET status = 'running', version = version + 1, updated_at = $2,
    last_order = (SELECT id FROM orders ORDER BY id DESC LIMIT 1),
    total = (SELECT count(*) FROM orders WHERE created_at >= "from" AND created_at < "to")
  WHERE id = $1 RETURNING last_order AS "lastOrder"`

const READ = `SELECT o.id, o.user_id AS "userId", o.status, o.currency, o.created_at AS "createdAt",
    o.total_amount::text AS total, o.refunded_amount::text AS refunded,
    CASE WHEN $6 THEN (
      SELECT json_agg(json_build_object('sku', i.sku, 'name', i.name, 'quantity', i.quantity,
        'unitAmount', i.unit_amount) ORDER BY i.position)
      FROM order_items i WHERE i.order_id = o.id
    ) END AS lines
  FROM orders o
  WHERE o.created_at >= $1 AND o.created_at < $2 AND o.id > $3 AND o.id <= $4
  ORDER BY o.id LIMIT $5`

const SAVE = `UPDATE reports SET cursor = $2, done = done + $3, result = $4, version = version + 1, updated_at = $5
  WHERE id = $1`

const FINISH = `UPDATE reports SET status = 'done', done = done + $2, result = $3, row_count = $4, version = version + 1,
    updated_at = $5, finished_at = $5
  WHERE id = $1`

const FAIL = `UPDATE reports SET status = 'failed', error = $2, result = NULL, version = version + 1,
    updated_at = $3, finished_at = $3
  WHERE id = $1 AND status IN ('queued', 'running')`

interface OrderRow {
  id: string
  userId: string
  status: string
  currency: string
  createdAt: Date
  total: string
  refunded: string
  lines: Sale['lines'] | null
}

/**
 * Makes reports, one at a time. A report is made in chunks: each adds some orders to the sums and saves the sums, the
 * cursor and the progress in one transaction, so that whoever goes on, after a crash or beside a slow worker, neither
 * repeats nor leaves out an order. `queue.close` ends the work after the chunk at hand.
 */
export function workReports(storage: Pick<Storage, 'transaction'>, queue: Queue, options: ReportOptions = {}): void {
  const { chunk = CHUNK, chunksPerJob = CHUNKS_PER_JOB, mostRows = MOST_ROWS } = options

  async function make(job: Taken): Promise<void> {
    // A worker that was killed again and again throws nothing: the attempt itself tells.
    if (job.attempt > MOST_ATTEMPTS) return giveUp(job)
    try {
      for (let count = 1; await step(job, count); count++);
    } catch (error) {
      if (job.attempt === MOST_ATTEMPTS) await giveUp(job)
      throw error
    }
  }

  /** One chunk. @returns whether this job has to go on */
  async function step(job: Taken, count: number): Promise<boolean> {
    return storage.transaction(async (_db, sql) => {
      const [report] = await sql<Row>(LOAD, [job.id])
      if (!report || !['queued', 'running'].includes(report.status)) return end(job, sql)
      const now = new Date()
      const lastOrder = report.status === 'queued' ? await begin(sql, report.id, now) : report.lastOrder
      const { groupBy } = report
      const sums = createSums(groupBy, JSON.parse(report.result ?? '[]') as Sum[])
      const orders = await sql<OrderRow>(READ, [
        report.from,
        report.to,
        report.cursor ?? NO_ORDER,
        lastOrder ?? NO_ORDER,
        chunk,
        groupBy !== 'customer',
      ])
      for (const order of orders) if (order.status !== 'cancelled') sums.add(toSale(order))
      if (sums.size() > mostRows) {
        await sql(FAIL, [report.id, TOO_MANY_ROWS, now])
        return end(job, sql)
      }
      const result = JSON.stringify(sums.list())
      const last = orders.at(-1)
      if (!last || orders.length < chunk) {
        await sql(FINISH, [report.id, orders.length, result, sums.size(), now])
        return end(job, sql)
      }
      await sql(SAVE, [report.id, last.id, orders.length, result, now])
      if (count < chunksPerJob && !job.isClosing()) return true
      // The next job takes over before the lease of this one ends, and at once after a restart.
      await queue.add(sql, [{ queue: 'reports', id: report.id }])
      return end(job, sql)
    })
  }

  async function giveUp(job: Taken): Promise<void> {
    await storage.transaction(async (_db, sql) => {
      await sql(FAIL, [job.id, FAILED_AGAIN, new Date()])
      await job.done(sql)
    })
  }

  queue.work('reports', make, 1)
}

async function begin(sql: Sql, id: string, now: Date): Promise<string | null> {
  const [row] = await sql<Pick<Row, 'lastOrder'>>(BEGIN, [id, now])
  return row?.lastOrder ?? null
}

async function end(job: Taken, sql: Sql): Promise<false> {
  await job.done(sql)
  return false
}

const toSale = (order: OrderRow): Sale => ({
  ...order,
  total: BigInt(order.total),
  refunded: BigInt(order.refunded),
  lines: order.lines ?? [],
})
