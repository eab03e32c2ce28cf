import t from 'tap'
import { onEachDatabase, onQuickest } from '../support/database.ts'
import { PEOPLE, startService, UNKNOWN_ID } from '../support/service.ts'

const stockOf = async ({ storage }: Awaited<ReturnType<typeof startService>>, sku: string) =>
  (await storage.db.product.findUniqueOrThrow({ where: { sku } })).stock

t.test('an order is priced by the service, takes the stock and starts a timeline', async (t) => {
  const service = await startService(t)
  const { status, body, headers } = await service.call('ada', 'POST', '/orders', {
    items: [
      { sku: 'MUG', quantity: 1 },
      { sku: 'LAMP', quantity: 3 },
    ],
    note: 'Grüße 👩‍👩‍👧 from अदा',
  })
  t.equal(status, 201)
  t.equal(headers.location, `/api/v1/orders/${body.id}`)
  t.equal(headers.etag, '"1"')
  t.match(body.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  t.match(body, {
    userId: PEOPLE.ada.id,
    status: 'placed',
    total: { amount: 995 + 3 * 4995, currency: 'EUR' },
    note: 'Grüße 👩‍👩‍👧 from अदा',
    timeline: [{ status: 'placed', by: { userId: PEOPLE.ada.id, agentId: null }, reason: null }],
  })
  t.same(
    body.items.map(({ sku }: { sku: string }) => sku),
    ['MUG', 'LAMP'],
    'items keep their order',
  )
  t.equal(await stockOf(service, 'LAMP'), 47)
  t.equal(await stockOf(service, 'MUG'), 0)
})

await onEachDatabase(t, 'of 200 concurrent orders for 50 in stock exactly 50 are placed', async (t, database) => {
  const service = await startService(t, { database })
  const answers = await Promise.all(
    Array.from({ length: 200 }, () =>
      service.call('ada', 'POST', '/orders', { items: [{ sku: 'LAMP', quantity: 1 }] }),
    ),
  )
  const placed = answers.filter(({ status }) => status === 201)
  const refused = answers.filter(({ status }) => status === 409)
  t.equal(placed.length, 50)
  t.equal(refused.length, 150)
  t.ok(
    refused.every(
      ({ body }) => body.error === 'insufficient-stock' && body.errors[0].pointer === '/body/items/0/quantity',
    ),
  )
  t.equal(await stockOf(service, 'LAMP'), 0)
  t.equal(await service.storage.db.order.count(), 50)
  t.equal(new Set(placed.map(({ body }) => body.id)).size, 50)
})

await onEachDatabase(t, 'orders that share products in opposite order do not block each other', async (t, database) => {
  const service = await startService(t, { database })
  await service.storage.db.product.updateMany({ where: { sku: 'MUG' }, data: { stock: 100 } })
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => {
      const items = [
        { sku: 'LAMP', quantity: 1 },
        { sku: 'MUG', quantity: 1 },
      ]
      return service.call('ada', 'POST', '/orders', { items: index % 2 ? items : items.toReversed() })
    }),
  )
  t.ok(answers.every(({ status }) => status === 201))
  t.equal(await stockOf(service, 'LAMP'), 10)
})

t.test('an order that cannot be had as a whole leaves nothing behind', async (t) => {
  const service = await startService(t)
  const items = [
    { sku: 'LAMP', quantity: 2 },
    { sku: 'MUG', quantity: 2 },
  ]
  const { status, body } = await service.call('ada', 'POST', '/orders', { items })
  t.equal(status, 409)
  t.match(body, { error: 'insufficient-stock', retryable: false })
  t.same(body.errors, [
    { pointer: '/body/items/1/quantity', code: 'stock', message: 'is 2, but 1 of MUG are in stock' },
  ])
  t.equal(await stockOf(service, 'LAMP'), 50)
  t.equal(await service.storage.db.order.count(), 0)
})

t.test('what cannot be ordered is named', async (t) => {
  const service = await startService(t)
  const order = (body: object) => service.call('support', 'POST', '/orders', body)
  const lamp = { sku: 'LAMP', quantity: 1 }
  t.match((await order({ items: [lamp, { sku: 'NOPE', quantity: 1 }] })).body, {
    error: 'unknown-product',
    errors: [{ pointer: '/body/items/1/sku' }],
  })
  t.match((await order({ items: [lamp, { sku: 'FAN', quantity: 1 }] })).body, {
    error: 'currency-mismatch',
    errors: [{ pointer: '/body/items/1/sku' }],
  })
  t.match((await order({ items: [lamp, { sku: 'MUG', quantity: 1 }, lamp] })).body, {
    error: 'validation-failed',
    errors: [{ pointer: '/body/items/2/sku', code: 'unique' }],
  })
  t.match((await order({ items: [lamp], userId: UNKNOWN_ID })).body, { error: 'user-not-found' })
  t.match((await order({ items: [lamp], userId: PEOPLE.suspended.id })).body, { error: 'user-not-active' })
  t.equal(await stockOf(service, 'LAMP'), 50)
})

t.test('a cancelled order gives its stock back once and tells who cancelled it and why', async (t) => {
  const service = await startService(t)
  const orderId = await service.order('ada', 'LAMP', 5)
  const answers = await Promise.all(
    Array.from({ length: 8 }, () =>
      service.call('agent', 'POST', `/orders/${orderId}/cancel`, { reason: 'Too late.' }),
    ),
  )
  t.equal(answers.filter(({ status }) => status === 200).length, 1)
  const refused = answers.filter(({ status }) => status === 409)
  t.equal(refused.length, 7)
  t.match(refused[0]?.body, { error: 'order-not-open', message: 'The order is cancelled.' })
  t.equal(await stockOf(service, 'LAMP'), 50)
  const { body, headers } = await service.call('ada', 'GET', `/orders/${orderId}`)
  t.equal(headers.etag, '"2"')
  t.match(body.timeline[1], {
    status: 'cancelled',
    by: { userId: PEOPLE.support.id, agentId: 'copilot' },
    reason: 'Too late.',
  })
})

t.test('a fulfilled order is closed', async (t) => {
  const service = await startService(t)
  const orderId = await service.order('ada')
  t.equal((await service.call('support', 'POST', `/orders/${orderId}/fulfil`)).body.status, 'fulfilled')
  t.equal(
    (await service.call('ada', 'POST', `/orders/${orderId}/cancel`, { reason: 'x' })).body.error,
    'order-not-open',
  )
  t.equal((await service.call('support', 'POST', `/orders/${orderId}/fulfil`)).body.error, 'order-not-open')
})

await onQuickest(t, 'a list pages through everything once, the newest first', async (t, database) => {
  const service = await startService(t, { database })
  const made: string[] = []
  for (let index = 0; index < 7; index++) made.unshift(await service.order('ada'))
  await service.order('bob')
  const seen: string[] = []
  let cursor = ''
  for (let page = 0; page < 10; page++) {
    const { body } = await service.call('ada', 'GET', `/orders?limit=3${cursor && `&cursor=${cursor}`}`)
    seen.push(...body.items.map(({ id }: { id: string }) => id))
    if (body.nextCursor === null) break
    cursor = body.nextCursor
    // An order placed while somebody pages changes nothing on the pages to come.
    if (page === 0) await service.order('ada')
  }
  t.same(seen, made)
})

t.test('a list can be narrowed by user, status and time', async (t) => {
  const service = await startService(t)
  const adas = await service.order('ada')
  await service.order('bob')
  await service.call('ada', 'POST', `/orders/${adas}/cancel`, { reason: 'x' })
  const ids = async (query: string) =>
    (await service.call('support', 'GET', `/orders?${query}`)).body.items.map(({ id }: { id: string }) => id)
  t.same(await ids(`userId=${PEOPLE.ada.id}`), [adas])
  t.same(await ids('status=cancelled'), [adas])
  t.equal((await ids('from=2000-01-01T00:00:00Z')).length, 2)
  t.same(await ids('to=2000-01-01T00:00:00%2B02:00'), [])
  for (const query of ['from=2026-12-31T23:59:60Z', 'from=0001-01-01T00:00:00Z', 'from=yesterday', 'status=lost']) {
    const { status, body } = await service.call('support', 'GET', `/orders?${query}`)
    t.equal(status, 400, query)
    t.match(body.errors[0].pointer, /^\/query\/(from|status)$/)
  }
})

t.test('a cursor of another list, or none at all, is refused', async (t) => {
  const service = await startService(t)
  for (let index = 0; index < 2; index++) await service.order('ada')
  const { nextCursor } = (await service.call('ada', 'GET', '/orders?limit=1')).body
  for (const [path, cursor] of [
    ['/users', nextCursor],
    ['/orders', 'AAAA'],
    ['/orders', Buffer.from("orders:' OR 1=1").toString('base64url')],
  ]) {
    const { status, body } = await service.call('ada', 'GET', `${path}?cursor=${cursor}`)
    t.equal(status, 400)
    t.match(body, { error: 'invalid-cursor', errors: [{ pointer: '/query/cursor' }] })
  }
})
