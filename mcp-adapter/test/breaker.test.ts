import t from 'tap'
import { createBreaker, type Leave } from '../src/backend/breaker.ts'
import { connect } from './clients/connect.ts'
import { startStrange } from './fixtures/strange-api.ts'
import { jsonOf } from './support.ts'

/** A breaker whose clock stands until it is moved. */
function frozen() {
  const clock = { ms: 0 }
  const breaker = createBreaker(() => clock.ms)
  const pass = (healthy: boolean | undefined, pauseMs?: number) => {
    const leave = breaker.enter()
    if (typeof leave === 'number') return leave
    leave(healthy, pauseMs)
    return 0
  }
  return { clock, breaker, pass }
}

t.test('it opens after five failures that are half of what happened, and no sooner', async (t) => {
  const { pass } = frozen()
  for (let i = 0; i < 8; i++) t.equal(pass(true), 0)
  for (let i = 0; i < 7; i++) t.equal(pass(false), 0, 'seven of fifteen are not half')
  t.equal(pass(false), 0, 'the eighth of sixteen is let through, and opens it')
  t.equal(pass(true), 5000)
})

t.test('old outcomes are forgotten', async (t) => {
  const { pass } = frozen()
  for (let i = 0; i < 4; i++) pass(false)
  for (let i = 0; i < 20; i++) pass(true)
  for (let i = 0; i < 9; i++) t.equal(pass(false), 0)
  t.equal(pass(false), 0)
  t.ok(pass(false) > 0)
})

t.test('half-open: one request is the probe; its failure doubles the pause, its success closes', async (t) => {
  const { clock, breaker, pass } = frozen()
  for (let i = 0; i < 5; i++) pass(false)
  clock.ms = 5000
  const probe = breaker.enter() as Leave
  t.type(probe, 'function')
  t.equal(pass(true), 1000, 'nobody else is let through meanwhile')
  probe(false)
  t.equal(breaker.pauseMs(), 10_000)
  clock.ms = 15_000
  t.equal(pass(true), 0)
  for (let i = 0; i < 4; i++) t.equal(pass(false), 0, 'closed, and the past is forgotten')
})

t.test('a probe that tells nothing leaves the next one to try; late news from before change nothing', async (t) => {
  const { clock, breaker, pass } = frozen()
  const before = breaker.enter() as Leave
  for (let i = 0; i < 5; i++) pass(false)
  before(true)
  t.equal(breaker.pauseMs(), 5000)
  clock.ms = 5000
  t.equal(pass(undefined), 0)
  t.equal(pass(false), 0, 'this one is a probe again')
  t.equal(breaker.pauseMs(), 10_000)
})

t.test('the pause is as long as the API wants, up to a minute', async (t) => {
  for (const [wanted, pause] of [
    [30_000, 30_000],
    [3_600_000, 60_000],
    [1, 5000],
  ] as const) {
    const { breaker, pass } = frozen()
    for (let i = 0; i < 5; i++) pass(false, wanted)
    t.equal(breaker.pauseMs(), pause)
  }
})

const answering = (status: number, headers = {}) => ({
  'GET /v2/things/a': () => ({ status, headers, body: { error: 'x', message: 'no' } }),
  'GET /v2/search': () => ({ body: {} }),
})

for (const status of [400, 401, 404, 422, 429, 500, 501])
  t.test(`a ${status} trips no breaker`, async (t) => {
    const { adapter, backend } = await startStrange(t, answering(status, { 'retry-after': '1' }))
    const client = await connect(t, adapter.url, 'v2-modern')
    for (let i = 0; i < 12; i++) await client.call('get_thing', { id: 'a' })
    t.equal(backend.seen.length, 12, 'more than opens it')
    t.notOk((await client.call('search')).isError)
  })

t.test('an API that does not answer is left alone, which costs nothing and is told with retryAfter', async (t) => {
  const { adapter, backend } = await startStrange(t, answering(503))
  const client = await connect(t, adapter.url, 'v2-modern')
  let asked = 0
  for (let i = 0; i < 10; i++) {
    await client.call('get_thing', { id: 'a' })
    if (i === 4) asked = backend.seen.length
  }
  t.equal(backend.seen.length, asked, 'nothing is sent any more')
  const told = jsonOf((await client.call('search')).content[1]?.text)
  t.match(told, { error: 'backend-unavailable', retryable: true, message: /Nothing was sent/ })
  t.ok(told.retryAfter >= 1 && told.retryAfter <= 60)
})

t.test('breaker: false asks however often it failed', async (t) => {
  const { adapter, backend } = await startStrange(t, answering(503, { 'retry-after': '99' }), {
    backend: { breaker: false },
  })
  const client = await connect(t, adapter.url, 'v2-modern')
  for (let i = 0; i < 12; i++) await client.call('get_thing', { id: 'a' })
  t.equal(backend.seen.length, 12)
})
