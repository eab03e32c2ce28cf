import { once } from 'node:events'
import { Agent, createServer, type IncomingHttpHeaders, request as rawRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { startAdapter } from '../src/index.ts'
import { openAnswer } from '../src/serve/lean-answer.ts'
import { startBackend } from './fixtures/backend.ts'
import { fixture, memoryLog } from './support.ts'

const VERSION = 'io.modelcontextprotocol/protocolVersion'
const CLIENT = 'io.modelcontextprotocol/clientInfo'
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
const ENVELOPE = { [VERSION]: '2026-07-28', [CLIENT]: { name: 'test', version: '1' }, [CAPABILITIES]: {} }

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}
type Headers = Record<string, string | string[]>

const agent = new Agent({ keepAlive: true, maxSockets: 4 })

/** Sends a body with exactly these headers; fetch would not let all of them through. */
function send(url: string, body: string, headers: Headers): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = rawRequest(url, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** An answer without what differs from one to the next, and without how it is cut into chunks. */
function told({ status, headers, body }: Answer) {
  const { date: _, 'content-length': length, 'transfer-encoding': chunks, ...rest } = headers
  const text = body
    .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, 'uuid')
    .replaceAll(/(\[(?:end of )?data )[\w-]{12}/g, '$1nonce')
  return { status, headers: rest, body: text }
}

/** One API, and in front of it an adapter with the short way and one without. */
async function startBoth(test: { teardown(end: () => Promise<void>): void }, configFile = fixture('tools.yaml')) {
  const backend = await startBackend()
  const options = { configFile, apiUrl: backend.url, port: 0, log: memoryLog().log }
  const lean = await startAdapter(options)
  const sdk = await startAdapter({ ...options, lean: false })
  test.teardown(async () => {
    agent.destroy()
    await Promise.all([lean.close(), sdk.close()])
    await backend.close()
  })
  return {
    lean: lean.url,
    sdk: sdk.url,
    async both(message: unknown, headers: Headers) {
      const body = typeof message === 'string' ? message : JSON.stringify(message)
      return Promise.all([send(lean.url, body, headers), send(sdk.url, body, headers)])
    },
  }
}

const BASE = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  authorization: 'Bearer token-ada',
}
const modern = (method: string, name?: string) => ({
  ...BASE,
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name !== undefined && { 'mcp-name': name }),
})
const message = (method: string, params?: object, id: unknown = 1) => ({ jsonrpc: '2.0', id, method, params })

const isShort = ({ headers }: Answer) => headers['content-length'] !== undefined

t.test('what clients send all day takes the short way, in both eras, and gets the answer of the SDK', async (t) => {
  const { both } = await startBoth(t)
  const call = { name: 'get_user_by_id', arguments: { userId: 'ada' } }
  const other = { _meta: ENVELOPE }
  for (const [what, body, headers] of [
    ['a list', message('tools/list'), BASE],
    ['a list of 2025-11-25', message('tools/list', {}), { ...BASE, 'mcp-protocol-version': '2025-11-25' }],
    ['a call', message('tools/call', call), BASE],
    ['a call without arguments', message('tools/call', { name: 'list_orders' }, 'a'), BASE],
    ['a call that fails', message('tools/call', { name: 'get_user_by_id', arguments: { userId: 'bob' } }), BASE],
    ['wrong arguments', message('tools/call', { name: 'get_user_by_id', arguments: { user: 1 } }), BASE],
    ['an unknown tool', message('tools/call', { name: 'no_such_tool' }), BASE],
    ['a modern list', message('tools/list', other), modern('tools/list')],
    ['a modern call', message('tools/call', { ...call, ...other }), modern('tools/call', 'get_user_by_id')],
    ['an unknown tool', message('tools/call', { name: 'none', ...other }), modern('tools/call', 'none')],
  ] as const) {
    const [lean, sdk] = await both(body, headers)
    t.same(told(lean), told(sdk), what)
    t.equal(lean.status, 200, what)
    t.ok(isShort(lean), `${what}: short`)
    t.notOk(isShort(sdk), `${what}: long`)
  }
})

t.test('what is odd goes to the SDK', async (t) => {
  const { both } = await startBoth(t)
  const call = { name: 'get_user_by_id', arguments: { userId: 'ada' } }
  const meta = (more: object) => ({ ...call, _meta: { ...ENVELOPE, ...more } })
  const right = modern('tools/call', 'get_user_by_id')
  for (const [what, body, headers] of [
    ['a batch', [message('tools/call', call)], BASE],
    ['a notification', { jsonrpc: '2.0', method: 'tools/list' }, BASE],
    ['an id that is no id', message('tools/call', call, 1.5), BASE],
    ['a further member', { ...message('tools/call', call), more: 1 }, BASE],
    ['a cursor', message('tools/list', { cursor: 'a' }), BASE],
    ['a task', message('tools/call', { ...call, task: { ttl: 1 } }), BASE],
    ['progress', message('tools/call', { ...call, _meta: { progressToken: 1 } }), BASE],
    ['arguments in a list', message('tools/call', { ...call, arguments: [] }), BASE],
    ['no stream accepted', message('tools/call', call), { ...BASE, accept: 'application/json' }],
    ['an unknown version', message('tools/call', call), { ...BASE, 'mcp-protocol-version': '2020-01-01' }],
    ['an earlier state', message('tools/call', { ...meta({}), requestState: 'x' }), right],
    ['earlier answers', message('tools/call', { ...meta({}), inputResponses: {} }), right],
    ['no envelope', message('tools/call', call), right],
    ['capabilities that are none', message('tools/call', meta({ [CAPABILITIES]: [] })), right],
    ['a client without a name', message('tools/call', meta({ [CLIENT]: {} })), right],
    ['another version', message('tools/call', meta({ [VERSION]: '2027-01-01' })), right],
    ['another name', message('tools/call', meta({})), { ...right, 'mcp-name': 'list_orders' }],
    ['a name in Base64', message('tools/call', meta({})), { ...right, 'mcp-name': '=?base64?Z2V0X3VzZXJfYnlfaWQ=?=' }],
    ['another method', message('tools/call', meta({})), { ...right, 'mcp-method': 'tools/list' }],
  ] as const) {
    const [lean, sdk] = await both(body, headers)
    t.same(told(lean), told(sdk), what)
    if (lean.status === 200) t.notOk(isShort(lean), what)
  }
})

t.test('a hidden tool and one that does not exist cannot be told apart', async (t) => {
  const { lean } = await startBoth(t, fixture('confirm-tools.yaml'))
  const headers = { ...BASE, authorization: 'Bearer token-bob' }
  const ask = async (name: string) => {
    const answer = await send(lean, JSON.stringify(message('tools/call', { name, arguments: {} })), headers)
    const { date: _, 'content-length': __, ...rest } = answer.headers
    return { ...answer, headers: rest, body: answer.body.replaceAll(name, 'NAME') }
  }
  const unknown = await ask('no_such_tool')
  for (const hidden of ['delete_user', 'update_user', 'create_order']) t.same(await ask(hidden), unknown, hidden)
})

/** One member in so many is wrong: most requests have none or one, and some have several. */
const RARELY = 14
/** Mostly right, and wrong in every way that somebody thought of. */
const mostly = <T>(right: T, ...odd: unknown[]) =>
  fc.oneof(
    { weight: RARELY * odd.length, arbitrary: fc.constant<unknown>(right) },
    ...odd.map((value) => fc.constant(value)),
  )

const ABSENT = Symbol('absent')
/** An object without the members that are absent. */
const present = (members: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== ABSENT))

const names = fc.constantFrom('get_user_by_id', 'list_orders', 'order_tags', 'delete_user', 'no_such_tool', 'x y', '')
const argument = fc.oneof(fc.constantFrom('ada', 'o1', ''), fc.jsonValue({ maxDepth: 2 }))
const args = fc.oneof(
  { weight: 4, arbitrary: fc.record({ userId: argument }) },
  { weight: 2, arbitrary: fc.record({ orderId: argument, status: argument }, { requiredKeys: [] }) },
  fc.constantFrom<unknown>(ABSENT, null, [], 'x', JSON.parse('{"__proto__": {"userId": "ada"}}'), { constructor: 1 }),
)
const client = mostly({ name: 'c', version: '1' }, {}, null, 'x', { name: 'c', version: 1 }, ABSENT)
const capabilities = mostly({}, ABSENT, [], null, { elicitation: {} }, { sampling: 1 }, { elicitation: { form: {} } })
const metaOf = (isModern: boolean) =>
  fc
    .record({
      [VERSION]: isModern ? mostly('2026-07-28', ABSENT, '2025-11-25', '2027-01-01', 5) : mostly(ABSENT, '2026-07-28'),
      [CLIENT]: isModern ? client : mostly(ABSENT, { name: 'c', version: '1' }),
      [CAPABILITIES]: isModern ? capabilities : mostly(ABSENT, {}),
      'io.modelcontextprotocol/logLevel': mostly(ABSENT, 'info', 'loud', null),
      'io.modelcontextprotocol/related-task': mostly(ABSENT, { taskId: 'a' }, 1),
      progressToken: mostly(ABSENT, 1, 'a', 1.5, null),
      traceparent: mostly(ABSENT, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 7),
      'x.example/any': mostly(ABSENT, null),
    })
    .map(present)

const request = fc
  .record({ isModern: fc.boolean(), method: mostly('tools/call', 'tools/list', 'ping', 'tools/other'), name: names })
  .chain(({ isModern, method, name }) =>
    fc.record({
      body: fc
        .record({
          jsonrpc: mostly('2.0', '1.0', ABSENT),
          id: mostly(7, 'a', '', 0, -1, 1.5, 1e20, null, ABSENT, true),
          method: fc.constant(method),
          params: fc
            .record({
              name: method === 'tools/call' ? mostly(name, ABSENT, 5, null) : mostly(ABSENT, name),
              arguments: method === 'tools/call' ? args : fc.constant(ABSENT),
              _meta: isModern
                ? fc.oneof({ weight: 20, arbitrary: metaOf(true) }, fc.constantFrom<unknown>(ABSENT, null, []))
                : fc.oneof({ weight: 3, arbitrary: fc.constant<unknown>(ABSENT) }, metaOf(false), fc.constant([])),
              cursor: mostly(ABSENT, ABSENT, ABSENT, 'a', 5),
              requestState: mostly(ABSENT, ABSENT, ABSENT, 'state', 5),
              inputResponses: mostly(ABSENT, ABSENT, ABSENT, {}, 5),
              task: mostly(ABSENT, ABSENT, ABSENT, {}, 5),
            })
            .map(present)
            .chain((params) => mostly(params, ABSENT, null, [], 'x')),
          more: mostly(ABSENT, ABSENT, ABSENT, 1),
        })
        .map(present),
      headers: fc
        .record({
          accept: mostly(BASE.accept, 'application/json', '*/*', ABSENT),
          'mcp-protocol-version': isModern
            ? mostly('2026-07-28', ABSENT, '2025-11-25', ' 2026-07-28', ['2026-07-28', '2026-07-28'], '2027-01-01')
            : mostly('2025-11-25', ABSENT, '2025-03-26', '2024-11-05', '2026-07-28', 'x'),
          'mcp-method': isModern ? mostly(method, ABSENT, 'tools/list', 'TOOLS/CALL') : mostly(ABSENT, 'x'),
          'mcp-name': isModern
            ? mostly(method === 'tools/call' ? name : ABSENT, ABSENT, 'list_orders', '=?base64?%%?=')
            : mostly(ABSENT, 'x'),
          'mcp-session-id': mostly(ABSENT, ABSENT, 'some'),
        })
        .map((headers) => ({ ...BASE, accept: undefined, ...present(headers) }) as unknown as Headers),
    }),
  )

t.test('whatever is sent, both ways answer the same: status, headers and body', async (t) => {
  const { both } = await startBoth(t)
  let short = 0
  await fc.assert(
    fc.asyncProperty(request, async ({ body, headers }) => {
      const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
      const [lean, sdk] = await both(body, sent)
      if (lean.status === 200 && isShort(lean)) short += 1
      const [one, other] = [told(lean), told(sdk)]
      if (JSON.stringify(one) !== JSON.stringify(other))
        throw new Error(`${JSON.stringify(one)} is not ${JSON.stringify(other)}`)
    }),
    { seed: 5, numRuns: Number(process.env.FAST_CHECK_RUNS ?? 250) },
  )
  t.ok(short > 50, `${short} took the short way`)
})

t.test('a slow call of an earlier client is kept alive, and ends with its answer', async (t) => {
  const server = createServer((_request, response) => {
    const answer = openAnswer(response, 'legacy', 1)
    // The answer comes after the first sign of life.
    const wait = setInterval(() => {
      if (!response.headersSent) return
      clearInterval(wait)
      answer.end('{"id":1}')
    }, 1)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const answer = await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, '', {})
  t.match(answer.headers, { 'content-type': 'text/event-stream', connection: 'keep-alive' })
  t.match(answer.body, /^(: keepalive\n\n)+event: message\ndata: \{"id":1\}\n\n$/)
  agent.destroy()
})
