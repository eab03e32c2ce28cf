import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import t from 'tap'
import { API_AUDIENCE, ENVELOPE, send, startEdge } from '../support/edge.ts'
import { PEOPLE } from '../support/service.ts'

/** Threats to who is spoken for: confused deputy, token passthrough, state handles, two users at once. */
const edge = await startEdge(t)
const { service, issuer, mcp, callTool } = edge
const { keys, storage, call } = service
await storage.db.product.updateMany({ data: { stock: 10_000 } })

/** The credentials that have reached the API since it was last asked. */
const seen: string[] = []
const reached = () => seen.splice(0)
service.app.server.on('request', ({ headers }) => seen.push(JSON.stringify(headers)))

const rest = (authorization: string | undefined, headers: Record<string, string> = {}, path = '/api/v1/me') =>
  send(`${edge.api}${path}`, 'GET', { headers: { ...headers, ...(authorization && { authorization }) } })

t.test('confused deputy: nobody but the credential says for whom a call is', async (t) => {
  const pretended = {
    'x-user-id': PEOPLE.admin.id,
    'x-forwarded-user': 'admin',
    'x-remote-user': 'admin',
    'x-agent-id': 'root',
    'x-handrail-user': PEOPLE.admin.id,
    'x-original-authorization': `Bearer ${keys.admin}`,
    cookie: `token=${keys.admin}; session=${keys.admin}`,
    forwarded: 'for=127.0.0.1;user=admin',
  }
  const token = await edge.token('bob', 'mcp')
  for (const headers of [{}, pretended]) {
    t.match(JSON.parse((await rest(`Bearer ${keys.bob}`, headers)).text), { userId: PEOPLE.bob.id, role: 'customer' })
    for (const credential of [keys.bob, token]) {
      const { message } = await callTool(credential, 'get_current_caller', {}, { headers })
      t.match(message.result.structuredContent, { userId: PEOPLE.bob.id, role: 'customer' })
    }
    t.equal((await rest(undefined, headers)).status, 401)
    reached()
    t.equal((await mcp(undefined, 'tools/list', {}, { headers })).status, 401)
    t.same(reached(), [], 'without a credential nothing is asked of the API')
  }
  // Who vouches for somebody is a client that is configured to, never whoever sends the header.
  const vouched = await rest(`Bearer ${await edge.token('bob', 'api')}`, { 'handrail-assertion': token })
  t.equal(vouched.status, 401)
  reached()
  await callTool(keys.bob, 'get_current_caller', {}, { headers: { 'handrail-assertion': token, ...pretended } })
  for (const headers of reached()) t.notMatch(headers, /assertion|x-user-id|root|x-original|cookie/)
})

t.test('confused deputy: the adapter is no proxy of an authorization server', async (t) => {
  const { origin } = new URL(edge.mcpUrl)
  for (const path of ['/authorize', '/token', '/register', '/callback', '/.well-known/oauth-authorization-server']) {
    t.equal((await send(`${origin}${path}`, 'GET')).status, 404, path)
    t.equal((await send(`${edge.api}${path}`, 'GET')).status, 404, path)
  }
  const { text } = await send(`${origin}/.well-known/oauth-protected-resource/mcp`, 'GET')
  t.match(JSON.parse(text), { resource: edge.mcpUrl, authorization_servers: [issuer.issuer] })
})

t.test('confused deputy: an agent has its person’s rights, and its own scopes beside them', async (t) => {
  const scope = 'caller:read order:read'
  const agent = await edge.token('ada', 'mcp', { client_id: 'assistant', scope })
  const { status, headers } = await callTool(agent, 'create_order', { items: [{ sku: 'LAMP', quantity: 1 }] })
  t.equal(status, 403)
  t.match(headers['www-authenticate'], /insufficient_scope.*order:create/)
  const { message } = await callTool(agent, 'get_current_caller')
  t.match(message.result.structuredContent, { userId: PEOPLE.ada.id, kind: 'agent', agentId: 'assistant' })
  const all = await edge.token('ada', 'mcp', { client_id: 'assistant' })
  const refund = await callTool(all, 'suspend_user', { userId: PEOPLE.bob.id })
  t.match(refund.message, { error: { code: -32602 } }, 'what she may not do, it may not do for her')
})

t.test('token passthrough: a token is for one audience, and goes no further', async (t) => {
  const [forApi, forMcp] = [await edge.token('ada', 'api'), await edge.token('ada', 'mcp')]
  t.equal((await rest(`Bearer ${forApi}`)).status, 200)
  t.equal((await rest(`Bearer ${forMcp}`)).status, 401)
  t.equal((await mcp(forApi, 'tools/list')).status, 401)
  const elsewhere = await edge.token('ada', 'mcp', { aud: ['https://other.example.com'] })
  t.equal((await mcp(elsewhere, 'tools/list')).status, 401)
  reached()
  t.equal((await mcp(forMcp, 'tools/list')).status, 200)
  t.notOk((await callTool(forMcp, 'list_orders')).message.result.isError)
  const signature = forMcp.split('.')[2] as string
  const passed = reached()
  t.ok(passed.length >= 3)
  for (const headers of passed) {
    t.notMatch(headers, signature)
    const { authorization } = JSON.parse(headers)
    t.match(decodeJwt(authorization.replace('Bearer ', '')), { aud: API_AUDIENCE, act: { sub: 'shop-app' } })
  }
  t.notMatch(JSON.stringify([service.log, await storage.db.auditEntry.findMany()]), signature)
})

const YES = { confirm: { action: 'accept', content: { confirm: true } } }

t.test('state handles: a question that was asked of one is no answer of another', async (t) => {
  const [first, second] = [await service.order('ada'), await service.order('ada')]
  const cancel = (
    credential: string,
    orderId: string,
    more?: object,
    tool = 'cancel_order',
    args: object = { reason: 'r' },
  ) => callTool(credential, tool, { orderId, ...args }, { modern: true, ...(more && { more }) })
  const asked = (await cancel(keys.ada, first)).message.result
  t.equal(asked.resultType, 'input_required')
  const { requestState } = asked
  const answer = { _meta: ENVELOPE, requestState, inputResponses: YES }
  const refused = async (what: string, said: ReturnType<typeof cancel>) => {
    const { message } = await said
    t.match(message, { result: { isError: true, structuredContent: { error: /^confirmation-refused$/ } } }, what)
  }
  await refused('another user', cancel(keys.admin, first, answer))
  await refused('an agent of hers', cancel(keys.adaAgent, first, answer))
  await refused('with a token', cancel(await edge.token('ada', 'mcp'), first, answer))
  await refused('other arguments', cancel(keys.ada, second, answer))
  await refused('another reason', cancel(keys.ada, first, answer, 'cancel_order', { reason: 'another' }))
  await refused('another tool', cancel(keys.ada, first, answer, 'get_order_by_id', {}))
  const [version, body, mac] = requestState.split('.')
  const sealed = JSON.parse(Buffer.from(body, 'base64url').toString())
  const later = Buffer.from(JSON.stringify({ ...sealed, exp: sealed.exp + 9999 })).toString('base64url')
  await refused('altered', cancel(keys.ada, first, { ...answer, requestState: `${version}.${later}.${mac}` }))
  const { now } = Date
  Date.now = () => now() + 601_000
  await refused('too late', cancel(keys.ada, first, answer)).finally(() => {
    Date.now = now
  })
  t.equal((await call('ada', 'GET', `/orders/${first}`)).body.status, 'placed', 'nothing was done so far')
  t.match((await cancel(keys.ada, first, answer)).message.result.structuredContent, { status: 'cancelled' })
  await refused('used', cancel(keys.ada, first, answer))
})

t.test('state handles: cursors, idempotency keys and approvals are of no use to others', async (t) => {
  await service.order('ada')
  const { body: page } = await call('ada', 'GET', '/orders?limit=1')
  t.ok(page.nextCursor)
  const next = await call('bob', 'GET', `/orders?limit=100&cursor=${encodeURIComponent(page.nextCursor)}`)
  t.ok(next.status === 400 || next.body.items.every(({ userId }: { userId: string }) => userId === PEOPLE.bob.id))

  const key = { 'idempotency-key': randomUUID() }
  const body = { items: [{ sku: 'LAMP', quantity: 1 }], note: 'Only for her.' }
  const hers = await call('ada', 'POST', '/orders', body, key)
  const his = await call('bob', 'POST', '/orders', body, key)
  t.equal(his.status, 201)
  t.not(his.body.id, hers.body.id, 'his request is his own')
  t.equal(his.headers['idempotent-replayed'], undefined)

  const { body: order } = await call('ada', 'POST', '/orders', { items: [{ sku: 'LAMP', quantity: 3 }] })
  const named = { 'idempotency-key': randomUUID() }
  const { body: approval } = await call('support', 'POST', `/orders/${order.id}/refund`, { reason: 'r' }, named)
  t.equal((await call('manager', 'POST', `/approvals/${approval.id}/approve`, {})).status, 200)
  const use = (who: 'support' | 'manager', reason: string, headers = named) =>
    call(who, 'POST', `/orders/${order.id}/refund`, { reason }, { ...headers, 'approval-id': approval.id })
  t.match((await use('manager', 'r')).body, { error: 'approval-invalid' })
  t.match((await use('support', 'another', { 'idempotency-key': randomUUID() })).body, { error: 'approval-invalid' })
  t.equal((await use('support', 'r')).status, 200)
})

t.test('two users at once: each sees their own, whatever happens beside them', async (t) => {
  const users = [
    { who: 'ada', key: keys.ada, token: await edge.token('ada', 'mcp') },
    { who: 'bob', key: keys.bob, token: await edge.token('bob', 'mcp') },
  ] as const
  const wrong: string[] = []
  const round = async ({ who, key, token }: (typeof users)[number], turn: number) => {
    const { id } = PEOPLE[who]
    const items = [{ sku: 'LAMP', quantity: 1 }]
    const credential = turn % 2 ? key : token
    const [me, made, list, tool, placed, listed] = await Promise.all([
      call(who, 'GET', '/me'),
      call(who, 'POST', '/orders', { items, note: `${who} ${turn}` }),
      call(who, 'GET', '/orders?limit=100'),
      callTool(credential, 'get_current_caller', {}, { id: `${who}-${turn}` }),
      callTool(credential, 'create_order', { items, note: `${who} ${turn} by tool` }),
      callTool(credential, 'list_orders', { limit: 100 }),
    ])
    const owners = [
      me.body.userId,
      made.body.userId,
      ...list.body.items.map(({ userId }: { userId: string }) => userId),
      tool.message.result.structuredContent.userId,
      placed.message.result.structuredContent.userId,
      ...listed.message.result.structuredContent.items.map(({ userId }: { userId: string }) => userId),
    ]
    if (owners.some((owner) => owner !== id)) wrong.push(`${who} ${turn}: ${owners}`)
    if (tool.message.id !== `${who}-${turn}`) wrong.push(`${who} ${turn} got the answer to ${tool.message.id}`)
  }
  await Promise.all(Array.from({ length: 24 }, (_, turn) => round(users[turn % 2] as (typeof users)[number], turn)))
  t.same(wrong, [])
  t.equal(await storage.db.order.count({ where: { note: { startsWith: 'ada ' }, NOT: { userId: PEOPLE.ada.id } } }), 0)
})
