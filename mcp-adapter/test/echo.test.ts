import t from 'tap'
import { isPlainName } from '../src/serve/echo.ts'
import { start } from './start.ts'
import { memoryLog, post } from './support.ts'

const SECRET = 'xoxb-1234567890-quokka'
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

t.test('a header that disagrees with the body is named, and neither answered nor logged', async (t) => {
  const { log, lines } = memoryLog()
  const { adapter } = await start(t, {}, { log })
  const params = { name: 'list_orders', arguments: {}, _meta: ENVELOPE }
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
