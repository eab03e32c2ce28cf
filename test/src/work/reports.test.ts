import t, { type Test } from 'tap'
import { v7 as uuidv7 } from 'uuid'
import type { GroupBy, Sum } from '../../../src/domain/sales.ts'
import type { Sql } from '../../../src/storage/sql.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { createQueue, type QueueOptions } from '../../../src/work/queue.ts'
import { type ReportOptions, workReports } from '../../../src/work/reports.ts'
import { type DatabaseKind, onEachDatabase, onQuickest, openTestStorage, quickest } from '../../support/database.ts'
import { addSales, addShop, FIRST_DAY, HOUR, until } from '../../support/sales.ts'
import { PEOPLE } from '../../support/service.ts'

const FROM = new Date(FIRST_DAY)
const TO = new Date(FIRST_DAY + 100 * 24 * HOUR)
const GROUPS: GroupBy[] = ['day', 'product', 'customer']

const prepare = async (t: Test, database: DatabaseKind, orders: number) => {
  const storage = await openTestStorage(t, database)
  const queue = createQueue(storage, { report: () => {} })
  await queue.prepare()
  await queue.close()
  await addShop(storage)
  await addSales(storage, orders)
  return storage
}

/** A worker of its own, like that of another process. */
async function startWorker(
  t: Test,
  storage: Storage,
  options: ReportOptions & Partial<QueueOptions> & { transaction?: Storage['transaction'] } = {},
) {
  const { report = (error) => t.fail('the worker failed', { error }), transaction = storage.transaction } = options
  const queue = createQueue(storage, { pollMs: 20, ...options, report })
  await queue.prepare()
  t.teardown(() => queue.close())
  workReports({ transaction }, queue, options)
  return queue
}

/** Asks for a report as the API does: the row and its job in one transaction. */
async function ask(storage: Storage, groupBy: GroupBy, from = FROM, to = TO): Promise<string> {
  const now = new Date()
  const id = uuidv7()
  const queue = createQueue(storage, { leaseSeconds: 1, report: () => {} })
  await storage.transaction(async (db, sql) => {
    await db.report.create({
      data: { id, groupBy, from, to, userId: PEOPLE.manager.id, createdAt: now, updatedAt: now },
    })
    await queue.add(sql, [{ queue: 'reports', id }])
  })
  return id
}

const read = ({ db }: Storage, id: string) => db.report.findUniqueOrThrow({ where: { id } })

async function finished(storage: Storage, id: string) {
  return until(async () => {
    const report = await read(storage, id)
    return ['done', 'failed', 'cancelled'].includes(report.status) && report
  })
}

const openJobs = async ({ sql }: Storage) =>
  (await sql("SELECT 1 FROM jobs.job WHERE name = 'reports' AND state IN ('created', 'retry', 'active')")).length

const PLAIN: Record<GroupBy, string> = {
  day: `SELECT to_char(o.created_at, 'YYYY-MM-DD') AS key, trim(currency) AS currency, count(*)::int AS orders,
      sum((SELECT coalesce(sum(quantity), 0) FROM order_items i WHERE i.order_id = o.id))::int AS quantity,
      sum(total_amount)::text AS revenue, sum(refunded_amount)::text AS refunded
    FROM orders o WHERE status <> 'cancelled' AND created_at >= $1 AND created_at < $2 GROUP BY 1, 2`,
  customer: `SELECT user_id AS key, trim(currency) AS currency, count(*)::int AS orders, 0 AS quantity,
      sum(total_amount)::text AS revenue, sum(refunded_amount)::text AS refunded
    FROM orders o WHERE status <> 'cancelled' AND created_at >= $1 AND created_at < $2 GROUP BY 1, 2`,
  product: `SELECT sku AS key, trim(currency) AS currency, count(DISTINCT o.id)::int AS orders,
      sum(quantity)::int AS quantity, sum(quantity::numeric * unit_amount)::text AS revenue, '0' AS refunded
    FROM orders o JOIN order_items i ON i.order_id = o.id
    WHERE status <> 'cancelled' AND created_at >= $1 AND created_at < $2 GROUP BY 1, 2`,
}

/** The same sums, found by one plain query. */
async function plainly(sql: Sql, groupBy: GroupBy, from = FROM, to = TO) {
  const rows = await sql<Sum>(PLAIN[groupBy], [from, to])
  return rows.toSorted((a, b) => (`${a.key} ${a.currency}` < `${b.key} ${b.currency}` ? -1 : 1))
}

const sumsOf = (result: string | null) => (JSON.parse(result ?? '[]') as Sum[]).map(({ name: _, ...sum }) => sum)

await onEachDatabase(t, 'the sums are those of a plain query, to the last digit', async (t, database) => {
  const storage = await prepare(t, database, 700)
  await startWorker(t, storage, { chunk: 64, chunksPerJob: 3 })
  for (const groupBy of GROUPS) {
    // Neither end is at midnight, nor between two orders.
    const [from, to] = [new Date(FIRST_DAY + 30 * HOUR), new Date(FIRST_DAY + 650 * HOUR)]
    const report = await finished(storage, await ask(storage, groupBy, from, to))
    const expected = await plainly(storage.sql, groupBy, from, to)
    t.match(report, { status: 'done', done: 620, total: 620, rowCount: expected.length, error: null })
    t.ok(expected.length >= 3)
    t.same(sumsOf(report.result), expected, groupBy)
    t.ok(new Set(expected.map(({ currency }) => currency)).size === 2)
    const largest = expected.map(({ revenue }) => BigInt(revenue)).sort((a, b) => (a < b ? 1 : -1))[0]
    if (groupBy === 'product') {
      t.ok((largest as bigint) > BigInt(Number.MAX_SAFE_INTEGER), 'no number of JavaScript holds the largest')
      const names = (JSON.parse(report.result ?? '[]') as Sum[]).map(({ name }) => name)
      t.ok(names.every((name) => Number(name?.split(' ')[1]) > 600))
    }
  }
})

await onQuickest(t, 'a period without orders, and an empty one, make an empty report', async (t, database) => {
  const storage = await prepare(t, database, 3)
  await startWorker(t, storage)
  const later = new Date(TO.getTime() + HOUR)
  t.match(await finished(storage, await ask(storage, 'day', TO, later)), { status: 'done', rowCount: 0, result: '[]' })
  await storage.db.order.deleteMany()
  t.match(await finished(storage, await ask(storage, 'day')), { status: 'done', rowCount: 0, result: '[]' })
})

await onQuickest(t, 'a worker that is closed after its first chunk is taken over from', async (t, database) => {
  const storage = await prepare(t, database, 300)
  let chunks = 0
  let closing: Promise<void> | undefined
  const first = await startWorker(t, storage, {
    chunk: 20,
    transaction: async (work) => {
      const result = await storage.transaction(work)
      if (++chunks === 1) closing = first.close()
      return result
    },
  })
  const id = await ask(storage, 'day')
  await until(async () => closing !== undefined)
  await closing
  const between = await read(storage, id)
  t.match(between, { status: 'running', done: 40, total: 300 }, 'the chunk after the one at hand hands over')
  await startWorker(t, storage, { chunk: 20 })
  const report = await finished(storage, id)
  t.match(report, { status: 'done', done: 300 })
  t.same(sumsOf(report.result), await plainly(storage.sql, 'day'))
})

await onEachDatabase(
  t,
  'what a worker leaves that dies is gone on with, and no order counts twice',
  async (t, database) => {
    const storage = await prepare(t, database, 300)
    let chunks = 0
    // To the database it looks like kill -9: a chunk is cut off, and nothing comes after it.
    const dying = await startWorker(t, storage, {
      chunk: 20,
      leaseSeconds: 1,
      report: () => {},
      transaction: (work) =>
        storage.transaction(async (db, sql) => {
          const result = await work(db, sql)
          if (++chunks > 3) throw new Error('killed')
          return result
        }),
    })
    const id = await ask(storage, 'customer')
    await until(async () => chunks > 3)
    await dying.close()
    t.match(await read(storage, id), { status: 'running', done: 60 })
    await startWorker(t, storage, { chunk: 20, expireMs: 50 })
    const report = await finished(storage, id)
    t.match(report, { status: 'done', done: 300 })
    t.same(sumsOf(report.result), await plainly(storage.sql, 'customer'))
  },
)

await onQuickest(t, 'two workers on one report do not disturb each other', async (t, database) => {
  const storage = await prepare(t, database, 300)
  const id = await ask(storage, 'day')
  // The lease of a slow worker ended, say.
  const queue = createQueue(storage, { report: () => {} })
  await storage.transaction(async (_db, sql) => queue.add(sql, [{ queue: 'reports', id }]))
  await Promise.all([startWorker(t, storage, { chunk: 5 }), startWorker(t, storage, { chunk: 7 })])
  const report = await finished(storage, id)
  t.match(report, { status: 'done', done: 300 })
  t.same(sumsOf(report.result), await plainly(storage.sql, 'day'))
})

await onQuickest(t, 'a report that is cancelled in the middle stays cancelled', async (t, database) => {
  const storage = await prepare(t, database, 200)
  let chunks = 0
  const queue = await startWorker(t, storage, {
    chunk: 10,
    transaction: async (work) => {
      const result = await storage.transaction(work)
      if (++chunks === 3) {
        const now = new Date()
        await storage.db.report.updateMany({
          where: { status: 'running' },
          data: { status: 'cancelled', finishedAt: now, result: null },
        })
      }
      return result
    },
  })
  const id = await ask(storage, 'day')
  await until(async () => chunks === 4)
  await queue.close()
  t.match(await read(storage, id), { status: 'cancelled', done: 30, result: null, rowCount: null })
  t.equal(chunks, 4, 'the fourth chunk saw it')
  t.equal(await openJobs(storage), 0)
})

await onQuickest(t, 'orders that come in while it is made are not part of it', async (t, database) => {
  const storage = await prepare(t, database, 60)
  const expected = await plainly(storage.sql, 'day')
  let chunks = 0
  await startWorker(t, storage, {
    chunk: 10,
    transaction: async (work) => {
      const result = await storage.transaction(work)
      const at = new Date(FIRST_DAY + HOUR)
      const order = { userId: PEOPLE.ada.id, currency: 'EUR', totalAmount: 1n, createdAt: at, updatedAt: at }
      if (++chunks < 20) await storage.db.order.create({ data: { id: uuidv7(), ...order } })
      return result
    },
  })
  const report = await finished(storage, await ask(storage, 'day'))
  t.match(report, { status: 'done', done: 60 })
  t.same(sumsOf(report.result), expected)
})

await onQuickest(t, 'a report that keeps failing ends, and tells nothing of why', async (t, database) => {
  const storage = await prepare(t, database, 10)
  const errors: unknown[] = []
  let attempts = 0
  await startWorker(t, storage, {
    leaseSeconds: 1,
    expireMs: 20,
    report: (error) => errors.push(error),
    transaction: (work) =>
      storage.transaction(async (db, sql) =>
        work(db, async (text, values) => {
          if (text.includes('FROM orders o')) {
            attempts++
            throw new Error('secret of the database')
          }
          return sql(text, values)
        }),
      ),
  })
  const report = await finished(storage, await ask(storage, 'day'))
  t.match(report, { status: 'failed', error: /several times/, result: null, finishedAt: Date })
  t.notMatch(report.error, /secret/)
  t.equal(attempts, 5)
  t.ok(errors.length >= 4, 'the operator is told each time')
  await until(async () => (await openJobs(storage)) === 0)
})

t.test('a report with too many rows fails at once and says what to do', async (t) => {
  const storage = await prepare(t, await quickest(), 200)
  await startWorker(t, storage, { mostRows: 5 })
  const report = await finished(storage, await ask(storage, 'day'))
  t.match(report, { status: 'failed', error: 'The report has too many rows. Ask for a shorter time.', result: null })
})
