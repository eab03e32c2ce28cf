import t from 'tap'
import type { Document } from '../../api/openapi.ts'
import { addReport } from '../support/sales.ts'
import { type Credential, PEOPLE, startService, UNKNOWN_ID } from '../support/service.ts'

/** Every operation on things of Ada, of Bob and of nobody, by everyone. Bob is the customer to whom Ada is a stranger. */
const CALLERS: (Credential | undefined)[] = [
  'ada',
  'adaAgent',
  'bob',
  'agent',
  'support',
  'manager',
  'admin',
  'suspended',
  undefined,
]

interface Row {
  operationId: string
  method: string
  /** Ada's things are {order} and {key}; each row gets fresh ones. */
  path: string
  body?: object
  ifMatch?: boolean
  /** One status for each of CALLERS. */
  expected: number[]
}

const lamp = { items: [{ sku: 'LAMP', quantity: 1 }] }
const ada = PEOPLE.ada.id
const newUser = { email: 'new@example.com', username: 'newcomer', profile: { fullName: 'New Comer' } }
const newProduct = { sku: 'NEW', name: 'New', description: '', price: { amount: 1, currency: 'EUR' }, stock: 1 }
const newKey = { name: 'k', scopes: ['order:read'] }

const ROWS: Row[] = [
  //                                                                                          ada  aAg  bob  agt  sup  mgr  adm  sus  none
  {
    operationId: 'getCurrentCaller',
    method: 'GET',
    path: '/me',
    expected: [200, 200, 200, 200, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'createUser',
    method: 'POST',
    path: '/users',
    body: newUser,
    expected: [403, 403, 403, 403, 403, 403, 201, 403, 401],
  },
  { operationId: 'listUsers', method: 'GET', path: '/users', expected: [200, 200, 200, 200, 200, 200, 200, 403, 401] },
  {
    operationId: 'getUserById',
    method: 'GET',
    path: `/users/${ada}`,
    expected: [200, 200, 404, 200, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'getUserById',
    method: 'GET',
    path: `/users/${UNKNOWN_ID}`,
    expected: [404, 404, 404, 404, 404, 404, 404, 403, 401],
  },
  {
    operationId: 'updateUser',
    method: 'PATCH',
    path: `/users/${ada}`,
    ifMatch: true,
    body: { preferences: { marketingConsent: true } },
    expected: [200, 200, 404, 403, 403, 403, 200, 403, 401],
  },
  {
    operationId: 'updateUser',
    method: 'PATCH',
    path: `/users/${ada}`,
    ifMatch: true,
    body: { role: 'admin' },
    expected: [403, 403, 404, 403, 403, 403, 200, 403, 401],
  },
  {
    operationId: 'updateUser',
    method: 'PATCH',
    path: `/users/${ada}`,
    ifMatch: true,
    body: { email: 'x@example.com' },
    expected: [403, 403, 404, 403, 403, 403, 200, 403, 401],
  },
  {
    operationId: 'listProducts',
    method: 'GET',
    path: '/products',
    expected: [200, 200, 200, 200, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'getProductBySku',
    method: 'GET',
    path: '/products/LAMP',
    expected: [200, 200, 200, 200, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'createProduct',
    method: 'POST',
    path: '/products',
    body: newProduct,
    expected: [403, 403, 403, 403, 403, 201, 201, 403, 401],
  },
  {
    operationId: 'updateProduct',
    method: 'PATCH',
    path: '/products/LAMP',
    ifMatch: true,
    body: { stock: 9000 },
    expected: [403, 403, 403, 403, 403, 200, 200, 403, 401],
  },
  {
    operationId: 'createOrder',
    method: 'POST',
    path: '/orders',
    body: lamp,
    expected: [201, 201, 201, 403, 201, 201, 201, 403, 401],
  },
  {
    operationId: 'createOrder',
    method: 'POST',
    path: '/orders',
    body: { ...lamp, userId: ada },
    expected: [201, 201, 403, 403, 201, 201, 201, 403, 401],
  },
  {
    operationId: 'listOrders',
    method: 'GET',
    path: '/orders',
    expected: [200, 200, 200, 200, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'getOrderById',
    method: 'GET',
    path: '/orders/{order}',
    expected: [200, 200, 404, 200, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'getOrderById',
    method: 'GET',
    path: `/orders/${UNKNOWN_ID}`,
    expected: [404, 404, 404, 404, 404, 404, 404, 403, 401],
  },
  {
    operationId: 'cancelOrder',
    method: 'POST',
    path: '/orders/{order}/cancel',
    body: { reason: 'r' },
    expected: [200, 200, 404, 200, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'cancelOrder',
    method: 'POST',
    path: `/orders/${UNKNOWN_ID}/cancel`,
    body: { reason: 'r' },
    expected: [404, 404, 404, 404, 404, 404, 404, 403, 401],
  },
  {
    operationId: 'fulfilOrder',
    method: 'POST',
    path: '/orders/{order}/fulfil',
    expected: [403, 403, 404, 403, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'createApiKey',
    method: 'POST',
    path: '/api-keys',
    body: newKey,
    expected: [201, 403, 201, 403, 201, 201, 201, 403, 401],
  },
  {
    operationId: 'createApiKey',
    method: 'POST',
    path: '/api-keys',
    body: { ...newKey, userId: ada },
    expected: [201, 403, 403, 403, 403, 403, 201, 403, 401],
  },
  {
    operationId: 'listApiKeys',
    method: 'GET',
    path: '/api-keys',
    expected: [200, 200, 200, 403, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'revokeApiKey',
    method: 'DELETE',
    path: '/api-keys/{key}',
    expected: [204, 403, 404, 404, 404, 404, 204, 403, 401],
  },
  {
    operationId: 'refundOrder',
    method: 'POST',
    path: '/orders/{order}/refund',
    body: { reason: 'r' },
    expected: [403, 403, 404, 403, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'suspendUser',
    method: 'POST',
    path: '/users/{user}/suspend',
    expected: [404, 404, 404, 403, 403, 200, 200, 403, 401],
  },
  {
    operationId: 'suspendUser',
    method: 'POST',
    path: `/users/${PEOPLE.manager.id}/suspend`,
    expected: [404, 404, 404, 403, 403, 403, 200, 403, 401],
  },
  {
    operationId: 'deleteUser',
    method: 'DELETE',
    path: '/users/{user}',
    ifMatch: true,
    expected: [404, 404, 404, 403, 403, 403, 202, 403, 401],
  },
  {
    operationId: 'listApprovals',
    method: 'GET',
    path: '/approvals',
    expected: [200, 200, 200, 403, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'getApproval',
    method: 'GET',
    path: '/approvals/{approval}',
    expected: [404, 404, 404, 403, 200, 200, 200, 403, 401],
  },
  ...['approve', 'deny'].map((decision) => ({
    operationId: decision,
    method: 'POST',
    path: `/approvals/{approval}/${decision}`,
    body: {},
    expected: [404, 404, 404, 403, 403, 200, 200, 403, 401],
  })),
  {
    operationId: 'cancelApproval',
    method: 'POST',
    path: '/approvals/{approval}/cancel',
    expected: [404, 404, 404, 403, 200, 403, 200, 403, 401],
  },
  {
    operationId: 'listChannels',
    method: 'GET',
    path: '/channels',
    expected: [403, 403, 403, 403, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'createChannel',
    method: 'POST',
    path: '/channels',
    body: { id: 'new-one', kind: 'inbox', name: 'New', team: true },
    expected: [403, 403, 403, 403, 403, 403, 201, 403, 401],
  },
  {
    operationId: 'removeChannel',
    method: 'DELETE',
    path: '/channels/{channel}',
    expected: [404, 404, 404, 403, 403, 403, 204, 403, 401],
  },
  {
    operationId: 'rotateChannelSecret',
    method: 'POST',
    path: '/channels/{channel}/rotate-secret',
    expected: [404, 404, 404, 403, 403, 403, 200, 403, 401],
  },
  {
    operationId: 'sendMessage',
    method: 'POST',
    path: '/messages',
    body: { channel: 'team', text: 'Hello.' },
    expected: [404, 404, 404, 403, 201, 201, 201, 403, 401],
  },
  {
    operationId: 'listMessages',
    method: 'GET',
    path: '/messages',
    expected: [403, 403, 403, 403, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'getMessage',
    method: 'GET',
    path: '/messages/{message}',
    expected: [404, 404, 404, 403, 200, 200, 200, 403, 401],
  },
  {
    operationId: 'listDeadLetters',
    method: 'GET',
    path: '/dead-letters',
    expected: [403, 403, 403, 403, 403, 403, 200, 403, 401],
  },
  {
    operationId: 'retryDeadLetter',
    method: 'POST',
    path: '/dead-letters/{letter}/retry',
    expected: [404, 404, 404, 404, 404, 404, 200, 403, 401],
  },
  {
    operationId: 'createReport',
    method: 'POST',
    path: '/reports',
    body: { groupBy: 'day', from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' },
    expected: [403, 403, 403, 403, 403, 202, 202, 403, 401],
  },
  {
    operationId: 'listReports',
    method: 'GET',
    path: '/reports',
    expected: [403, 403, 403, 403, 403, 200, 200, 403, 401],
  },
  ...[`/reports/${UNKNOWN_ID}`, '/reports/{report}'].map((path, exists) => ({
    operationId: 'getReport',
    method: 'GET',
    path,
    expected: [404, 404, 404, 404, 404, ...(exists ? [200, 200] : [404, 404]), 403, 401],
  })),
  {
    operationId: 'cancelReport',
    method: 'POST',
    path: '/reports/{report}/cancel',
    expected: [404, 404, 404, 404, 404, 200, 200, 403, 401],
  },
  {
    operationId: 'downloadReport',
    method: 'GET',
    path: '/reports/{report}/download',
    expected: [404, 404, 404, 404, 404, 409, 409, 403, 401],
  },
  {
    operationId: 'listAuditEntries',
    method: 'GET',
    path: '/audit-entries',
    expected: [403, 403, 403, 403, 403, 403, 200, 403, 401],
  },
  {
    operationId: 'getAuditEntry',
    method: 'GET',
    path: `/audit-entries/${UNKNOWN_ID}`,
    expected: [403, 403, 403, 403, 403, 403, 404, 403, 401],
  },
]

t.test('the table speaks of every operation', async (t) => {
  const { document } = await startService(t)
  t.same([...new Set(ROWS.map(({ operationId }) => operationId))].sort(), operationIds(document))
})

const service = await startService(t)
const { call, storage } = service
await storage.db.product.updateMany({ where: { sku: 'LAMP' }, data: { stock: 10_000 } })

for (const row of ROWS) {
  t.test(`${row.operationId} ${row.method} ${row.path} ${JSON.stringify(row.body ?? '')}`, async (t) => {
    // What one caller changes must not be in the way of the next: every call meets fresh things of Ada.
    for (const [index, who] of CALLERS.entries()) {
      const order = await service.order('ada')
      const { body: key } = await call('ada', 'POST', '/api-keys', { name: 'spare', scopes: ['order:read'] })
      await storage.db.user.updateMany({ where: { id: ada }, data: { role: 'customer', email: 'ada@example.com' } })
      await storage.db.user.deleteMany({ where: { username: 'newcomer' } })
      await storage.db.product.deleteMany({ where: { sku: 'NEW' } })
      await storage.db.channel.deleteMany({ where: { id: 'new-one' } })
      await storage.db.user.updateMany({ where: { id: PEOPLE.manager.id }, data: { status: 'active' } })
      const path = await fill(row.path, { order, key: key.id })
      const tag = row.ifMatch ? String((await call('admin', 'GET', path)).headers.etag) : undefined
      const { status, body } = await call(who, row.method, path, row.body, tag ? { 'if-match': tag } : {})
      t.equal(status, row.expected[index], `${who ?? 'nobody'} gets ${row.expected[index]} (${body?.error ?? 'done'})`)
      if (status >= 400) t.equal(body.status, status)
    }
  })
}

async function fill(path: string, { order, key }: { order: string; key: string }): Promise<string> {
  const filled = path.replace('{order}', order).replace('{key}', key)
  if (path.includes('{channel}')) return filled.replace('{channel}', await service.channel())
  if (path.includes('{message}')) return filled.replace('{message}', await service.message())
  if (path.includes('{letter}')) return filled.replace('{letter}', await service.deadLetter())
  if (path.includes('{report}')) return filled.replace('{report}', await addReport(storage, 'queued'))
  if (path.includes('{user}')) return filled.replace('{user}', await service.user())
  return path.includes('{approval}') ? filled.replace('{approval}', await service.approval()) : filled
}

t.test('an account that is suspended is told so, whatever it asks for', async (t) => {
  const { call } = await startService(t)
  for (const path of ['/me', '/orders', `/users/${PEOPLE.bob.id}`]) {
    t.match((await call('suspended', 'GET', path)).body, { error: 'account-not-active' })
  }
})

t.test('a list shows exactly what single reads show', async (t) => {
  const service = await startService(t)
  const orders = [await service.order('ada'), await service.order('bob'), await service.order('support')]
  const keys = (await service.storage.db.apiKey.findMany()).map(({ id }) => id)
  const things: [string, string[]][] = [
    ['/orders', orders],
    ['/users', Object.values(PEOPLE).map(({ id }) => id)],
  ]
  for (const who of ['ada', 'adaAgent', 'bob', 'agent', 'support', 'manager', 'admin'] as const) {
    for (const [path, all] of things) {
      const { body } = await service.call(who, 'GET', `${path}?limit=100`)
      const listed = body.items.map(({ id }: { id: string }) => id).sort()
      const readable = []
      for (const id of all) if ((await service.call(who, 'GET', `${path}/${id}`)).status === 200) readable.push(id)
      t.same(listed, readable.sort(), `${who} ${path}`)
    }
    if (who === 'agent') continue
    const { body } = await service.call(who, 'GET', '/api-keys?limit=100')
    const own = await service.storage.db.apiKey.count({
      where: { userId: PEOPLE[who === 'adaAgent' ? 'ada' : who].id },
    })
    t.equal(body.items.length, who === 'admin' ? keys.length : own, `${who} /api-keys`)
  }
})

function operationIds(document: Document): string[] {
  return Object.values(document.paths)
    .flatMap((path) => Object.values(path).map(({ operationId }) => operationId))
    .sort()
}
