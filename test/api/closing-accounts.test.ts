import t from 'tap'
import { PEOPLE, type Service, startService } from '../support/service.ts'

/** Closes an account with the consent of a second administrator. */
async function close(service: Service, userId: string) {
  const { storage, call } = service
  await storage.db.user.update({ where: { id: PEOPLE.manager.id }, data: { role: 'admin' } })
  const tag = { 'if-match': String((await call('admin', 'GET', `/users/${userId}`)).headers.etag) }
  const { body } = await call('admin', 'DELETE', `/users/${userId}`, undefined, tag)
  await call('manager', 'POST', `/approvals/${body.id}/approve`, {})
  return call('admin', 'DELETE', `/users/${userId}`, undefined, { ...tag, 'approval-id': body.id })
}

t.test('a closed account keeps its orders and nothing personal', async (t) => {
  const service = await startService(t)
  const { storage, call } = service
  const note = 'Ring at the door of Ada Lovelace'
  const { body: order } = await call('ada', 'POST', '/orders', { items: [{ sku: 'LAMP', quantity: 1 }], note })
  await storage.db.user.update({
    where: { id: PEOPLE.ada.id },
    data: { phone: '+442071234567', marketingConsent: true },
  })
  t.equal((await close(service, PEOPLE.ada.id)).status, 204)

  const user = await storage.db.user.findUniqueOrThrow({ where: { id: PEOPLE.ada.id } })
  t.match(user, {
    status: 'closed',
    role: 'customer',
    phone: null,
    marketingConsent: false,
    fullName: 'Closed account',
  })
  t.match(user.username, /^closed_[0-9a-f]{12}$/)
  const dump = JSON.stringify(
    [
      user,
      await storage.db.order.findMany(),
      await storage.db.approval.findMany(),
      await storage.db.auditEntry.findMany(),
      await storage.db.message.findMany(),
    ],
    (_, value) => (typeof value === 'bigint' ? String(value) : value),
  )
  for (const personal of ['ada@example.com', 'ada Tester', '442071234567', 'Lovelace']) t.notMatch(dump, personal)
  t.equal(await storage.db.idempotencyKey.count({ where: { caller: PEOPLE.ada.id } }), 0)

  t.match(await call('support', 'GET', `/orders/${order.id}`), {
    status: 200,
    body: { total: { amount: 4995 }, note: null },
  })
  t.equal((await call('ada', 'GET', '/me')).status, 401, 'the keys ended')
  t.equal((await call('adaAgent', 'GET', '/me')).status, 401)
})

t.test('a closed account stays closed', async (t) => {
  const service = await startService(t)
  const user = await service.user()
  t.equal((await close(service, user)).status, 204)
  const tag = { 'if-match': '"2"' }
  t.match((await service.call('admin', 'PATCH', `/users/${user}`, { status: 'active' }, tag)).body, {
    error: 'user-closed',
  })
  t.match((await service.call('admin', 'POST', `/users/${user}/suspend`)).body, { error: 'user-closed' })
  t.match(
    (await service.call('admin', 'PATCH', `/users/${PEOPLE.ada.id}`, { status: 'closed' }, { 'if-match': '"1"' })).body,
    {
      error: 'validation-failed',
    },
  )
})

t.test('suspending ends what an account may do, at once', async (t) => {
  const { call } = await startService(t)
  t.match(await call('manager', 'POST', `/users/${PEOPLE.ada.id}/suspend`), {
    status: 200,
    body: { status: 'suspended', version: 2 },
  })
  t.match((await call('ada', 'GET', '/me')).body, { error: 'account-not-active' })
  t.match((await call('adaAgent', 'GET', '/me')).body, { error: 'account-not-active' })
  t.match((await call('manager', 'POST', `/users/${PEOPLE.ada.id}/suspend`)).body, { version: 2 })
  await call('admin', 'PATCH', `/users/${PEOPLE.ada.id}`, { status: 'active' }, { 'if-match': '"2"' })
  t.equal((await call('ada', 'GET', '/me')).status, 200)
})

t.test('the last administrator stays', async (t) => {
  const { call, storage } = await startService(t)
  const path = `/users/${PEOPLE.admin.id}`
  t.match((await call('admin', 'POST', `${path}/suspend`)).body, { error: 'last-admin' })
  t.match((await call('admin', 'DELETE', path, undefined, { 'if-match': '"1"' })).body, { error: 'last-admin' })
  t.match((await call('admin', 'PATCH', path, { role: 'manager' }, { 'if-match': '"1"' })).body, {
    error: 'last-admin',
  })
  await storage.db.user.update({ where: { id: PEOPLE.manager.id }, data: { role: 'admin' } })
  t.equal((await call('admin', 'PATCH', path, { role: 'manager' }, { 'if-match': '"1"' })).status, 200)
})
