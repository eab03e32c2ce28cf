import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import t from 'tap'
import { onEachDatabase } from '../support/database.ts'
import { PEOPLE, type Service, startService } from '../support/service.ts'

/** What an attacker tried once: each of these was open before it was closed. */

const REASON = { reason: 'It arrived broken.' }
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const newKey = (service: Service, who: 'admin' | 'support' | 'manager', body: object) =>
  service.call(who, 'POST', '/api-keys', { name: 'k', scopes: ['*'], ...body })

t.test('nobody consents to their own request with a key that they made for somebody else', async (t) => {
  const service = await startService(t)
  const order = await service.order('ada', 'LAMP', 3)
  const { body: asked } = await service.call('admin', 'POST', `/orders/${order}/refund`, REASON)
  const { body: made } = await newKey(service, 'admin', { userId: PEOPLE.manager.id })
  const path = `/approvals/${asked.id}/approve`
  const approve = (key: string) => service.call(undefined, 'POST', path, {}, bearer(key))
  t.match((await approve(made.key)).body, { error: 'own-approval' })
  // Nor with a key that was made with that one.
  const child = { ...bearer(made.key), 'idempotency-key': randomUUID() }
  const { body: grandchild } = await service.call(undefined, 'POST', '/api-keys', { name: 'k', scopes: ['*'] }, child)
  t.match((await approve(grandchild.key)).body, { error: 'own-approval' })
  t.equal((await service.call('manager', 'POST', path, {})).status, 200, 'the manager themselves may')
})

onEachDatabase(t, 'a refund in parts needs consent as soon as the parts add up', async (t, database) => {
  const service = await startService(t, { database })
  const path = `/orders/${await service.order('ada', 'LAMP', 4)}/refund`
  const part = () => service.call('support', 'POST', path, { ...REASON, amount: 4000 })
  const answers = await Promise.all([part(), part(), part(), part()])
  t.same(answers.map(({ status }) => status).sort(), [200, 200, 202, 202])
  t.equal((await service.storage.db.order.findFirstOrThrow()).refundedAmount, 8000n)
})

t.test('what was denied stays denied under its key, even if it needed no consent by now', async (t) => {
  const service = await startService(t)
  const order = await service.order('ada', 'LAMP', 3)
  const key = { 'idempotency-key': randomUUID() }
  const { body } = await service.call('support', 'POST', `/orders/${order}/refund`, REASON, key)
  await service.call('manager', 'POST', `/approvals/${body.id}/deny`, {})
  await service.storage.db.order.update({ where: { id: order }, data: { totalAmount: 5000n } })
  t.match((await service.call('support', 'POST', `/orders/${order}/refund`, REASON, key)).body, {
    error: 'approval-denied',
  })
})

t.test('a refund to oneself needs consent, and nobody consents to what is done to what is theirs', async (t) => {
  const service = await startService(t)
  const own = await service.order('support')
  t.match((await service.call('support', 'POST', `/orders/${own}/refund`, REASON)).body, {
    reasons: ['refunds-to-oneself-need-approval'],
  })
  const order = await service.order('manager', 'LAMP', 3)
  const { body } = await service.call('support', 'POST', `/orders/${order}/refund`, REASON)
  t.match((await service.call('manager', 'POST', `/approvals/${body.id}/approve`, {})).body, { error: 'own-approval' })
})

t.test('consent ends with the right of whoever gave it, and is held against the thing as it is', async (t) => {
  const service = await startService(t)
  const { db } = service.storage
  const { body: agent } = await newKey(service, 'admin', { agentId: 'helper' })
  const user = await service.user()
  const headers = { ...bearer(agent.key), 'idempotency-key': randomUUID() }
  const suspend = (more = {}) =>
    service.call(undefined, 'POST', `/users/${user}/suspend`, undefined, { ...headers, ...more })
  const { body } = await suspend()
  t.equal((await service.call('manager', 'POST', `/approvals/${body.id}/approve`, {})).status, 200)
  const use = () => suspend({ 'approval-id': body.id })
  await db.user.update({ where: { id: PEOPLE.manager.id }, data: { status: 'suspended' } })
  t.match((await use()).body, { error: 'approval-invalid' }, 'suspended since')
  await db.user.update({ where: { id: PEOPLE.manager.id }, data: { status: 'active' } })
  await db.user.update({ where: { id: user }, data: { role: 'admin' } })
  t.match((await use()).body, { error: 'approval-invalid' }, 'a manager may not suspend an administrator')
  await db.user.update({ where: { id: user }, data: { role: 'customer' } })
  t.equal((await use()).status, 200)
})

t.test('what one may not read is not shown by trying to change it', async (t) => {
  const service = await startService(t)
  const scopes = ['caller:read', 'user:suspend', 'approval:read']
  const { body } = await newKey(service, 'manager', { agentId: 'blind', scopes })
  const user = await service.user()
  const path = `/users/${user}/suspend`
  const hidden = { effect: { before: null, after: null } }
  t.match((await service.call(undefined, 'GET', `/users/${user}`, undefined, bearer(body.key))).status, 403)
  const dry = await service.call(undefined, 'POST', `${path}?dryRun=true`, undefined, bearer(body.key))
  t.match(dry, { status: 200, body: hidden })
  const asked = await service.call(undefined, 'POST', path, undefined, bearer(body.key))
  t.match(asked, { status: 202, body: hidden })
  const read = `/approvals/${asked.body.id}`
  t.match((await service.call(undefined, 'GET', read, undefined, bearer(body.key))).body, hidden)
  t.match((await service.call('admin', 'GET', read)).body, { effect: { after: { status: 'suspended' } } })

  const order = await service.order('ada', 'LAMP', 3)
  const { body: own } = await service.call('support', 'POST', `/orders/${order}/refund`, REASON)
  await service.storage.db.user.update({ where: { id: PEOPLE.support.id }, data: { role: 'customer' } })
  t.match((await service.call('support', 'GET', `/approvals/${own.id}`)).body, hidden, 'a right that was lost')
  t.match((await service.call('support', 'GET', '/approvals')).body.items, [hidden])
})

onEachDatabase(
  t,
  'the same request waits for one decision, also when it is sent many times at once',
  async (t, database) => {
    const service = await startService(t, { database })
    const path = `/orders/${await service.order('ada', 'LAMP', 3)}/refund`
    const answers = await Promise.all(Array.from({ length: 8 }, () => service.call('support', 'POST', path, REASON)))
    t.equal(new Set(answers.map(({ body }) => body.id)).size, 1)
  },
)

t.test('so many requests of one person may wait, and no more', async (t) => {
  const service = await startService(t)
  await service.approval()
  const { id: _, ...one } = await service.storage.db.approval.findFirstOrThrow()
  await service.storage.db.approval.createMany({
    data: Array.from({ length: 99 }, () => ({ ...one, id: randomUUID() })),
  })
  const order = await service.order('ada', 'LAMP', 3)
  const { status, body } = await service.call('support', 'POST', `/orders/${order}/refund`, REASON)
  t.match({ status, body }, { status: 429, body: { error: 'quota-exceeded' } })
})

t.test('an approval that could not be used is used with the same key later', async (t) => {
  const service = await startService(t)
  const { db } = service.storage
  const order = await service.order('ada', 'LAMP', 3)
  const key = { 'idempotency-key': randomUUID() }
  const send = (more = {}) =>
    service.call('support', 'POST', `/orders/${order}/refund`, { ...REASON, amount: 14_985 }, { ...key, ...more })
  const { body } = await send()
  await service.call('manager', 'POST', `/approvals/${body.id}/approve`, {})
  await db.order.update({ where: { id: order }, data: { refundedAmount: 1n } })
  t.match((await send({ 'approval-id': body.id })).body, { error: 'refund-too-large' })
  await db.order.update({ where: { id: order }, data: { refundedAmount: 0n } })
  t.equal((await send({ 'approval-id': body.id })).status, 200)
})

t.test('an agent changes the accounts of others with consent only', async (t) => {
  const service = await startService(t)
  const { body } = await newKey(service, 'admin', { agentId: 'helper' })
  const headers = { ...bearer(body.key), 'if-match': '"1"' }
  const change = { profile: { fullName: 'Erased' } }
  t.equal((await service.call(undefined, 'PATCH', `/users/${PEOPLE.ada.id}`, change, headers)).status, 202)
  t.equal(
    (await service.call('adaAgent', 'PATCH', `/users/${PEOPLE.ada.id}`, change, { 'if-match': '"1"' })).status,
    200,
  )
})

t.test('a refusal is recorded even if the client is gone before it can be told', async (t) => {
  const service = await startService(t)
  await service.app.listen({ port: 0 })
  const { port } = service.app.server.address() as AddressInfo
  for (let index = 0; index < 20; index++) {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket
      .resume()
      .end(
        `DELETE /api/v1/users/${PEOPLE.ada.id} HTTP/1.1\r\nhost: x\r\nif-match: "1"\r\nauthorization: Bearer ${service.keys.ada}\r\n\r\n`,
      )
    await once(socket, 'close')
  }
  const denied = () => service.storage.db.auditEntry.count({ where: { outcome: 'denied', operationId: 'deleteUser' } })
  const giveUp = Date.now() + 10_000
  while ((await denied()) < 20 && Date.now() < giveUp) await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(await denied(), 20)
})

t.test('with an account go the words about the person, wherever they stand', async (t) => {
  const service = await startService(t)
  const { call, storage } = service
  const key = { 'idempotency-key': randomUUID() }
  const secret = 'Augusta Byron'
  const profile = { fullName: secret, phone: '+442071234567' }
  const account = { email: 'augusta@example.com', username: 'augusta', profile }
  const { body: user } = await call('admin', 'POST', '/users', account, key)
  const { body: order } = await call('support', 'POST', '/orders', {
    userId: user.id,
    items: [{ sku: 'LAMP', quantity: 3 }],
    note: secret,
  })
  await call('support', 'POST', `/orders/${order.id}/refund`, { reason: `${secret} is angry.` })
  await call('support', 'POST', `/orders/${order.id}/refund`, { reason: `${secret} is sad.`, amount: 1 })
  await call('support', 'POST', `/orders/${order.id}/cancel`, { reason: `${secret} called.` })
  await call('support', 'POST', '/messages', {
    channel: 'team',
    text: `Call ${secret}.`,
    about: { type: 'user', id: user.id },
  })
  await storage.db.user.update({ where: { id: PEOPLE.manager.id }, data: { role: 'admin' } })
  const tag = { 'if-match': '"1"' }
  const { body: asked } = await call('admin', 'DELETE', `/users/${user.id}`, undefined, tag)
  await call('manager', 'POST', `/approvals/${asked.id}/approve`, {})
  const gone = await call('admin', 'DELETE', `/users/${user.id}`, undefined, { ...tag, 'approval-id': asked.id })
  t.equal(gone.status, 204)

  const tables = await storage.sql<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
  )
  for (const { name } of tables) {
    const rows = await storage.sql<{ text: string }>(`SELECT x::text AS text FROM "${name}" x`)
    for (const personal of [secret, 'augusta', '442071234567']) {
      t.notOk(
        rows.some(({ text }) => text.includes(personal)),
        `${personal} in ${name}`,
      )
    }
  }
  t.match(await call('admin', 'POST', '/users', account, key), { status: 410, body: { error: 'answer-erased' } })
})
