import { randomUUID } from 'node:crypto'
import t from 'tap'
import { prune } from '../../api/plugins/idempotency.ts'
import { onEachDatabase } from '../support/database.ts'
import { PEOPLE, type Service, startService } from '../support/service.ts'

const lamp = { items: [{ sku: 'LAMP', quantity: 1 }] }
const mug = { items: [{ sku: 'MUG', quantity: 1 }] }
const key = () => ({ 'idempotency-key': randomUUID() })
const orders = ({ storage }: Service) => storage.db.order.count()
const outcomes = async ({ storage }: Service) =>
  (await storage.db.auditEntry.findMany({ orderBy: { id: 'asc' } })).map(({ outcome, code }) => code ?? outcome)

onEachDatabase(t, 'a retried key gets the first answer', async (t, database) => {
  const service = await startService(t, { database })
  const headers = key()
  const first = await service.call('ada', 'POST', '/orders', lamp, headers)
  const again = await service.call('ada', 'POST', '/orders', lamp, headers)
  t.equal(first.status, 201)
  t.equal(first.headers['idempotent-replayed'], undefined)
  t.match(again, { status: 201, headers: { 'idempotent-replayed': 'true' } })
  t.strictSame(again.body, first.body)
  for (const name of ['location', 'etag', 'content-type']) t.equal(again.headers[name], first.headers[name], name)
  t.equal(await orders(service), 1)
  t.same(await outcomes(service), ['done', 'replayed'])
  t.equal(await service.storage.db.message.count({ where: { event: 'order.placed' } }), 1)
})

onEachDatabase(t, '64 requests at once with one key place one order', async (t, database) => {
  const service = await startService(t, { database })
  const headers = key()
  const answers = await Promise.all(
    Array.from({ length: 64 }, () => service.call('ada', 'POST', '/orders', lamp, headers)),
  )
  const ids = new Set(answers.flatMap(({ status, body }) => (status === 201 ? [body.id] : [])))
  t.equal(ids.size, 1)
  t.same([...new Set(answers.map(({ status, body }) => (status === 201 ? 'placed' : body.error)))].sort().slice(0, 1), [
    'placed',
  ])
  for (const { status, body, headers } of answers) {
    if (status === 201) continue
    t.match(
      { status, body, headers },
      { status: 409, body: { error: 'request-in-flight' }, headers: { 'retry-after': /^\d+$/ } },
    )
  }
  t.equal(await orders(service), 1)
  t.equal((await service.storage.db.product.findUniqueOrThrow({ where: { sku: 'LAMP' } })).stock, 49)
})

t.test('two processes share the key through the database', async (t) => {
  await onEachDatabase(t, 'held', async (t, database) => {
    if (database === 'embedded') return
    const service = await startService(t, { database })
    const headers = key()
    const name = `${PEOPLE.ada.id} ${headers['idempotency-key']}`
    // Another process has the key: its lock lives as long as its transaction.
    await service.storage.transaction(async (_db, sql) => {
      await sql(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [name])
      t.match((await service.call('ada', 'POST', '/orders', lamp, headers)).body, { error: 'request-in-flight' })
    })
    t.equal((await service.call('ada', 'POST', '/orders', lamp, headers)).status, 201)
  })
})

t.test('a key stands for one request of one caller', async (t) => {
  const service = await startService(t)
  const headers = key()
  const { body: first } = await service.call('ada', 'POST', '/orders', lamp, headers)
  const other = { items: [{ sku: 'LAMP', quantity: 2 }] }
  t.match(await service.call('ada', 'POST', '/orders', other, headers), {
    status: 422,
    body: { error: 'idempotency-key-reused' },
  })
  t.match((await service.call('ada', 'POST', `/orders/${first.id}/cancel`, { reason: 'r' }, headers)).status, 422)
  // The order of the members and a quoted key change nothing.
  const quoted = { 'idempotency-key': `"${headers['idempotency-key']}"` }
  t.equal(
    (await service.call('ada', 'POST', '/orders', { items: [{ quantity: 1, sku: 'LAMP' }] }, quoted)).body.id,
    first.id,
  )
  // The same key in the hands of others is another key.
  for (const who of ['bob', 'adaAgent'] as const) {
    const { status, body } = await service.call(who, 'POST', '/orders', lamp, headers)
    t.equal(status, 201)
    t.not(body.id, first.id)
  }
  t.equal(await orders(service), 3)
})

t.test('a key that is missing or malformed is told', async (t) => {
  const service = await startService(t)
  t.match(await service.call('ada', 'POST', '/orders', lamp, { 'idempotency-key': undefined }), {
    status: 400,
    body: { error: 'idempotency-key-missing' },
  })
  for (const bad of [
    'short',
    'x'.repeat(129),
    'with spaces in the text',
    '"unbalanced-quote-here',
    'späte-umlaute-hier',
  ]) {
    const { status, body } = await service.call('ada', 'POST', '/orders', lamp, { 'idempotency-key': bad })
    t.match({ status, body }, { status: 400, body: { errors: [{ pointer: '/header/idempotency-key' }] } }, bad)
  }
  t.equal(await orders(service), 0)
})

t.test('a replay is authorized again', async (t) => {
  const service = await startService(t)
  const headers = key()
  t.equal((await service.call('ada', 'POST', '/orders', lamp, headers)).status, 201)
  await service.storage.db.user.update({ where: { id: PEOPLE.ada.id }, data: { status: 'suspended' } })
  t.match((await service.call('ada', 'POST', '/orders', lamp, headers)).body, { error: 'account-not-active' })
})

onEachDatabase(
  t,
  'a refusal that says something of the request is kept, one of the moment is not',
  async (t, database) => {
    const service = await startService(t, { database })
    await service.call('bob', 'POST', '/orders', mug)
    const headers = key()
    const first = await service.call('ada', 'POST', '/orders', mug, headers)
    t.match(first, { status: 409, body: { error: 'insufficient-stock' } })
    await service.storage.db.product.update({ where: { sku: 'MUG' }, data: { stock: 5 } })
    const again = await service.call('ada', 'POST', '/orders', mug, headers)
    t.match(again, { status: 409, headers: { 'idempotent-replayed': 'true', 'content-type': /problem\+json/ } })
    t.strictSame(again.body, first.body)
    t.equal((await service.call('ada', 'POST', '/orders', mug, key())).status, 201)

    const denied = key()
    t.equal((await service.call('ada', 'POST', '/orders', { ...lamp, userId: PEOPLE.bob.id }, denied)).status, 403)
    await service.storage.db.user.update({ where: { id: PEOPLE.ada.id }, data: { role: 'support' } })
    t.equal((await service.call('ada', 'POST', '/orders', { ...lamp, userId: PEOPLE.bob.id }, denied)).status, 201)
  },
)

t.test('what failed in the service can be repeated', async (t) => {
  let broken = true
  const service = await startService(t, {
    replace: ({ queue }) => ({
      queue: { ...queue, add: (...args) => (broken ? Promise.reject(new Error('lost')) : queue.add(...args)) },
    }),
  })
  const headers = key()
  t.equal((await service.call('ada', 'POST', '/orders', lamp, headers)).status, 500)
  // Nothing is half done: no order, no stock taken, no kept answer, no message.
  t.equal(await orders(service), 0)
  t.equal((await service.storage.db.product.findUniqueOrThrow({ where: { sku: 'LAMP' } })).stock, 50)
  t.equal(await service.storage.db.idempotencyKey.count(), 0)
  t.equal(await service.storage.db.message.count(), 0)
  broken = false
  t.equal((await service.call('ada', 'POST', '/orders', lamp, headers)).status, 201)
})

t.test('a key is kept for its time, then pruned, and may be used anew', async (t) => {
  const service = await startService(t, { keepAnswersMs: 50 })
  const headers = key()
  const { body: first } = await service.call('ada', 'POST', '/orders', lamp, headers)
  const { expiresAt } = await service.storage.db.idempotencyKey.findFirstOrThrow()
  while (Date.now() <= expiresAt.getTime()) await new Promise((resolve) => setTimeout(resolve, 5))
  t.not((await service.call('ada', 'POST', '/orders', lamp, headers)).body.id, first.id)
  t.equal(await prune(service.storage.sql, new Date(Date.now() + 1000)), 1)
  t.equal(await service.storage.db.idempotencyKey.count(), 0)
})

t.test('a kept answer cannot be read in the database', async (t) => {
  const service = await startService(t)
  const headers = key()
  const { body } = await service.call('ada', 'POST', '/api-keys', { name: 'k', scopes: ['order:read'] }, headers)
  const again = await service.call('ada', 'POST', '/api-keys', { name: 'k', scopes: ['order:read'] }, headers)
  t.equal(again.body.key, body.key)
  const { answer } = await service.storage.db.idempotencyKey.findFirstOrThrow()
  const stored = Buffer.from(answer as Uint8Array).toString('latin1')
  t.notMatch(stored, body.key.slice(-20))
  t.notMatch(stored, body.id)
})

t.test('PATCH and DELETE take a key, and are safe without one', async (t) => {
  const service = await startService(t)
  const headers = { ...key(), 'if-match': '"1"' }
  const path = `/users/${PEOPLE.ada.id}`
  const change = { username: 'ada_two' }
  const first = await service.call('ada', 'PATCH', path, change, headers)
  const again = await service.call('ada', 'PATCH', path, change, headers)
  t.match([first.status, again.status, again.headers['idempotent-replayed']], [200, 200, 'true'])
  t.equal(again.body.version, 2)
  t.equal((await service.call('ada', 'PATCH', path, change, { 'if-match': '"1"' })).status, 412)
})
