import { randomUUID } from 'node:crypto'
import t from 'tap'
import { createApiKeys } from '../../src/identity/api-keys.ts'
import { PEOPLE, startService } from '../support/service.ts'

t.test('a key is shown once, works within its scopes, and ends when it is revoked', async (t) => {
  const { call, app, storage } = await startService(t)
  const scopes = ['caller:read', 'order:read']
  const { status, body } = await call('ada', 'POST', '/api-keys', { name: 'Reader', agentId: 'reader-bot', scopes })
  t.equal(status, 201)
  t.match(body.key, /^hr_[a-z0-9]{24}_[A-Za-z0-9_-]{43}$/)
  t.match(body, { userId: PEOPLE.ada.id, agentId: 'reader-bot', scopes, createdBy: PEOPLE.ada.id, revokedAt: null })

  const stored = await storage.db.apiKey.findUniqueOrThrow({ where: { id: body.id } })
  t.notMatch(Buffer.from(stored.secretHash).toString('latin1'), body.key.split('_')[2])
  t.equal(stored.secretHash.length, 32)
  const list = await call('ada', 'GET', '/api-keys')
  t.notMatch(JSON.stringify(list.body), body.key.slice(28), 'lists never show it')

  const as = (url: string) => app.inject({ url, headers: { authorization: `Bearer ${body.key}` } })
  t.match((await as('/api/v1/me')).json(), { kind: 'agent', agentId: 'reader-bot', actions: scopes })
  t.equal((await as('/api/v1/orders')).statusCode, 200)
  t.match((await as('/api/v1/products')).json(), { error: 'scope-missing' })

  t.equal((await call('ada', 'DELETE', `/api-keys/${body.id}`)).status, 204)
  t.equal((await as('/api/v1/me')).statusCode, 401)
  t.equal((await call('ada', 'DELETE', `/api-keys/${body.id}`)).status, 204, 'revoking again changes nothing')
})

t.test('an agent is not named with a secret', async (t) => {
  const { call } = await startService(t)
  const agentId = 'xoxb-1234567890-abcdefghij'
  const { status, body } = await call('ada', 'POST', '/api-keys', { name: 'k', agentId, scopes: ['order:read'] })
  t.equal(status, 400)
  t.match(body.errors, [{ pointer: '/body/agentId', code: 'secret' }])
  t.notMatch(JSON.stringify(body), agentId)
})

t.test('an expired key is no key', async (t) => {
  const { call, app, storage } = await startService(t)
  const { body } = await call('ada', 'POST', '/api-keys', { name: 'k', scopes: ['*'] })
  const as = () => app.inject({ url: '/api/v1/me', headers: { authorization: `Bearer ${body.key}` } })
  t.equal((await as()).statusCode, 200)
  await storage.db.apiKey.update({ where: { id: body.id }, data: { expiresAt: new Date(Date.now() - 1) } })
  t.equal((await as()).statusCode, 401)
  for (const expiresAt of ['2020-01-01T00:00:00Z', '2099-01-01T00:00:00Z']) {
    const { body: refused } = await call('ada', 'POST', '/api-keys', { name: 'k', scopes: ['*'], expiresAt })
    t.match(refused, { error: 'validation-failed', errors: [{ pointer: '/body/expiresAt' }] })
  }
})

t.test('a key cannot give away more than its maker holds', async (t) => {
  const { call, app } = await startService(t)
  const { body: narrow } = await call('ada', 'POST', '/api-keys', {
    name: 'n',
    scopes: ['api-key:create', 'order:read'],
  })
  const make = (scopes: string[]) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/api-keys',
      headers: { authorization: `Bearer ${narrow.key}`, 'idempotency-key': randomUUID() },
      payload: { name: 'child', scopes },
    })
  t.equal((await make(['order:read'])).statusCode, 201)
  t.match((await make(['order:read', 'order:cancel'])).json(), { error: 'scope-not-held' })
  t.match((await make(['*'])).json(), { error: 'scope-not-held' })
})

t.test('an agent has the rights of its person AND its own, never more', async (t) => {
  const { call, storage, services } = await startService(t)
  const actionsOf = async (who: Parameters<typeof call>[0]) => (await call(who, 'GET', '/me')).body.actions
  t.same(await actionsOf('agent'), ['caller:read', 'user:read', 'product:read', 'order:read', 'order:cancel'])
  t.notOk((await actionsOf('adaAgent')).includes('api-key:create'), 'no scope lets an agent make keys')
  await storage.db.user.update({ where: { id: PEOPLE.support.id }, data: { status: 'suspended' } })
  t.match((await call('agent', 'GET', '/orders')).body, { error: 'account-not-active' }, 'it falls with its person')
  t.ok(services.policy.hash)
})

t.test('a hash opens only the row it was made for, and demo keys stay out of production', async (t) => {
  const { storage } = await startService(t)
  const development = createApiKeys('a pepper of thirty-two characters', false)
  const production = createApiKeys('a pepper of thirty-two characters', true)
  const otherPepper = createApiKeys('another pepper of 32 characters..', false)
  const now = new Date()
  const base = {
    name: 'k',
    userId: PEOPLE.ada.id,
    scopes: ['*'],
    createdBy: PEOPLE.ada.id,
    issuedBy: PEOPLE.ada.id,
    createdAt: now,
    expiresAt: new Date(now.getTime() + 60_000),
  }
  t.equal((await storage.db.apiKey.findFirstOrThrow()).demo, false)
  const a = development.mint()
  const b = development.mint()
  await storage.db.apiKey.create({ data: { ...base, id: a.id, secretHash: a.secretHash, demo: true } })
  await storage.db.apiKey.create({ data: { ...base, id: b.id, secretHash: a.secretHash } })
  t.match(await development.authenticate(storage.sql, a.text, now), { userId: PEOPLE.ada.id })
  t.equal(await production.authenticate(storage.sql, a.text, now), undefined)
  t.equal(await otherPepper.authenticate(storage.sql, a.text, now), undefined)
  t.equal(await development.authenticate(storage.sql, a.text.replace(a.id, b.id), now), undefined)
})

t.test('what a demo key makes is for the demo too', async (t) => {
  const { call, storage } = await startService(t)
  await storage.db.apiKey.updateMany({ where: { name: 'admin' }, data: { demo: true } })
  const { body } = await call('admin', 'POST', '/api-keys', { name: 'heir', scopes: ['*'] })
  t.equal((await storage.db.apiKey.findUniqueOrThrow({ where: { id: body.id } })).demo, true)
  const { body: plain } = await call('manager', 'POST', '/api-keys', { name: 'plain', scopes: ['*'] })
  t.equal((await storage.db.apiKey.findUniqueOrThrow({ where: { id: plain.id } })).demo, false)
})
