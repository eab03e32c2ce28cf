import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { isPlainName } from '../src/plain-name.ts'
import { start } from './start.ts'
import { MODERN_META, memoryLog, post } from './support.ts'

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Regions', version: '1' },
  servers: [{ url: '/api/v1' }],
  paths: {
    '/stock': {
      get: {
        operationId: 'listStock',
        parameters: [
          { name: 'region', in: 'query', 'x-mcp-header': 'Region', schema: { type: 'string' } },
          { name: 'shelf', in: 'query', schema: { type: 'integer', 'x-mcp-header': 'Shelf' } },
          { name: 'open', in: 'query', schema: { type: 'boolean', 'x-mcp-header': 'Open' } },
        ],
        responses: { 200: { description: 'Stock.', content: { 'application/json': { schema: { type: 'object' } } } } },
      },
    },
  },
}

/** An adapter whose one tool repeats its arguments in headers. */
async function startRegional(test: Parameters<typeof start>[0]) {
  const folder = mkdtempSync(join(tmpdir(), 'handrail-headers-'))
  writeFileSync(join(folder, 'api.json'), JSON.stringify(DOCUMENT))
  const tools = { server: { name: 'regions' }, backend: { openapi: 'api.json' }, tools: [{ operation: 'listStock' }] }
  writeFileSync(join(folder, 'tools.yaml'), JSON.stringify(tools))
  const started = await start(
    test,
    { 'GET /api/v1/stock': () => ({ body: {} }) },
    { configFile: join(folder, 'tools.yaml') },
  )
  rmSync(folder, { recursive: true })
  return started
}

const HEADERS = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'list_stock' }

async function call(url: string, args: object, headers: Record<string, string>, meta: object = MODERN_META) {
  const params = { name: 'list_stock', arguments: args, _meta: meta }
  const response = await post(url, { jsonrpc: '2.0', id: 4, method: 'tools/call', params }, headers)
  return { status: response.status, text: await response.text() }
}

t.test('Mcp-Param headers say the same as the arguments, or the call is refused before anything is sent', async (t) => {
  const { adapter, backend } = await startRegional(t)
  const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`
  const right: [object, Record<string, string>][] = [
    [{}, {}],
    [{ region: 'eu' }, { 'mcp-param-region': 'eu' }],
    [{ region: 'Malmö' }, { 'Mcp-Param-Region': base64('Malmö') }],
    [{ region: '\ufeffeu' }, { 'mcp-param-region': base64('\ufeffeu') }],
    [{ region: 'SGVsbG8=' }, { 'mcp-param-region': 'SGVsbG8=' }],
    [{ region: '=?base64?eu' }, { 'mcp-param-region': '=?base64?eu' }],
    [
      { shelf: 3, open: true },
      { 'mcp-param-shelf': '3', 'mcp-param-open': 'true' },
    ],
    [{ shelf: 3 }, { 'mcp-param-shelf': '3.0' }],
    [{}, { 'mcp-param-region': 'eu' }],
  ]
  for (const [args, headers] of right) {
    const { status, text } = await call(adapter.url, args, { ...HEADERS, ...headers })
    t.equal(status, 200, JSON.stringify([args, headers]))
    t.notMatch(text, '"error"')
  }
  const sent = backend.calls().length
  t.equal(sent, right.length)
  const wrong: [object, Record<string, string>, string][] = [
    [{ region: 'eu' }, {}, 'Region header is missing'],
    [{ region: 'eu' }, { 'mcp-param-region': 'us' }, 'Region header says something else'],
    [{ region: 'eu' }, { 'mcp-param-region': 'EU' }, 'Region header says something else'],
    [{ region: 'eu' }, { 'mcp-param-region': '' }, 'Region header says something else'],
    [{ region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVsbG8?=' }, 'Region header holds broken Base64'],
    [{ region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVs!!!bG8=?=' }, 'Region header holds broken Base64'],
    [{ region: '\ufffd' }, { 'mcp-param-region': '=?base64?/w==?=' }, 'Region header holds broken Base64'],
    [{ shelf: 3 }, { 'mcp-param-shelf': '4' }, 'Shelf header says something else'],
    [{ shelf: 3 }, { 'mcp-param-shelf': '0x3' }, 'Shelf header says something else'],
    [{ open: true }, { 'mcp-param-open': '1' }, 'Open header says something else'],
  ]
  for (const [args, headers, what] of wrong) {
    const { status, text } = await call(adapter.url, args, { ...HEADERS, ...headers })
    t.equal(status, 400, JSON.stringify([args, headers]))
    const message = `Bad Request: the request headers and body disagree: the Mcp-Param-${what}`
    t.match(JSON.parse(text), { id: 4, error: { code: -32020 } })
    t.ok((JSON.parse(text).error.message as string).startsWith(message), text)
  }
  t.equal(backend.calls().length, sent, 'nothing was sent')
})

t.test('a wrong envelope is told before a wrong Mcp-Param header, and 2025-era clients need none', async (t) => {
  const { adapter } = await startRegional(t)
  const broken = { ...MODERN_META, 'io.modelcontextprotocol/clientCapabilities': 1 }
  const told = await call(adapter.url, { region: 'eu' }, HEADERS, broken)
  t.match(JSON.parse(told.text), { error: { code: -32602 } })
  const earlier = await call(adapter.url, { region: 'eu' }, {}, {})
  t.equal(earlier.status, 200)
  t.notMatch(earlier.text, '"error"')
})

t.test('a client that is not shown the marks is not asked for the headers', async (t) => {
  const { adapter } = await startRegional(t)
  const client = { name: 'gemini-cli', version: '1' }
  const meta = { ...MODERN_META, 'io.modelcontextprotocol/clientInfo': client }
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' }
  const list = await post(
    adapter.url,
    { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } },
    headers,
  )
  const isShown = (await list.text()).includes('x-mcp-header')
  const { status } = await call(adapter.url, { region: 'eu' }, HEADERS, meta)
  t.equal(status, isShown ? 400 : 200)
})

const SECRET = 'xoxb-1234567890-quokka'

t.test('a header that disagrees with the body is named, and neither answered nor logged', async (t) => {
  const { log, lines } = memoryLog()
  const { adapter } = await start(t, {}, { log })
  const params = { name: 'list_orders', arguments: {}, _meta: MODERN_META }
  const right = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'list_orders' }
  for (const name of Object.keys(right)) {
    const headers = { ...right, [name]: SECRET }
    const response = await post(adapter.url, { jsonrpc: '2.0', id: 7, method: 'tools/call', params }, headers)
    const text = await response.text()
    t.equal(response.status, 400, name)
    t.match(JSON.parse(text), { id: 7, error: { message: new RegExp(`${name} header names something else`, 'i') } })
    t.notMatch(text, 'quokka')
  }
  const version = { 'mcp-protocol-version': `----- ${SECRET}` }
  const old = await post(adapter.url, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, version)
  const told = await old.text()
  t.match(told, /Unsupported protocol version: what the header names \(supported versions: .*2025-06-18/)
  t.notMatch(told, 'quokka')
  t.ok(lines.some(({ message, fields }) => message === 'MCP exchange' && typeof fields.error === 'string'))
  t.notMatch(JSON.stringify(lines), 'quokka')
})

t.test('an argument that is named like a secret is not named', async (t) => {
  const { adapter } = await start(t)
  const call = async (name: string) => {
    const params = { name: 'list_orders', arguments: { [name]: 1 } }
    return (await post(adapter.url, { jsonrpc: '2.0', id: 1, method: 'tools/call', params })).text()
  }
  t.match(await call('statuss'), /statuss is not known\. Did you mean/)
  const told = await call(SECRET)
  t.match(told, /has a field whose name is not known/)
  t.notMatch(told, 'quokka')
  for (const name of ['userId', 'if_match', 'user.name', '$ref', 'line2']) t.ok(isPlainName(name), name)
  for (const name of [SECRET, '4111111111111111', `hr_${'a'.repeat(24)}_${'b'.repeat(43)}`, 'eyJ.eyJ.x y', ''])
    t.notOk(isPlainName(name), name)
})

t.test('who has used up a quota before the tool is known is told when to come back', async (t) => {
  const body = { error: 'quota-exceeded', message: 'Too much.', hint: 'Wait.', retryable: true }
  const { adapter } = await start(t, {
    'GET /api/v1/me': () => ({ status: 429, headers: { 'retry-after': '17' }, body }),
  })
  const params = { name: 'list_orders', arguments: {} }
  const response = await post(adapter.url, { jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  t.match(await response.text(), /quota-exceeded: Too much\. Wait\. Try again in 17 s\./)
})
