import t from 'tap'
import { createQuota, type Taken } from '../../../src/limits/quota.ts'
import { openCounters, startRedis, withoutRedis, withoutRedisServer } from '../../support/redis.ts'
import { until } from '../../support/sales.ts'

const policy = { name: 'test', points: 10, seconds: 60 }
const told = ({ allowed, remaining, shared }: Taken) => [allowed, remaining, shared]

t.test('in memory: points are taken as long as there are some, and a refusal takes none', async (t) => {
  const quota = createQuota(policy, undefined, 2)
  t.same(told(await quota.take('a', 7)), [true, 3, false])
  const refused = await quota.take('a', 4)
  t.same(told(refused), [false, 3, false], 'the whole quota, since nobody shares it')
  t.ok(refused.reset > 55 && refused.reset <= 60)
  const taken = await quota.take('a', 3)
  t.same(told(taken), [true, 0, false])
  t.same(told(await quota.take('b', 10)), [true, 0, false], 'another key')
  await taken.giveBack()
  t.same(told(await quota.take('a', 3)), [true, 0, false])
  t.same(told(await quota.take('c', 11)), [false, 10, false], 'more than there ever is')
  t.same(told(await quota.take('c', 10)), [true, 0, false])
})

t.test('a window ends, and what is given back late is not taken into the next one', async (t) => {
  const quota = createQuota({ ...policy, seconds: 1 }, undefined, 1)
  const first = await quota.take('a', 10)
  t.equal(first.reset, 1)
  t.equal((await quota.take('a', 1)).allowed, false)
  const next = await until(async () => {
    const taken = await quota.take('a', 1)
    return taken.allowed && taken
  })
  await first.giveBack()
  t.equal(next.remaining, 9)
  t.same(told(await quota.take('a', 10)), [false, 9, false])
})

t.test('shared: two replicas take from the same points', { skip: await withoutRedis() }, async (t) => {
  const counters = await openCounters(t)
  const other = await openCounters(t, { prefix: counters.prefix })
  const [one, two] = [createQuota(policy, counters, 2), createQuota(policy, other, 2)]
  t.same(told(await one.take('a', 4)), [true, 6, true])
  const taken = await two.take('a', 4)
  t.same(told(taken), [true, 2, true])
  t.same(told(await one.take('a', 3)), [false, 2, true], 'a refusal takes none')
  t.same(told(await two.take('a', 2)), [true, 0, true])
  await taken.giveBack()
  t.same(told(await one.take('a', 5)), [false, 4, true])
  t.same(told(await one.take('fresh', 11)), [false, 10, true])
  t.same(told(await one.take('fresh', 10)), [true, 0, true])
  const gone = await one.take('gone', 4)
  await counters.client.del(`${counters.prefix}:test:gone`)
  await gone.giveBack()
  t.same(told(await one.take('gone', 10)), [true, 0, true], 'the window of what was given back had ended')
  t.same(told(await one.take('gone', 1)), [false, 0, true])
  const left = await counters.client.pttl(`${counters.prefix}:test:gone`)
  t.ok(left > 50_000 && left <= 60_000)
})

t.test('Redis lost, hanging and back', { skip: withoutRedisServer() }, async (t) => {
  const redis = await startRedis(t)
  const reports: string[] = []
  const counters = await openCounters(t, { url: redis.url, timeoutMs: 300, told: reports })
  const quota = createQuota(policy, counters, 2)
  t.same(told(await quota.take('a', 8)), [true, 2, true])

  await t.test('lost: each replica grants its part, at once', async (t) => {
    await redis.stop()
    t.same(told(await quota.take('a', 4)), [true, 1, false], 'half of the points')
    const started = performance.now()
    t.same(told(await quota.take('a', 4)), [false, 1, false])
    t.ok(performance.now() - started < 250, 'nothing waits')
    t.equal(counters.ready(), false)
    t.match(reports, [/^lost /])
    t.equal(reports.length, 1, 'told once')
    t.notMatch(reports.join(), /127\.0\.0\.1|redis:/)
  })

  await t.test('back: all of them count together again, within a second', async (t) => {
    await redis.start()
    const started = performance.now()
    await until(async () => (await quota.take('b', 1)).shared)
    t.ok(performance.now() - started < 2500)
    t.equal(counters.ready(), true)
    t.equal(reports.at(-1), 'back ')
  })

  await t.test('hanging: one request waits, the next ones do not', async (t) => {
    redis.freeze()
    t.equal((await quota.take('c', 1)).shared, false)
    const started = performance.now()
    t.equal((await quota.take('c', 1)).shared, false)
    t.ok(performance.now() - started < 250)
    redis.thaw()
    const thawed = performance.now()
    await until(async () => (await quota.take('c', 1)).shared)
    t.ok(performance.now() - thawed < 1000)
  })

  await t.test('refusing: what it cannot count is counted here', async (t) => {
    await counters.client.config('SET', 'maxmemory', '1')
    t.same((await quota.take('d', 1)).shared, false)
    t.equal(counters.ready(), false)
    t.equal(reports.at(-1), 'lost OOM')
    await counters.client.config('SET', 'maxmemory', '0')
    t.same((await quota.take('d', 1)).shared, true, 'asked again each time')
  })
})
