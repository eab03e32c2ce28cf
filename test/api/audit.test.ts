import { createHash, createPublicKey, verify } from 'node:crypto'
import t from 'tap'
import { canonicalize } from '../../src/canonical.ts'
import { onEachDatabase, onQuickest } from '../support/database.ts'
import { PEOPLE, startService, UNKNOWN_ID } from '../support/service.ts'

const list = (query: string) => `/audit-entries?limit=100&${query}`

onQuickest(t, 'an administrator finds entries by who, what, on what, how it ended and when', async (t, database) => {
  const { call, order, app } = await startService(t, { database })
  const before = new Date().toISOString()
  const orderId = await order('ada')
  await call('adaAgent', 'POST', `/orders/${orderId}/cancel`, { reason: 'r' })
  await call('adaAgent', 'POST', '/products', {})
  await call('ada', 'GET', '/users?limit=1')
  await call('bob', 'GET', `/orders/${orderId}`)
  await app.inject('/api/v1/me')
  await new Promise((resolve) => setTimeout(resolve, 2))
  const after = new Date().toISOString()
  await order('bob')

  const found = async (query: string) => {
    const { status, body } = await call('admin', 'GET', list(query))
    t.equal(status, 200, query)
    return body.items.map((each: Record<string, unknown>) => `${each.operationId} ${each.outcome}`)
  }
  const all = await found('')
  t.equal(all[0], 'createOrder done', 'the newest first')
  t.same(all.at(-1), 'createOrder done')
  t.same(await found(`resourceType=Order&resourceId=${orderId}`), [
    'getOrderById denied',
    'cancelOrder done',
    'createOrder done',
  ])
  t.same(await found('agentId=shopper&outcome=done'), ['cancelOrder done'])
  t.same(await found(`userId=${PEOPLE.bob.id}&operationId=getOrderById`), ['getOrderById denied'])
  t.same(await found(`userId=${PEOPLE.bob.id.toUpperCase()}&action=order:create`), ['createOrder done'])
  t.same(await found('outcome=unauthenticated'), ['getCurrentCaller unauthenticated'])
  t.same(await found(`from=${after}`), ['createOrder done'])
  t.same((await found(`from=${before}&to=${after}`)).length, all.length - 1)
  t.same(await found(`to=${before}`), [])

  const { body: first } = await call('admin', 'GET', '/audit-entries?limit=2')
  const { body: second } = await call('admin', 'GET', `/audit-entries?limit=100&cursor=${first.nextCursor}`)
  t.equal(first.items.length + second.items.length, all.length)
  t.equal(second.nextCursor, null)
})

t.test('what was made is named, also when its answer is given again', async (t) => {
  const { call } = await startService(t)
  const key = { 'idempotency-key': 'the-same-key-as-before' }
  const items = [{ sku: 'LAMP', quantity: 1 }]
  const { body: order } = await call('ada', 'POST', '/orders', { items }, key)
  await call('ada', 'POST', '/orders', { items }, key)
  const { body } = await call('admin', 'GET', list(`resourceId=${order.id}`))
  t.match(body.items, [
    { outcome: 'replayed', status: 201 },
    { outcome: 'done', status: 201 },
  ])
})

t.test('only administrators read the trail, and agents of theirs with the scope', async (t) => {
  const { call, order, storage } = await startService(t)
  await order('ada')
  const [entry] = await storage.db.auditEntry.findMany()
  for (const path of ['/audit-entries', `/audit-entries/${entry?.id}`, `/audit-entries/${UNKNOWN_ID}`]) {
    for (const who of ['manager', 'support', 'ada', 'agent'] as const) {
      t.equal((await call(who, 'GET', path)).status, 403, `${who} ${path}`)
    }
    t.equal((await call('suspended', 'GET', path)).status, 403)
    t.equal((await call(undefined, 'GET', path)).status, 401)
  }
  t.equal((await call('admin', 'GET', `/audit-entries/${UNKNOWN_ID}`)).body.error, 'audit-entry-not-found')
})

t.test('wrong filters are told', async (t) => {
  const { call } = await startService(t)
  for (const query of [
    'userId=me',
    'action=x',
    'outcome=x',
    'resourceType=Cat',
    'from=today',
    'to=2026-12-31T23:59:60Z',
  ]) {
    t.match(await call('admin', 'GET', `/audit-entries?${query}`), { status: 400 }, query)
  }
})

onEachDatabase(t, 'a reader can check an entry with what the answer says, and the fingerprint', async (t, database) => {
  const { call, order, storage, sealer, seals } = await startService(t, { database })
  await order('ada')
  const { id } = await storage.db.auditEntry.findFirstOrThrow()
  t.equal((await call('admin', 'GET', `/audit-entries/${id}`)).body.proof, null, 'not linked yet')
  await sealer.flush()
  await order('bob')
  await sealer.flush()
  const entries = (await call('admin', 'GET', list(''))).body.items.toReversed()
  t.equal(entries.length, 2)
  for (const [n, each] of entries.entries()) {
    const { proof, ...entry } = (await call('admin', 'GET', `/audit-entries/${each.id}`)).body
    t.equal(proof.position, n + 1)
    t.same(each, { ...entry, proof: { position: n + 1, previousHash: proof.previousHash, hash: proof.hash } })
    const hash = createHash('sha256').update(Buffer.from(proof.previousHash, 'hex')).update(canonicalize(entry))
    t.equal(hash.digest('hex'), proof.hash)
    t.equal(proof.previousHash, n === 0 ? '0'.repeat(64) : entries[n - 1].proof.hash)
    const { signature, ...signed } = proof.seal
    t.match(signed, { position: n + 1, hash: proof.hash, keyId: seals.fingerprint })
    const raw = Buffer.from(signed.publicKey, 'base64url')
    t.equal(createHash('sha256').update(raw).digest('hex'), seals.fingerprint)
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: signed.publicKey }, format: 'jwk' })
    t.ok(verify(null, Buffer.from(canonicalize(signed)), key, Buffer.from(signature, 'base64url')))
  }
})

t.test('the trail tells nothing of a person beside their ids', async (t) => {
  const { call, storage } = await startService(t)
  const person = { email: 'grace@example.com', username: 'gracehopper', profile: { fullName: 'Grace Hopper' } }
  await call('admin', 'POST', '/users', person)
  await call('support', 'GET', '/users?search=hopper')
  await call(undefined, 'GET', '/me')
  const text =
    JSON.stringify((await call('admin', 'GET', list(''))).body) + JSON.stringify(await storage.db.auditEntry.findMany())
  t.notMatch(text, /grace|hopper|127\.0\.0\.1/i)
})
