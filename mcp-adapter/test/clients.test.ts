import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import t from 'tap'
import { traceOf } from '../src/serve/trace.ts'
import { connect } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { ada } from './fixtures/backend.ts'
import { startStrange } from './fixtures/strange-api.ts'
import { start } from './start.ts'
import { fenced, MODERN_META, post } from './support.ts'

for (const flavour of FLAVOURS) {
  t.test(`${flavour} lists and calls tools over HTTP`, async (t) => {
    const { backend, adapter } = await start(t)
    const client = await connect(t, adapter.url, flavour)
    const tools = await client.list()
    t.same(
      tools.map((tool) => tool.name),
      [
        'get_current_caller',
        'get_user_by_id',
        'update_user',
        'delete_user',
        'list_orders',
        'create_order',
        'order_tags',
      ],
    )
    const result = await client.call('get_user_by_id', { userId: 'ada' })
    t.same(result.structuredContent, ada)
    t.same(fenced(result.content[0]?.text), ada)
    t.notOk(result.isError)
    const [sent] = backend.calls()
    t.equal(sent?.headers.authorization, 'Bearer token-ada')
    t.match(sent?.headers['user-agent'], /^handrail-mcp\/\d/)
    t.match(sent?.headers['x-request-id'], /^[0-9a-f-]{36}$/)
    t.notOk(sent?.headers.cookie)
  })

  t.test(`${flavour} takes the errors of tools that have an output schema`, async (t) => {
    const { adapter } = await start(t)
    const client = await connect(t, adapter.url, flavour)
    await client.list()
    const stale = await client.call('update_user', { userId: 'ada', if_match: '"2"', fullName: 'A' })
    t.equal(stale.isError, true)
    t.match(
      stale.content[0]?.text,
      /^stale-version: The API answered 412; what it says is in the data below\. Do not repeat the same call\. Request id: /,
    )
    t.match(fenced(stale.content[1]?.text), { error: 'stale-version', status: 412 })
    const wrong = await client.call('list_orders', { limit: '5', statuss: 'placed' })
    t.equal(wrong.isError, true)
    t.match(JSON.parse(wrong.content[1]?.text ?? ''), { error: 'invalid-arguments', retryable: false })
    if (flavour === 'v2-modern') {
      t.match(stale.structuredContent, { error: 'stale-version' })
      t.match(wrong.structuredContent, {
        error: 'invalid-arguments',
        errors: [
          { pointer: '/statuss', code: 'additionalProperties', message: 'is not known. Did you mean "status"?' },
          { pointer: '/limit', code: 'type', message: 'must be integer' },
        ],
      })
    }
  })

  t.test(`${flavour} is told of an unknown tool with -32602`, async (t) => {
    const { adapter } = await start(t)
    const client = await connect(t, adapter.url, flavour)
    await t.rejects(client.call('get_user'), { code: -32602, message: /Unknown tool: get_user/ })
  })
}

t.test('a list in the 2026-07-28 era is private to its caller and says how long it holds', async (t) => {
  const { adapter } = await start(t)
  const response = await post(
    adapter.url,
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/list',
      params: {
        _meta: MODERN_META,
      },
    },
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' },
  )
  const { result } = (await response.json()) as { result: { cacheScope: string; ttlMs: number } }
  t.equal(result.cacheScope, 'private')
  t.equal(result.ttlMs, 30_000)
})

t.test('a valid trace context is forwarded, a broken one is not', async (t) => {
  const { backend, adapter } = await start(t)
  const client = await connect(t, adapter.url, 'v2-modern')
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await client.call('get_user_by_id', { userId: 'ada' }, { _meta: { traceparent } })
  await client.call('get_user_by_id', { userId: 'ada' }, { _meta: { traceparent: '00-0-0-00\r\nx: y' } })
  t.same(
    backend.calls().map((request) => request.headers.traceparent),
    [traceparent, undefined],
  )
})

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

t.test('a well-formed trace context is passed on; anything else is left out', async (t) => {
  const tracestate = 'rojo=00f067aa0ba902b7, congo@vendor=t61rcWkgMzE'
  t.same(traceOf({ traceparent, tracestate }), { traceparent, tracestate })
  t.same(traceOf({ traceparent, baggage: 'userId=ada' }), { traceparent })
  t.same(traceOf({ tracestate }), {}, 'a tracestate belongs to a traceparent')
  t.same(traceOf(undefined), {})
  for (const wrong of ['a=b\r\nx: y', 'A=b', 'a', 'a=', 7, 'a=é', `a=${'b'.repeat(600)}`, 'a=b,'.repeat(40)])
    t.same(traceOf({ traceparent, tracestate: wrong }), { traceparent }, String(wrong))
})

t.test('traceparent and tracestate of _meta reach the API', async (t) => {
  const { adapter, backend } = await startStrange(t, { 'GET /v2/search': () => ({ body: {} }) })
  const client = await connect(t, adapter.url, 'v2-modern')
  await client.call('search', {}, { _meta: { traceparent, tracestate: 'a=b' } })
  t.match(backend.seen[0]?.headers, { traceparent, tracestate: 'a=b' })
})

/** A route that never answers, and promises of its first request and of that request's end. */
function slowRoute() {
  let arrived: (response: ServerResponse) => void = () => {}
  const arrival = new Promise<ServerResponse>((resolve) => {
    arrived = resolve
  })
  return {
    arrival,
    ended: arrival.then((response) => once(response, 'close')),
    route: (_: unknown, response: ServerResponse) => void arrived(response),
  }
}

t.test('2026-07-28: cancelling a call ends the request to the API', async (t) => {
  const slow = slowRoute()
  const { adapter } = await start(t, { 'GET /api/v1/users/ada': slow.route as never })
  const client = await connect(t, adapter.url, 'v2-modern')
  const cancel = new AbortController()
  const call = client.call('get_user_by_id', { userId: 'ada' }, { signal: cancel.signal })
  call.catch(() => {})
  await slow.arrival
  cancel.abort()
  await t.rejects(call)
  await slow.ended
  t.pass('the API saw the connection close')
})

for (const version of ['2025-11-25', '2026-07-28']) {
  t.test(`${version}: a client that disconnects ends the request to the API`, async (t) => {
    const slow = slowRoute()
    const { adapter } = await start(t, { 'GET /api/v1/users/ada': slow.route as never })
    const modern = version === '2026-07-28'
    const leave = new AbortController()
    const headers = {
      'mcp-protocol-version': version,
      ...(modern && { 'mcp-method': 'tools/call', 'mcp-name': 'get_user_by_id' }),
    }
    const params = { name: 'get_user_by_id', arguments: { userId: 'ada' }, ...(modern && { _meta: MODERN_META }) }
    const answer = post(adapter.url, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, headers, leave.signal)
    answer.then((response) => response.text()).catch(() => {})
    await slow.arrival
    leave.abort()
    await slow.ended
    t.pass('the API saw the connection close')
  })
}
