import t from 'tap'
import { connect } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { ada } from './fixtures/backend.ts'
import { start } from './start.ts'
import { fenced, post } from './support.ts'

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
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': {},
        },
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
