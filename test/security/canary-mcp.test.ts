import t from 'tap'
import { SHAPES } from '../support/canaries.ts'
import { type Forgive, isRequestId, isWord, startCanaryRun } from '../support/canary-run.ts'
import { type Said, send } from '../support/edge.ts'
import { stringsOf, withAt } from '../support/samples.ts'
import { PEOPLE, UNKNOWN_ID } from '../support/service.ts'

/** A secret through every input of the MCP endpoint, and so through the API behind it; see canary.test.ts. */
const run = await startCanaryRun(t)
const { edge, operations, canaries, judge, eachShape } = run
const { service, mcp, callTool } = edge
const { keys } = service

const HEADERS = [
  ...'mcp-session-id mcp-protocol-version mcp-method mcp-name last-event-id x-request-id traceparent baggage'.split(
    ' ',
  ),
  ...'handrail-tool handrail-assertion idempotency-key user-agent referer cookie origin host forwarded'.split(' '),
  ...'x-forwarded-for x-forwarded-host accept content-type expect'.split(' '),
]

t.test('as a credential, in a header, in a query', async (t) => {
  await eachShape(async (shape) => {
    for (const way of ['Bearer X', 'X', 'Basic X', 'Bearer X X']) {
      const secret = canaries.make(shape, `credential of MCP ${way}`)
      const headers = { authorization: way.replaceAll('X', secret) }
      judge(await mcp(undefined, 'tools/list', {}, { headers }), /^credential/)
    }
    for (const name of HEADERS) {
      for (const modern of [false, true]) {
        const headers = { [name]: canaries.make(shape, `header ${name} of MCP`) }
        judge(await callTool(keys.admin, 'get_current_caller', {}, { headers, modern }), /^header/, isRequestId)
      }
    }
    for (const name of ['x', 'access_token'])
      judge(await send(`${edge.mcpUrl}?${name}=${encodeURIComponent(canaries.make(shape, 'query'))}`, 'POST'), /^query/)
  })
  for (const name of ['iss', 'aud', 'sub', 'jti', 'scope', 'act', 'cnf', 'typ', 'kid', 'jku']) {
    const secret = canaries.make('slack', `token's ${name}`)
    const isHeader = ['typ', 'kid', 'jku'].includes(name)
    const told = { sub: PEOPLE.ada.id, client_id: 'shop-app', ...(!isHeader && { [name]: secret }) }
    const token = await edge.issuer.sign(edge.issuer.claims(edge.mcpUrl, told), isHeader ? { [name]: secret } : {})
    judge(await mcp(token, 'tools/list'), /^token/)
  }
  t.same(run.echoes(), [])
})

t.test('in the arguments of every tool', async (t) => {
  const bodies = Object.assign({}, ...operations.map(({ body }) => body))
  const known: Record<string, unknown> = { ...bodies, if_match: '"1"', sku: 'LAMP' }
  const tools = await edge.tools(keys.admin)
  // The arguments that every tool has are the same in each: one tool after another takes a shape of them.
  let turn = 0
  for (const { name, inputSchema } of tools) {
    const base: Record<string, unknown> = {}
    for (const argument of inputSchema.required ?? []) base[argument] = known[argument] ?? UNKNOWN_ID
    // Nothing is stored: that is for the note below, and a report that runs would keep the next one waiting.
    if (inputSchema.properties.dry_run) base.dry_run = true
    const call = async (args: object, forgiven?: Forgive) => {
      const said = await callTool(keys.admin, name, args)
      if (said.message.error || said.message.result.isError) judge(said, new RegExp(`^${name} `), forgiven)
    }
    await eachShape(async (shape) => {
      const make = (what: string) => canaries.make(shape, `${name} ${what}`)
      for (const { place, schema } of stringsOf(inputSchema)) {
        turn += 1
        if ((schema.pattern || schema.format || schema.enum) && turn % SHAPES.length !== 0) continue
        await call(withAt(base, place, make(place.join('/'))))
      }
      await call({ ...base, [make('unknown argument')]: 1 }, isWord)
      await call({ ...base, unknown: make('value of an unknown argument') })
    })
  }
  t.same(run.echoes(), [])
})

t.test('in the rest of a message', async (t) => {
  await eachShape(async (shape) => {
    const make = (what: string) => canaries.make(shape, `message ${what}`)
    const tell = async (said: Promise<Said>, forgiven?: Forgive) => judge(await said, /^message/, forgiven)
    const raw = (text: string) => mcp(keys.admin, 'x', {}, { raw: text })
    const me = 'get_current_caller'
    // JSON-RPC gives an id back, and MCP names the tool and the method that there is none of.
    await tell(mcp(keys.admin, 'ping', {}, { id: make('id') }), () => true)
    await tell(callTool(keys.admin, make('tool')), () => true)
    await tell(mcp(keys.admin, make('method')), () => true)
    const _meta = { traceparent: make('traceparent'), progressToken: make('progress'), [make('name in _meta')]: 1 }
    await tell(callTool(keys.admin, me, {}, { more: { _meta } }))
    const envelope = {
      'io.modelcontextprotocol/protocolVersion': make('version'),
      'io.modelcontextprotocol/clientInfo': { name: make('client'), version: make('client version') },
      'io.modelcontextprotocol/clientCapabilities': { [make('capability')]: {} },
    }
    await tell(callTool(keys.admin, me, {}, { modern: true, more: { _meta: envelope } }), isVersion)
    const more = { requestState: make('state'), inputResponses: { [make('input')]: make('response') } }
    await tell(callTool(keys.admin, me, {}, { modern: true, more }))
    const clientInfo = { name: make('name'), version: make('client version') }
    await tell(mcp(keys.admin, 'initialize', { protocolVersion: make('protocol'), capabilities: {}, clientInfo }))
    await tell(mcp(keys.admin, 'tools/call', { name: 1, arguments: make('arguments') }))
    await tell(raw(`{"jsonrpc": "2.0", "id": "${make('broken')}`))
    await tell(raw(`${make('no JSON')}`))
    await tell(raw(JSON.stringify({ jsonrpc: make('jsonrpc'), id: 1, method: 'ping', [make('member')]: 1 })))
  })
  t.same(run.echoes(), [])
})

/** The protocol wants the version that was asked for in the refusal of one that is not known. */
const isVersion: Forgive = (label) => label.startsWith('message version')

t.test('what somebody wrote is masked for agents, over REST and MCP', async (t) => {
  const note = SHAPES.map((shape) => `${shape}: ${canaries.make(shape, 'note')}`).join(' ; ')
  const { body: made } = await service.call('ada', 'POST', '/orders', { items: [{ sku: 'LAMP', quantity: 1 }], note })
  t.equal((await service.call('ada', 'GET', `/orders/${made.id}`)).body.note, note, 'whose it is reads it as it is')
  const told = [
    JSON.stringify((await service.call('agent', 'GET', `/orders/${made.id}`)).body),
    JSON.stringify((await service.call('agent', 'GET', '/orders?limit=1')).body),
    (await callTool(keys.agent, 'get_order_by_id', { orderId: made.id })).text,
    (await callTool(keys.adaAgent, 'get_order_by_id', { orderId: made.id })).text,
    (await callTool(keys.agent, 'list_orders', { limit: 1 })).text,
  ]
  for (const text of told) {
    t.match(text, made.id)
    t.match(text, /\[SECRET_1\].*\[CARD_1\]/)
    const seen = canaries.in(text).filter((label) => label.startsWith('note') && !isWord(label))
    t.same(seen, [])
  }
})

t.test('no log, no stderr and no entry of the trail has any of it', async (t) => {
  const { leaks, sizes } = await run.sinks()
  t.same(leaks, [])
  t.ok(canaries.count > 800, `${canaries.count} secrets were sent`)
  t.ok(Math.min(...sizes) > 50_000, `there was something to look through: ${sizes}`)
})
