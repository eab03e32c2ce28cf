import { PrismaPg } from '@prisma/adapter-pg'
import t from 'tap'
import { toStorage } from '../../src/storage/storage.ts'
import type { Answer } from '../support/contract.ts'
import { type Credential, PEOPLE, type Service, startService, UNKNOWN_ID } from '../support/service.ts'

/**
 * Provokes each answer that the document declares, success and failure, and checks it. `call` holds every answer
 * against the document; what is left to prove is that nothing is declared that cannot happen.
 */
const seen = new Set<string>()

const lamp = { items: [{ sku: 'LAMP', quantity: 1 }] }
const { ada } = PEOPLE
const grace = { email: 'grace@example.com', username: 'grace', profile: { fullName: 'Grace Hopper' } }
const desk = { sku: 'DESK', name: 'Desk', description: '', price: { amount: 1, currency: 'EUR' }, stock: 1 }
const tag = { 'if-match': '"1"' }

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
}

const service = await startService(t)
const operationIds = Object.values(service.document.paths).flatMap((path) =>
  Object.values(path).map((each) => each.operationId),
)

async function send(to: Service, operationId: string, change: Partial<Sample> = {}): Promise<Answer> {
  const { method, path, body, headers, who }: Sample = { who: 'ada', ...(SAMPLES[operationId] as Sample), ...change }
  const answer = await to.call(who, method, await fill(path), body, headers)
  seen.add(`${operationId} ${answer.status} ${answer.status < 400 ? '' : answer.body.error}`.trim())
  return answer
}

async function fill(path: string): Promise<string> {
  if (path.includes('{order}')) return path.replace('{order}', await service.order('ada'))
  if (!path.includes('{key}')) return path
  const { body } = await service.call('ada', 'POST', '/api-keys', { name: 'spare', scopes: ['order:read'] })
  return path.replace('{key}', body.id)
}

t.test('every operation succeeds', async (t) => {
  t.same(Object.keys(SAMPLES).sort(), operationIds.toSorted())
  for (const id of operationIds) t.ok((await send(service, id)).status < 300, id)
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
    if (!headers) continue
    await send(service, id, { headers: {} })
    t.equal((await send(service, id, { headers: { 'if-match': '"99"' } })).status, 412, id)
  }
})

t.test('who is refused, and how', async () => {
  const { body: narrow } = await service.call('ada', 'POST', '/api-keys', {
    name: 'narrow',
    scopes: ['api-key:create'],
  })
  const { body: other } = await service.call('ada', 'POST', '/api-keys', { name: 'other', scopes: ['caller:read'] })
  const as = (key: string) => ({ authorization: `Bearer ${key}` })
  for (const id of operationIds) {
    const { headers } = SAMPLES[id] as Sample
    await send(service, id, { headers: { ...headers, ...as(id === 'getCurrentCaller' ? narrow.key : other.key) } })
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
  await send(service, 'updateUser', { who: 'adaAgent', body: { role: 'admin' } })
  await send(service, 'createApiKey', { headers: as(narrow.key) })
})

t.test('what is not there, or not any more', async () => {
  for (const id of ['listUsers', 'listProducts', 'listOrders', 'listApiKeys']) {
    await send(service, id, { path: `${(SAMPLES[id] as Sample).path}?cursor=AAAA` })
  }
  const path = (id: string) => (SAMPLES[id] as Sample).path
  for (const id of ['getUserById', 'updateUser']) await send(service, id, { path: `/users/${UNKNOWN_ID}` })
  for (const id of ['getProductBySku', 'updateProduct']) await send(service, id, { path: '/products/NOPE' })
  for (const id of ['getOrderById', 'cancelOrder', 'fulfilOrder']) {
    await send(service, id, { path: path(id).replace('{order}', UNKNOWN_ID) })
  }
  await send(service, 'revokeApiKey', { path: `/api-keys/${'a'.repeat(24)}` })
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

t.test('what the service itself can fail in', async (t) => {
  const limited = await startService(t, { requestsPerMinute: 1 })
  await limited.call('ada', 'GET', '/me')
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
  const [spare] = await strict.storage.db.apiKey.findMany()
  // Nobody listens on port 1.
  const unreachable = toStorage({ adapter: new PrismaPg({ host: '127.0.0.1', port: 1 }), close: async () => {} })
  const cut = await startService(t, { replace: () => ({ storage: unreachable }) })
  for (const id of operationIds) {
    const lost = { path: (SAMPLES[id] as Sample).path.replace('{order}', UNKNOWN_ID).replace('{key}', 'a'.repeat(24)) }
    const there = (SAMPLES[id] as Sample).path.replace('{order}', orderId).replace('{key}', spare?.id ?? '')
    t.equal((await send(strict, id, { path: there, who: 'adaAgent' })).body.error, 'forbidden', id)
    t.equal((await send(limited, id, lost)).status, 429, id)
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
