import { randomUUID } from 'node:crypto'
import t from 'tap'
import { connect } from '../../src/storage/server.ts'
import { toStorage } from '../../src/storage/storage.ts'
import type { Answer } from '../support/contract.ts'
import { addReport } from '../support/sales.ts'
import { type Credential, PEOPLE, type Person, type Service, startService, UNKNOWN_ID } from '../support/service.ts'

/**
 * Provokes each answer that the document declares, success and failure, and checks it. `call` holds every answer
 * against the document; what is left to prove is that nothing is declared that cannot happen.
 */
const seen = new Set<string>()

const lamp = { items: [{ sku: 'LAMP', quantity: 1 }] }
const { ada } = PEOPLE
const grace = { email: 'grace@example.com', username: 'grace', profile: { fullName: 'Grace Hopper' } }
const desk = { sku: 'DESK', name: 'Desk', description: '', price: { amount: 1, currency: 'EUR' }, stock: 1 }
const january = { groupBy: 'day', from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' }
const tag = { 'if-match': '"1"' }

const hook = {
  id: 'hook',
  kind: 'webhook',
  name: 'Hook',
  team: true,
  target: 'https://receiver.example.com/',
}

interface Sample {
  method: string
  path: string
  body?: object
  headers?: object
  /** Who may do it, so that what is refused is refused for another reason. */
  who?: Credential
}

/** One request for each operation that works, or would with the right things in place. */
const SAMPLES: Record<string, Sample> = {
  getCurrentCaller: { method: 'GET', path: '/me' },
  createUser: { method: 'POST', path: '/users', body: grace, who: 'admin' },
  listUsers: { method: 'GET', path: '/users' },
  getUserById: { method: 'GET', path: `/users/${ada.id}` },
  updateUser: { method: 'PATCH', path: `/users/${ada.id}`, body: { username: 'ada2' }, headers: tag },
  listProducts: { method: 'GET', path: '/products' },
  getProductBySku: { method: 'GET', path: '/products/LAMP' },
  createProduct: { method: 'POST', path: '/products', body: desk, who: 'manager' },
  updateProduct: { method: 'PATCH', path: '/products/FAN', body: { stock: 3 }, headers: tag, who: 'manager' },
  createOrder: { method: 'POST', path: '/orders', body: lamp },
  listOrders: { method: 'GET', path: '/orders' },
  getOrderById: { method: 'GET', path: '/orders/{order}' },
  cancelOrder: { method: 'POST', path: '/orders/{order}/cancel', body: { reason: 'r' } },
  fulfilOrder: { method: 'POST', path: '/orders/{order}/fulfil', who: 'support' },
  createApiKey: { method: 'POST', path: '/api-keys', body: { name: 'k', scopes: ['order:read'] } },
  listApiKeys: { method: 'GET', path: '/api-keys' },
  revokeApiKey: { method: 'DELETE', path: '/api-keys/{key}' },
  suspendUser: { method: 'POST', path: '/users/{user}/suspend', who: 'manager' },
  deleteUser: { method: 'DELETE', path: '/users/{user}', headers: tag, who: 'admin' },
  refundOrder: { method: 'POST', path: '/orders/{order}/refund', body: { reason: 'r' }, who: 'support' },
  listApprovals: { method: 'GET', path: '/approvals' },
  getApproval: { method: 'GET', path: '/approvals/{approval}', who: 'manager' },
  approve: { method: 'POST', path: '/approvals/{approval}/approve', body: {}, who: 'manager' },
  deny: { method: 'POST', path: '/approvals/{approval}/deny', body: {}, who: 'manager' },
  cancelApproval: { method: 'POST', path: '/approvals/{approval}/cancel', who: 'support' },
  listChannels: { method: 'GET', path: '/channels', who: 'support' },
  createChannel: { method: 'POST', path: '/channels', body: hook, who: 'admin' },
  removeChannel: { method: 'DELETE', path: '/channels/{channel}', who: 'admin' },
  rotateChannelSecret: { method: 'POST', path: '/channels/{channel}/rotate-secret', who: 'admin' },
  sendMessage: { method: 'POST', path: '/messages', body: { channel: 'team', text: 'Hello.' }, who: 'support' },
  listMessages: { method: 'GET', path: '/messages', who: 'support' },
  getMessage: { method: 'GET', path: '/messages/{message}', who: 'support' },
  listDeadLetters: { method: 'GET', path: '/dead-letters', who: 'admin' },
  retryDeadLetter: { method: 'POST', path: '/dead-letters/{letter}/retry', who: 'admin' },
  createReport: { method: 'POST', path: '/reports', body: january, who: 'manager' },
  listReports: { method: 'GET', path: '/reports', who: 'manager' },
  getReport: { method: 'GET', path: '/reports/{report}', who: 'manager' },
  cancelReport: { method: 'POST', path: '/reports/{report}/cancel', who: 'manager' },
  downloadReport: { method: 'GET', path: '/reports/{done}/download', who: 'manager' },
  listAuditEntries: { method: 'GET', path: '/audit-entries', who: 'admin' },
  getAuditEntry: { method: 'GET', path: '/audit-entries/{entry}', who: 'admin' },
}

const service = await startService(t)
await fillStock(service)
const operationIds = Object.values(service.document.paths).flatMap((path) =>
  Object.values(path).map((each) => each.operationId),
)

async function send(to: Service, operationId: string, change: Partial<Sample> = {}): Promise<Answer> {
  const { method, path, body, headers, who }: Sample = { who: 'ada', ...(SAMPLES[operationId] as Sample), ...change }
  const answer = await to.call(who, method, await fill(path, to), body, headers)
  seen.add(`${operationId} ${answer.status} ${answer.status < 400 ? '' : answer.body.error}`.trim())
  return answer
}

/** Puts fresh things in the place of {order}, {key}, {user} and the like; {done} is a finished report. */
async function fill(path: string, at = service): Promise<string> {
  if (path.includes('{order}')) return path.replace('{order}', await at.order('ada'))
  if (path.includes('{user}')) return path.replace('{user}', await at.user())
  if (path.includes('{approval}')) return path.replace('{approval}', await at.approval())
  if (path.includes('{channel}')) return path.replace('{channel}', await at.channel())
  if (path.includes('{message}')) return path.replace('{message}', await at.message())
  if (path.includes('{letter}')) return path.replace('{letter}', await at.deadLetter())
  if (path.includes('{report}')) return path.replace('{report}', await addReport(at.storage, 'queued'))
  if (path.includes('{done}')) return path.replace('{done}', await addReport(at.storage, 'done'))
  if (path.includes('{entry}')) return path.replace('{entry}', await entryOf(at))
  if (!path.includes('{key}')) return path
  const { body } = await at.call('ada', 'POST', '/api-keys', { name: 'spare', scopes: ['order:read'] })
  return path.replace('{key}', body.id)
}

/** What the samples order must not run out. */
function fillStock({ storage }: Service) {
  return storage.db.product.update({ where: { sku: 'LAMP' }, data: { stock: 10_000 } })
}

/** Makes a new, versioned and taken what the samples find so. */
async function reset({ storage }: Service): Promise<void> {
  await storage.db.user.deleteMany({ where: { username: 'grace' } })
  await storage.db.product.deleteMany({ where: { sku: 'DESK' } })
  await storage.db.channel.deleteMany({ where: { id: hook.id } })
  await storage.db.user.update({ where: { id: ada.id }, data: { version: 1, username: 'ada', usernameKey: 'ada' } })
  await storage.db.product.update({ where: { sku: 'FAN' }, data: { version: 1 } })
  await storage.db.report.updateMany({ data: { status: 'done' } })
}

const isChange = (id: string) => (SAMPLES[id] as Sample).method !== 'GET'
/** deleteUser waits for consent; with it, it is done. */
const NEEDS_CONSENT = ['deleteUser']

/** An audit entry: of an order, which leaves one. */
async function entryOf({ order, storage }: Service): Promise<string> {
  await order('ada')
  return (await storage.db.auditEntry.findFirstOrThrow()).id
}

t.test('every operation succeeds', async (t) => {
  t.same(Object.keys(SAMPLES).sort(), operationIds.toSorted())
  for (const id of operationIds) t.ok((await send(service, id)).status < 300, id)
  for (const id of NEEDS_CONSENT) {
    const path = await fill((SAMPLES[id] as Sample).path)
    const { body } = await send(service, id, { path })
    await service.storage.db.user.update({ where: { id: PEOPLE.manager.id }, data: { role: 'admin' } })
    const data = { status: 'approved', decidedBy: PEOPLE.manager.id } as const
    await service.storage.db.approval.update({ where: { id: body.id }, data })
    t.equal((await send(service, id, { path, headers: { ...tag, 'approval-id': body.id } })).status, 204)
    await service.storage.db.user.update({ where: { id: PEOPLE.manager.id }, data: { role: 'manager' } })
  }
})

t.test('what every change can answer', async (t) => {
  // Keeps the next transaction waiting where a test wants two requests to meet.
  let hold = async () => {}
  // A policy that wants consent for everything that changes something.
  const asking = await startService(t, {
    replace: ({ policy, storage }) => ({
      storage: { ...storage, transaction: (work) => hold().then(() => storage.transaction(work)) },
      policy: {
        ...policy,
        async check(caller, action, resource, context) {
          const decision = await policy.check(caller, action, resource, context)
          const consent = decision.allow && context?.risk !== undefined && !context.approved && on
          return consent ? { allow: false, code: 'approval-required', policies: ['everything'] } : decision
        },
      },
    }),
  })
  await fillStock(asking)
  let on = false
  const fresh = async (id: string) => {
    on = false
    await reset(asking)
    const path = await fill((SAMPLES[id] as Sample).path, asking)
    on = true
    return path
  }
  for (const id of operationIds.filter(isChange)) {
    const { method, headers = {}, who = 'ada' } = SAMPLES[id] as Sample
    for (const change of [{ status: 'denied' }, { status: 'used' }, { expiresAt: new Date() }] as const) {
      const path = await fresh(id)
      const { status, body } = await send(asking, id, { path })
      t.equal(status, 202, id)
      await asking.storage.db.approval.update({ where: { id: body.id }, data: change })
      t.equal((await send(asking, id, { path, headers: { ...headers, 'approval-id': body.id } })).status, 403, id)
    }
    const path = await fresh(id)
    on = false
    const key = { 'idempotency-key': randomUUID() }
    const bare = { ...headers, 'idempotency-key': undefined }
    t.equal((await send(asking, id, { path: `${path}?dryRun=true`, headers: bare })).status, 200, id)
    if (method === 'POST') t.equal((await send(asking, id, { path, headers: bare })).status, 400, id)
    await send(asking, id, { path, headers: { ...headers, 'approval-id': UNKNOWN_ID } })
    const again = () => send(asking, id, { path, headers: { ...headers, ...key } })
    const first = await new Promise<{ answer: Promise<unknown>; release: () => void }>((reached) => {
      hold = () => {
        hold = async () => {}
        return new Promise((release) => reached({ answer, release }))
      }
      const answer = again()
    })
    t.equal((await again()).body?.error, 'request-in-flight', `${id} in flight`)
    first.release()
    await first.answer
    const of = { caller: PEOPLE[who as Person].id, key: key['idempotency-key'] }
    await asking.storage.db.idempotencyKey.update({ where: { caller_key: of }, data: { status: 200, answer: null } })
    t.equal((await send(asking, id, { path, headers: { ...headers, ...key } })).status, 410, id)
    await asking.storage.db.idempotencyKey.update({ where: { caller_key: of }, data: { digest: new Uint8Array(32) } })
    // What was done is undone, so that the request is refused for its key and for nothing else.
    await reset(asking)
    t.equal((await send(asking, id, { path, headers: { ...headers, ...key } })).status, 422, id)
  }
})

t.test('what every operation can answer', async () => {
  for (const id of operationIds) {
    const { path, body, headers } = SAMPLES[id] as Sample
    await send(service, id, { who: 'suspended' })
    await send(service, id, { headers: { ...headers, authorization: 'Bearer no' } })
    await send(service, id, { path: `${path}?colour=red`, ...(body && { body: { colour: 'red' } }) })
    await send(service, id, { path: path.replace(/\{\w+\}|[0-9a-f-]{36}|LAMP|FAN/, 'no!') })
  }
})

t.test('what operations with a body can answer', async (t) => {
  for (const id of operationIds) {
    const { method, path, headers, body, who } = SAMPLES[id] as Sample
    if (!body) continue
    const post = async (payload: string, type = 'application/json') => {
      const response = await service.app.inject({
        method: method as 'POST',
        url: `/api/v1${await fill(path)}`,
        headers: { ...headers, authorization: `Bearer ${service.keys[who ?? 'ada']}`, 'content-type': type },
        payload,
      })
      seen.add(`${id} ${response.statusCode} ${response.json().error}`)
    }
    await post('{')
    await post('x', 'text/csv')
    await post(`"${'x'.repeat(300_000)}"`)
  }
  for (const id of operationIds.filter((each) => (SAMPLES[each] as Sample).headers)) {
    await send(service, id, { headers: {} })
    const path = await fill((SAMPLES[id] as Sample).path)
    const stale = { 'if-match': '"99"' }
    const { status, body } = await send(service, id, { path, headers: stale })
    // What needs consent is tried out before anybody is asked.
    t.match({ status, body }, { status: 412, body: { error: 'precondition-failed' } }, id)
  }
})

t.test('who is refused, and how', async () => {
  const { body: narrow } = await service.call('ada', 'POST', '/api-keys', {
    name: 'narrow',
    scopes: ['api-key:create'],
  })
  const { body: other } = await service.call('ada', 'POST', '/api-keys', { name: 'other', scopes: ['caller:read'] })
  const as = (key: string) => ({ authorization: `Bearer ${key}` })
  const scoped = new Map([['ada', other.key]])
  for (const who of ['support', 'manager', 'admin'] as const) {
    const { body } = await service.call(who, 'POST', '/api-keys', { name: 'other', scopes: ['caller:read'] })
    scoped.set(who, body.key)
  }
  for (const id of operationIds) {
    const { headers, who = 'ada' } = SAMPLES[id] as Sample
    const key = id === 'getCurrentCaller' ? narrow.key : scoped.get(who)
    await send(service, id, { headers: { ...headers, ...as(key) } })
  }
  for (const id of [
    'createUser',
    'createProduct',
    'updateProduct',
    'createOrder',
    'fulfilOrder',
    'createApiKey',
    'updateUser',
  ]) {
    const body: Record<string, object> = {
      createOrder: { ...lamp, userId: ada.id },
      createApiKey: { name: 'k', scopes: ['order:read'], userId: PEOPLE.bob.id },
      updateUser: { role: 'admin' },
    }
    await send(service, id, { who: id === 'createOrder' ? 'bob' : 'ada', ...(body[id] && { body: body[id] }) })
  }
  for (const id of ['createUser', 'createApiKey', 'revokeApiKey']) await send(service, id, { who: 'adaAgent' })
  const { body: supportAgent } = await service.call('support', 'POST', '/api-keys', {
    name: 'all',
    scopes: ['*'],
    agentId: 'helper',
  })
  for (const id of ['approve', 'deny']) {
    await send(service, id, { headers: as(supportAgent.key) })
    await send(service, id, { who: 'support' })
  }
  await send(service, 'updateUser', { who: 'adaAgent', body: { role: 'admin' } })
  for (const id of ['listAuditEntries', 'getAuditEntry']) await send(service, id, { who: 'manager' })
  await send(service, 'createApiKey', { headers: as(narrow.key) })
})

t.test('what is not there, or not any more', async () => {
  for (const id of ['listUsers', 'listProducts', 'listOrders', 'listApiKeys', 'listApprovals', 'listAuditEntries']) {
    await send(service, id, { path: `${(SAMPLES[id] as Sample).path}?cursor=AAAA` })
  }
  const path = (id: string) => (SAMPLES[id] as Sample).path
  for (const id of ['getUserById', 'updateUser']) await send(service, id, { path: `/users/${UNKNOWN_ID}` })
  for (const id of ['getProductBySku', 'updateProduct']) await send(service, id, { path: '/products/NOPE' })
  for (const id of ['getOrderById', 'cancelOrder', 'fulfilOrder']) {
    await send(service, id, { path: path(id).replace('{order}', UNKNOWN_ID) })
  }
  await send(service, 'revokeApiKey', { path: `/api-keys/${'a'.repeat(24)}` })
  for (const id of ['suspendUser', 'deleteUser', 'refundOrder', 'getApproval', 'approve', 'deny', 'cancelApproval']) {
    await send(service, id, { path: path(id).replace(/\{\w+\}/, UNKNOWN_ID) })
  }
  const decided = await service.approval()
  await service.call('manager', 'POST', `/approvals/${decided}/deny`, {})
  for (const id of ['approve', 'deny', 'cancelApproval']) {
    await send(service, id, { path: path(id).replace('{approval}', decided) })
  }
  const gone = await service.user()
  await service.storage.db.user.update({ where: { id: gone }, data: { status: 'closed' } })
  await send(service, 'updateUser', { who: 'admin', path: `/users/${gone}` })
  for (const id of ['suspendUser', 'deleteUser']) {
    await send(service, id, { path: path(id).replace('{user}', gone) })
    await send(service, id, { who: 'admin', path: path(id).replace('{user}', PEOPLE.admin.id) })
  }
  await send(service, 'updateUser', { who: 'admin', path: `/users/${PEOPLE.admin.id}`, body: { role: 'manager' } })
  const refunded = await service.order('ada')
  await service.call('support', 'POST', `/orders/${refunded}/refund`, { reason: 'r' })
  await send(service, 'refundOrder', { path: path('refundOrder').replace('{order}', refunded) })
  await send(service, 'getAuditEntry', { path: `/audit-entries/${UNKNOWN_ID}` })
  const closed = await service.order('ada')
  await service.call('support', 'POST', `/orders/${closed}/fulfil`)
  for (const id of ['cancelOrder', 'fulfilOrder'])
    await send(service, id, { path: path(id).replace('{order}', closed) })
})

t.test('what is in conflict', async () => {
  await send(service, 'createUser')
  await send(service, 'createUser', { body: { ...grace, email: 'grace2@example.com' } })
  await service.storage.db.user.update({ where: { id: ada.id }, data: { version: 1 } })
  await send(service, 'updateUser', { body: { username: 'grace' } })
  await send(service, 'updateUser', { who: 'admin', body: { email: 'grace@example.com' } })
  await send(service, 'createProduct')
  for (const items of [
    [{ sku: 'NOPE', quantity: 1 }],
    [{ sku: 'MUG', quantity: 999 }],
    [
      { sku: 'LAMP', quantity: 1 },
      { sku: 'FAN', quantity: 1 },
    ],
  ]) {
    await send(service, 'createOrder', { body: { items } })
  }
  for (const id of ['createOrder', 'createApiKey']) {
    const { body } = SAMPLES[id] as Sample
    await send(service, id, { who: 'admin', body: { ...body, userId: UNKNOWN_ID } })
    await send(service, id, { who: 'admin', body: { ...body, userId: PEOPLE.suspended.id } })
  }
})

t.test('what channels and messages can answer', async () => {
  const { body: agent } = await service.call('admin', 'POST', '/api-keys', {
    name: 'all',
    scopes: ['*'],
    agentId: 'caretaker',
  })
  const { db } = service.storage
  const at = (id: string, thing: string) => ({ path: (SAMPLES[id] as Sample).path.replace(/\{\w+\}/, thing) })
  for (const id of ['createChannel', 'removeChannel', 'rotateChannelSecret']) {
    await send(service, id, { headers: { authorization: `Bearer ${agent.key}` } })
  }
  for (const id of ['listChannels', 'listMessages', 'listDeadLetters']) {
    await send(service, id, { path: `${(SAMPLES[id] as Sample).path}?cursor=AAAA` })
  }
  for (const id of ['removeChannel', 'rotateChannelSecret', 'getMessage', 'retryDeadLetter']) {
    await send(service, id, at(id, UNKNOWN_ID))
  }
  await send(service, 'createChannel')
  await send(service, 'createChannel', { body: { ...hook, id: 'inside', target: 'https://127.0.0.1/' } })
  await send(service, 'removeChannel', at('removeChannel', 'team'))
  await send(service, 'sendMessage', { body: { channel: 'nowhere', text: 'Hello.' } })
  const letter = await service.deadLetter(hook.id)
  for (const data of [{ disabledAt: new Date() }, { disabledAt: null, removedAt: new Date() }]) {
    await db.channel.update({ where: { id: hook.id }, data })
    await send(service, 'sendMessage', { body: { channel: hook.id, text: 'Hello.' } })
    await send(service, 'retryDeadLetter', at('retryDeadLetter', letter))
  }
})

t.test('reports that are not there, not done or finished, and who asks for them', async () => {
  const path = (id: string) => (SAMPLES[id] as Sample).path
  for (const id of ['createReport', 'listReports']) await send(service, id, { who: 'ada' })
  await addReport(service.storage, 'queued')
  await send(service, 'createReport')
  await send(service, 'listReports', { path: '/reports?cursor=AAAA' })
  for (const id of ['getReport', 'cancelReport', 'downloadReport']) {
    await send(service, id, { path: path(id).replace(/\{\w+\}/, UNKNOWN_ID) })
  }
  await send(service, 'cancelReport', { path: path('cancelReport').replace('{report}', '{done}') })
  await send(service, 'downloadReport', { path: path('downloadReport').replace('{done}', '{report}') })
  await send(service, 'downloadReport', { path: `${path('downloadReport')}?format=csv` })
})

t.test('what the service itself can fail in', async (t) => {
  const limited = await startService(t, { requestsPerMinute: 1 })
  await limited.call('ada', 'GET', '/me')
  const full = await startService(t, { limits: { concurrentRequests: 0 } })
  const crashing = await startService(t, {
    replace: ({ policy }) => ({ policy: { ...policy, check: () => Promise.reject(new Error('crash')) } }),
  })
  // Another policy than ours may refuse anything that the person could see.
  const strict = await startService(t, {
    replace: ({ policy }) => ({
      policy: {
        ...policy,
        check: async ({ agentId }) => ({ allow: agentId === undefined, policies: [] }),
        visible: async () => ({ decision: { allow: false, policies: [] } }),
      },
    }),
  })
  const orderId = await strict.order('ada')
  const approval = await service.storage.db.approval.findFirstOrThrow()
  await strict.storage.db.approval.create({ data: approval })
  const messageId = await strict.message()
  const [spare] = await strict.storage.db.apiKey.findMany()
  // Nobody listens on port 1.
  const unreachable = toStorage(connect('postgres://127.0.0.1:1/none'))
  const cut = await startService(t, { replace: () => ({ storage: unreachable }) })
  for (const id of operationIds) {
    const lost = { path: (SAMPLES[id] as Sample).path.replace('{key}', 'a'.repeat(24)).replace(/\{\w+\}/, UNKNOWN_ID) }
    const there = (SAMPLES[id] as Sample).path
      .replace('{order}', orderId)
      .replace('{key}', spare?.id ?? '')
      .replace('{user}', PEOPLE.bob.id)
      .replace('{approval}', approval.id)
      .replace('{channel}', 'team')
      .replace('{entry}', UNKNOWN_ID)
      .replace(/\{(message|letter)\}/, messageId)
    t.equal((await send(strict, id, { path: there, who: 'adaAgent' })).body.error, 'forbidden', id)
    t.equal((await send(limited, id, lost)).status, 429, id)
    t.equal((await send(full, id, lost)).body.error, 'reduced-capacity', id)
    t.equal((await send(crashing, id, lost)).status, 500, id)
    const { status, headers } = await send(cut, id, lost)
    t.equal(status, 503, id)
    t.equal(Number(headers['retry-after']), 1)
  }
  t.equal((await cut.app.inject('/readyz')).statusCode, 503)
})

t.test('nothing is declared that was not seen', async (t) => {
  const declared = Object.values(service.document.paths).flatMap((path) =>
    Object.values(path).flatMap(({ operationId, responses }) =>
      Object.entries(responses).flatMap(([status, { content }]) => {
        const codes = Object.keys(content?.['application/problem+json']?.examples ?? {})
        return codes.length > 0 ? codes.map((code) => `${operationId} ${status} ${code}`) : [`${operationId} ${status}`]
      }),
    ),
  )
  t.same(
    declared.filter((each) => !seen.has(each)),
    [],
  )
  t.same(
    [...seen].filter((each) => !declared.includes(each) && !each.includes('route-not-found')),
    [],
  )
})
