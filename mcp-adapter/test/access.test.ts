import t from 'tap'
import { createCostLimit } from '../src/calls/cost.ts'
import { startAdapter } from '../src/index.ts'
import { loadTools } from '../src/tools/catalog.ts'
import { connect } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { startStrange, writeStrange } from './fixtures/strange-api.ts'
import { start } from './start.ts'
import { fixture, jsonOf, memoryLog, post } from './support.ts'

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
const call = (name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
})

/** The JSON-RPC message of an SSE or JSON answer. */
async function message(response: Response) {
  const text = await response.text()
  return JSON.parse(text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? '{}'))
}

for (const flavour of FLAVOURS) {
  t.test(`${flavour}: a caller sees the tools that they may use, in order`, async (t) => {
    const { adapter } = await start(t)
    const client = await connect(t, adapter.url, flavour, 'token-bob')
    const names = (await client.list()).map((tool) => tool.name)
    t.same(names, ['get_current_caller', 'list_orders', 'order_tags'])
  })
}

t.test('a hidden tool is refused exactly like one that does not exist', async (t) => {
  const { adapter, backend } = await start(t)
  const bob = { authorization: 'Bearer token-bob' }
  const hidden = await message(await post(adapter.url, call('delete_user', { userId: 'ada' }), bob))
  const unknown = await message(await post(adapter.url, call('delete_thing', { userId: 'ada' }), bob))
  t.equal(hidden.error.code, -32602)
  t.same(JSON.parse(JSON.stringify(hidden).replace('delete_user', 'delete_thing')), unknown)
  t.same(backend.calls(), [])
})

t.test("concurrent callers never get each other's rights or data", async (t) => {
  const waiting: (() => void)[] = []
  const { adapter } = await start(t, {
    // Both answers are held until both requests are there, so that they are certain to overlap.
    'GET /api/v1/orders': ({ headers }) =>
      new Promise((resolve) => {
        waiting.push(() => resolve({ body: { items: [], nextCursor: headers.authorization ?? null } }))
        if (waiting.length === 2) for (const go of waiting.splice(0)) go()
      }),
  })
  for (const flavour of FLAVOURS) {
    const [ada, bob] = await Promise.all([
      connect(t, adapter.url, flavour, 'token-ada'),
      connect(t, adapter.url, flavour, 'token-bob'),
    ])
    const [forAda, forBob] = await Promise.all([ada.call('list_orders'), bob.call('list_orders')])
    t.equal(forAda.structuredContent?.nextCursor, 'Bearer token-ada')
    t.equal(forBob.structuredContent?.nextCursor, 'Bearer token-bob')
    const [adaTools, bobTools] = await Promise.all([ada.list(), bob.list()])
    t.equal(adaTools.length, 7)
    t.equal(bobTools.length, 3)
  }
})

t.test('a credential that the API refuses is refused with 401', async (t) => {
  const { adapter } = await start(t)
  for (const body of [list, call('list_orders'), [list]]) {
    const response = await post(adapter.url, body, { authorization: 'Bearer nobody' })
    t.equal(response.status, 401)
    t.equal(response.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
    t.match(await response.json(), { error: 'credential-refused' })
  }
})

t.test('without an answer about rights nothing is listed and nothing is called', async (t) => {
  const { log } = memoryLog()
  const adapter = await startAdapter({ configFile: fixture('tools.yaml'), apiUrl: 'http://127.0.0.1:9', port: 0, log })
  t.teardown(() => adapter.close())
  const listed = await message(await post(adapter.url, list))
  t.match(listed.error, { code: -32603, message: /backend-unavailable: The API cannot be reached/ })
  const called = await message(await post(adapter.url, call('list_orders')))
  t.equal(called.result.isError, true)
  t.match(called.result.content[0].text, /^backend-unavailable/)
})

t.test('a failing or unreadable answer about rights is told', async (t) => {
  for (const [reply, said] of [
    [
      { status: 429, body: { error: 'rate-limited', message: 'Slow down', retryAfter: 3 } },
      /rate-limited: Slow down.*Try again in 3 s/,
    ],
    [{ body: { actions: 'all' } }, /access-unreadable/],
    [{ text: 'hello' }, /access-unreadable/],
  ] as const) {
    const { adapter } = await start(t, { 'GET /api/v1/me': () => reply })
    t.match((await message(await post(adapter.url, list))).error.message, said)
    t.match((await message(await post(adapter.url, call('list_orders')))).result.content[0].text, said)
  }
})

t.test('rights are asked for once per request', async (t) => {
  const { adapter, backend } = await start(t)
  await post(adapter.url, call('list_orders'))
  t.equal(backend.seen.filter((request) => request.url.endsWith('/me')).length, 1)
})

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
