import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Answer } from '../support/contract.ts'
import { newPrefix, openCounters, startRedis, withoutRedis, withoutRedisServer } from '../support/redis.ts'
import { until } from '../support/sales.ts'
import { PEOPLE, type Service, type ServiceOptions, startService, UNKNOWN_ID } from '../support/service.ts'

const january = { groupBy: 'day', from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' }
const lamp = { items: [{ sku: 'LAMP', quantity: 1 }] }
const EXCEEDED = 'https://iana.org/assignments/http-problem-types#quota-exceeded'
const REDUCED = 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity'

/** The points that are left, by policy, as the answer tells. */
const left = ({ headers }: Answer) =>
  Object.fromEntries(
    [...String(headers.ratelimit ?? '').matchAll(/"(\w+)";r=(\d+);t=\d+/g)].map(([, name, points]) => [
      name,
      Number(points),
    ]),
  )

t.test('what a request costs, and how the caller is told', async (t) => {
  const service = await startService(t, { limits: { quotaPerMinute: 100, agentQuotaPerMinute: 50 } })
  const spent = async (before: Answer, send: () => Promise<Answer>) => {
    const answer = await send()
    return (left(before).principal as number) - (left(answer).principal as number)
  }
  const me = () => service.call('ada', 'GET', '/me')
  const first = await me()
  t.equal(first.headers['ratelimit-policy'], '"principal";q=100;w=60')
  t.match(first.headers.ratelimit, /^"principal";r=99;t=(60|59)$/)

  const key = { 'idempotency-key': 'a-key-of-this-test' }
  const order = () => service.call('ada', 'POST', '/orders', lamp, key)
  t.equal(await spent(first, order), 5, 'by the operation')
  const replayed = await order()
  t.equal(replayed.headers['idempotent-replayed'], 'true')
  t.same(left(replayed), { principal: 89 }, 'a repeated request is authorized and looked up again')
  t.equal(await spent(replayed, () => service.call('ada', 'POST', '/orders?dryRun=true', lamp)), 5, 'a dry run')
  t.same(left(await service.call('ada', 'GET', `/orders/${UNKNOWN_ID}`)), { principal: 83 }, 'what is not found')
  t.same(left(await service.call('ada', 'POST', '/orders', { items: 7 })), { principal: 78 }, 'what is not valid')
  t.same(left(await service.call('ada', 'GET', '/dead-letters')), { principal: 75 }, 'what is refused')

  const stranger = await service.call(undefined, 'GET', '/me')
  t.same([stranger.status, stranger.headers.ratelimit], [401, undefined], 'who is not known has no quota')

  const acting = await service.call('adaAgent', 'GET', '/me')
  t.equal(acting.headers['ratelimit-policy'], '"principal";q=100;w=60, "agent";q=50;w=60')
  t.same(left(acting), { principal: 74, agent: 49 })
  t.same(left(await service.call('agent', 'GET', '/me')), { principal: 99, agent: 49 }, 'the agent of somebody else')

  while (left(await service.call('adaAgent', 'GET', '/orders')).agent > 3);
  const refused = await service.call('adaAgent', 'POST', '/orders', lamp)
  t.equal(refused.status, 429)
  t.match(refused.body, { type: EXCEEDED, error: 'quota-exceeded', retryable: true, 'violated-policies': ['agent'] })
  const [, seconds] = /;t=(\d+)/.exec(String(refused.headers.ratelimit)) ?? []
  t.ok(Number(refused.headers['retry-after']) >= Number(seconds), 'not before the window ends')
  t.equal((await service.call('ada', 'POST', '/orders', lamp)).status, 201, 'the person has points left')
  while ((await service.call('ada', 'GET', '/orders')).status === 200);
  t.match((await service.call('ada', 'GET', '/orders')).body, { 'violated-policies': ['principal'] })
  t.equal((await service.call('adaAgent', 'GET', '/orders')).status, 429)
  t.equal((await service.call('bob', 'GET', '/orders')).status, 200)
})

t.test('one report at a time, and so many in 24 hours', async (t) => {
  const service = await startService(t, { limits: { reportsPerDay: 3 } })
  const ask = (who: 'manager' | 'admin' = 'manager', headers = {}) =>
    service.call(who, 'POST', '/reports', january, headers)
  const both = await Promise.all([ask(), ask()])
  t.same(both.map(({ status }) => status).sort(), [202, 409], 'of two at once one is made')
  const id = both.find(({ status }) => status === 202)?.body.id
  const key = { 'idempotency-key': 'a-key-of-this-test' }
  const second = await ask('manager', key)
  t.match(second.body, { error: 'report-running', retryable: true, message: `The report ${id} is being made.` })
  t.equal(second.headers['retry-after'], '2')
  t.equal((await service.call('manager', 'POST', '/reports?dryRun=true', january)).status, 409, 'a dry run tells')
  t.equal((await ask('admin')).status, 202, 'another person')

  const finish = () => service.storage.db.report.updateMany({ data: { status: 'done' } })
  await finish()
  t.equal((await ask('manager', key)).status, 202, 'the same request, once the first report is finished')
  await finish()
  t.equal((await ask()).status, 202)
  await finish()
  const refused = await ask()
  t.match(refused, { status: 429, body: { type: EXCEEDED, 'violated-policies': ['reports'] } })
  t.match(refused.body.message, /3 reports in 24 hours/)
  const wait = Number(refused.headers['retry-after'])
  t.ok(wait > 86_000 && wait <= 86_400)
  const hourAgo = new Date(Date.now() - 3_600_000)
  await service.storage.db.report.update({ where: { id }, data: { createdAt: hourAgo } })
  const later = Number((await ask()).headers['retry-after'])
  t.ok(later > 82_000 && later <= 82_800, 'until the oldest of them is a day old')
  await service.storage.db.report.update({ where: { id }, data: { createdAt: new Date(Date.now() - 86_400_001) } })
  t.equal((await ask()).status, 202)
})

t.test('so many requests at a time, of one caller and in all; the probes answer', async (t) => {
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let waiting = 0
  const service = await startService(t, {
    limits: { concurrentRequests: 3, concurrentPerCaller: 2 },
    replace: ({ policy }) => ({
      policy: {
        ...policy,
        async check(...question) {
          waiting++
          await held
          return policy.check(...question)
        },
      },
    }),
  })
  const me = (who: 'ada' | 'bob' | 'admin') => service.call(who, 'GET', '/me')
  const first = [me('ada'), me('ada')]
  while (waiting < 2) await setImmediate()
  const own = await me('ada')
  t.match(own, { status: 429, body: { type: EXCEEDED, 'violated-policies': ['concurrent'] } })
  t.equal(own.headers['retry-after'], '1')
  first.push(me('bob'))
  while (waiting < 3) await setImmediate()
  const full = await me('admin')
  t.match(full, { status: 503, body: { type: REDUCED, error: 'reduced-capacity', retryable: true } })
  t.equal(full.headers['retry-after'], '2')
  t.equal((await service.app.inject('/docs')).statusCode, 503, 'everything counts')
  for (const probe of ['/livez', '/readyz']) t.equal((await service.app.inject(probe)).statusCode, 200, probe)
  release()
  t.same(
    (await Promise.all(first)).map(({ status }) => status),
    [200, 200, 200],
  )
  t.equal((await me('ada')).status, 200, 'there is room again')
  t.notMatch(JSON.stringify(service.log), /request failed/, 'what is turned away fills no log')
})

t.test('a client that hangs up makes room', async (t) => {
  const service = await startService(t, { limits: { concurrentRequests: 1 } })
  await service.app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((service.app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(`POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${service.keys.ada}\r\n`)
  socket.write('Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{')
  const [opened] = await once(service.app.server, 'request')
  await once(opened, 'readable')
  t.equal((await service.call('bob', 'GET', '/me')).status, 503)
  socket.resetAndDestroy()
  await until(async () => (await service.call('bob', 'GET', '/me')).status === 200)
})

t.test('an event loop that falls behind turns requests away until it has caught up', async (t) => {
  const service = await startService(t, { limits: { eventLoopDelayMs: 20 } })
  const block = () => {
    for (const end = performance.now() + 400; performance.now() < end; );
  }
  const shed = await until(async () => {
    block()
    const answer = await service.call('ada', 'GET', '/me')
    return answer.status === 503 && answer
  })
  t.match(shed.body, { error: 'reduced-capacity', message: 'The service is overloaded.' })
  t.equal((await service.app.inject('/livez')).statusCode, 200)
  await until(async () => (await service.call('ada', 'GET', '/me')).status === 200)
})

/** Two services on one database and one Redis. */
async function replicas(t: Test, url: string | undefined, options: ServiceOptions = {}): Promise<[Service, Service]> {
  const prefix = newPrefix()
  const told = url === undefined ? { prefix } : { prefix, url }
  const one = await startService(t, { ...options, counters: await openCounters(t, told) })
  const two = await startService(t, {
    ...options,
    counters: await openCounters(t, told),
    replace: () => ({ storage: one.storage }),
  })
  Object.assign(two.keys, one.keys)
  return [one, two]
}

t.test('two replicas count together', { skip: await withoutRedis() }, async (t) => {
  const [one, two] = await replicas(t, undefined, { requestsPerMinute: 320, limits: { quotaPerMinute: 200 } })

  await t.test('a caller gets its quota once', async (t) => {
    const answers: Answer[] = []
    const client = async (service: Service) => {
      for (let count = 0; count < 35; count++) answers.push(await service.call('ada', 'GET', '/me'))
    }
    await Promise.all([one, two, one, two, one, two, one, two].map(client))
    const granted = answers.filter(({ status }) => status === 200).length
    t.ok(Math.abs(granted - 200) <= 4, `${granted} of 200`)
    t.equal(answers.filter(({ status }) => status === 429).length, 280 - granted)
  })

  await t.test('so does an operation with a quota of its own', async (t) => {
    const ask = (service: Service) => service.call('manager', 'POST', '/reports', january)
    for (const service of [one, two, one, two, one, two, one, two, one, two]) {
      t.equal((await ask(service)).status, 202)
      await one.storage.db.report.updateMany({ data: { status: 'done' } })
    }
    const eleventh = await ask(one)
    t.match(eleventh, { status: 429, body: { 'violated-policies': ['createReport'] } })
    t.match(eleventh.headers.ratelimit, /"principal";r=\d+;t=\d+, "createReport";r=0;t=\d+$/)
  })

  await t.test('and so does an address', async (t) => {
    let sent = 291
    while ((await one.call(undefined, 'GET', '/me')).status === 401) sent++
    t.equal(sent, 320)
    for (const service of [one, two]) {
      const refused = await service.call('bob', 'GET', '/me')
      t.match(refused, { status: 429, body: { 'violated-policies': ['address'] } })
      t.ok(Number(refused.headers['retry-after']) > 1)
      t.match((await service.app.inject('/readyz')).json(), { status: 'ok', checks: { redis: 'ok' } })
    }
  })
})

t.test('Redis stops and starts under load', { skip: withoutRedisServer() }, async (t) => {
  const redis = await startRedis(t)
  const [one, two] = await replicas(t, redis.url, { limits: { quotaPerMinute: 1_000_000, replicas: 2 } })
  const reads: Answer[] = []
  let loaded = true
  const load = [one, two].map(async (service) => {
    while (loaded) {
      reads.push(await service.call('ada', 'GET', '/products/LAMP'))
      await setImmediate()
    }
  })
  const risky = () => one.call('admin', 'POST', `/users/${PEOPLE.bob.id}/suspend?dryRun=true`)
  const some = async () => {
    const before = reads.length
    await until(async () => reads.length > before + 20)
  }
  await some()
  t.equal((await risky()).status, 200)
  await redis.stop()
  await some()
  for (const [operation, answer] of [
    ['suspendUser', await risky()],
    ['createReport', await two.call('manager', 'POST', '/reports', january)],
  ] as const) {
    t.match(answer, { status: 503, body: { type: REDUCED, error: 'reduced-capacity', retryable: true } }, operation)
    t.equal(answer.headers['retry-after'], '2')
  }
  const ready = await one.app.inject('/readyz')
  t.equal(ready.statusCode, 200)
  t.match(ready.json(), { status: 'degraded', checks: { redis: 'degraded' } })
  t.match(reads.at(-1)?.headers['ratelimit-policy'], '"principal";q=500000;w=60', 'its part of the quota')
  await some()
  await redis.start()
  const started = performance.now()
  await until(async () => (await risky()).status === 200)
  t.ok(performance.now() - started < 1000, 'within a second')
  await some()
  loaded = false
  await Promise.all(load)
  t.same(new Set(reads.map(({ status }) => status)), new Set([200]))
  t.match((await one.app.inject('/readyz')).json(), { status: 'ok', checks: { redis: 'ok' } })
})
