import t from 'tap'
import { startService } from '../support/service.ts'

const desk = { sku: 'DESK-01', name: 'Desk', description: 'Oak.', price: { amount: 39900, currency: 'EUR' }, stock: 3 }

t.test('a product is made once and can be found', async (t) => {
  const { call } = await startService(t)
  const { status, body, headers } = await call('manager', 'POST', '/products', desk)
  t.equal(status, 201)
  t.match(body, { ...desk, version: 1 })
  t.equal(headers.location, '/api/v1/products/DESK-01')
  t.match((await call('manager', 'POST', '/products', desk)).body, {
    error: 'sku-taken',
    errors: [{ pointer: '/body/sku' }],
  })
  const { body: page } = await call('bob', 'GET', '/products?search=oak')
  t.same(
    page.items.map(({ sku }: { sku: string }) => sku),
    ['DESK-01'],
  )
  const { body: paged } = await call('bob', 'GET', '/products?limit=3')
  t.same(
    paged.items.map(({ sku }: { sku: string }) => sku),
    ['DESK-01', 'FAN', 'LAMP'],
  )
  const { body: last } = await call('bob', 'GET', `/products?limit=3&cursor=${paged.nextCursor}`)
  t.match(last, { items: [{ sku: 'MUG' }], nextCursor: null })
})

t.test('an order placed since the read makes a change of the stock stale', async (t) => {
  const service = await startService(t)
  const { call } = service
  const { headers } = await call('manager', 'GET', '/products/LAMP')
  await service.order('ada')
  const stale = await call('manager', 'PATCH', '/products/LAMP', { stock: 50 }, { 'if-match': String(headers.etag) })
  t.equal(stale.status, 412)
  const fresh = await call('manager', 'GET', '/products/LAMP')
  t.equal(fresh.body.stock, 49)
  const changed = await call(
    'manager',
    'PATCH',
    '/products/LAMP',
    { price: { amount: 1, currency: 'EUR' } },
    { 'if-match': String(fresh.headers.etag) },
  )
  t.match(changed.body, { stock: 49, price: { amount: 1 }, name: 'Lamp' })
})

t.test('prices, stocks and codes keep within their bounds', async (t) => {
  const { call } = await startService(t)
  for (const [wrong, pointer] of [
    [{ price: { amount: -1, currency: 'EUR' } }, '/body/price/amount'],
    [{ price: { amount: 1.5, currency: 'EUR' } }, '/body/price/amount'],
    [{ price: { amount: 1, currency: 'eur' } }, '/body/price/currency'],
    [{ stock: -1 }, '/body/stock'],
    [{ stock: 1e12 }, '/body/stock'],
    [{ stock: '3' }, '/body/stock'],
    [{ sku: 'desk 01' }, '/body/sku'],
    [{ name: '' }, '/body/name'],
    [{ name: 'x'.repeat(201) }, '/body/name'],
  ] as const) {
    const { status, body } = await call('manager', 'POST', '/products', { ...desk, ...wrong })
    t.equal(status, 400)
    t.equal(body.errors[0]?.pointer, pointer)
  }
})
