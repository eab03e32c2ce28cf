import t from 'tap'
import { createQueue, type QueueOptions } from '../../../src/work/queue.ts'
import { onEachDatabase, openTestStorage, quickest } from '../../support/database.ts'
import { until } from '../../support/receiver.ts'

const id = (last: number) => `019a0000-0000-7000-8000-0000000000${String(last).padStart(2, '0')}`
const job = (last: number) => ({ queue: 'messages' as const, id: id(last) })

onEachDatabase(
  t,
  'a job is added with its transaction, done with its transaction, and leaves nothing',
  async (t, kind) => {
    const storage = await openTestStorage(t, kind)
    const queue = createQueue(storage, {
      pollMs: 60_000,
      expireMs: 60_000,
      report: (error) => t.fail('failed', { error }),
    })
    await queue.prepare()
    t.teardown(() => queue.close())
    const seen: string[] = []
    queue.work('messages', async (taken) => {
      seen.push(taken.id)
      await storage.transaction((_db, sql) => taken.done(sql))
    })
    await t.rejects(
      storage.transaction(async (_db, sql) => {
        await queue.add(sql, [job(1)])
        throw new Error('undone on purpose')
      }),
      /undone/,
    )
    await storage.transaction((_db, sql) => queue.add(sql, [job(2), job(3)]))
    // It does not wait for the next look of a minute.
    queue.wake([job(2)])
    await until('both jobs are done', async () => {
      queue.wake([job(2)])
      const [row] = await storage.sql<{ count: number }>('SELECT count(*)::int AS count FROM jobs.job')
      return seen.length === 2 && row?.count === 0
    })
    t.same(seen.sort(), [id(2), id(3)])
  },
)

onEachDatabase(t, 'a job of a worker that died is taken by another when its lease has ended', async (t, kind) => {
  const storage = await openTestStorage(t, kind)
  const options: QueueOptions = { leaseSeconds: 1, pollMs: 20, expireMs: 50, report: () => {} }
  const dying = createQueue(storage, options)
  await dying.prepare()
  let died = 0
  dying.work('messages', async () => {
    died = Date.now()
    throw new Error('died')
  })
  await storage.transaction((_db, sql) => dying.add(sql, [job(1)]))
  await until('the first one has it', () => died > 0)
  await dying.close()
  const next = createQueue(storage, options)
  await next.prepare()
  t.teardown(() => next.close())
  let taken = 0
  next.work('messages', async (job) => {
    taken = Date.now()
    await storage.transaction((_db, sql) => job.done(sql))
  })
  await until('the second one has it', () => taken > 0)
  t.ok(taken - died > 900, `after ${taken - died} ms`)
})

t.test('a job waits for its time, and a slow one holds nobody up', async (t) => {
  const storage = await openTestStorage(t, await quickest())
  const queue = createQueue(storage, { pollMs: 20, report: (error) => t.fail('failed', { error }) })
  let release = () => {}
  const slow = new Promise<void>((resolve) => {
    release = resolve
  })
  const done: { id: string; at: number }[] = []
  const start = Date.now()
  await queue.prepare()
  await storage.transaction(async (_db, sql) => {
    await queue.add(sql, [job(9)], new Date(start + 400))
    await queue.add(
      sql,
      Array.from({ length: 7 }, (_, index) => job(index)),
    )
  })
  queue.work(
    'messages',
    async (taken) => {
      if (taken.id === id(0)) await slow
      done.push({ id: taken.id, at: Date.now() - start })
      await storage.transaction((_db, sql) => taken.done(sql))
    },
    2,
  )
  await until('all but the slow one are done', () => done.length === 7)
  t.ok((done.find((each) => each.id === id(9))?.at ?? 0) >= 400)
  t.notOk(done.some((each) => each.id === id(0)))
  let closed = false
  const closing = queue.close().then(() => {
    closed = true
  })
  t.notOk(closed, 'closing waits for the job at hand')
  release()
  await closing
  t.equal(done.length, 8)
})
