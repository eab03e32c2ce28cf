import t from 'tap'
import { createCostLimit } from '../src/calls/cost.ts'
import { loadTools } from '../src/tools/catalog.ts'
import { connect } from './clients/connect.ts'
import { startStrange, writeStrange } from './fixtures/strange-api.ts'
import { jsonOf } from './support.ts'

t.test('a caller has so much a minute, comes by it again with time, and others are not touched', async (t) => {
  let now = 1_000_000
  const limit = createCostLimit(60, () => now)
  const isRefused = (owner: string, cost: number) => {
    try {
      limit.charge(owner, cost)
      return undefined
    } catch (error) {
      return (error as { problem: { retryAfter: number } }).problem.retryAfter
    }
  }
  t.equal(isRefused('ada', 50), undefined)
  t.equal(isRefused('ada', 40), 30)
  t.equal(isRefused('bob', 60), undefined)
  t.equal(isRefused('ada', 10), undefined, 'what is refused costs nothing')
  t.equal(isRefused('ada', 0), undefined)
  now += 5000
  t.equal(isRefused('ada', 6), 1)
  t.equal(isRefused('ada', 5), undefined)
  now += 3_600_000
  t.equal(isRefused('ada', 61), 1, 'never more than a minute has')
  t.equal(isRefused('ada', 60), undefined)
})

const routes = { 'GET /v2/things/a': () => ({ body: {} }), 'GET /v2/search': () => ({ body: {} }) }

t.test('a call beyond the limit is refused with retryAfter, and nothing is sent', async (t) => {
  const tools = [{ operation: 'getThing' }, { operation: 'search', cost: 9 }]
  const { adapter, backend, lines } = await startStrange(t, routes, { tools, limits: { costPerMinute: 10 } })
  const ada = await connect(t, adapter.url, 'v2-modern', 'ada')
  t.notOk((await ada.call('search')).isError)
  t.notOk((await ada.call('get_thing', { id: 'a' })).isError)
  const refused = await ada.call('search')
  t.ok(refused.isError)
  t.match(jsonOf(refused.content[1]?.text), { error: 'rate-limited', retryable: true, retryAfter: Number })
  t.equal(backend.seen.length, 2)
  const bob = await connect(t, adapter.url, 'v1', 'bob')
  t.notOk((await bob.call('search')).isError)
  t.notMatch(JSON.stringify(lines), /"(ada|bob)"/, 'what names a caller is not logged')
})

t.test('a tool that costs more than a minute has is an error at the start', async (t) => {
  const configFile = writeStrange(t, { tools: [{ operation: 'search', cost: 11 }], limits: { costPerMinute: 10 } })
  await t.rejects(
    loadTools({ configFile, apiUrl: 'http://127.0.0.1:1' }),
    /"search" costs 11: it could never be called/,
  )
})
