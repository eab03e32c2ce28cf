import t from 'tap'
import { connect } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { startBackend } from './fixtures/backend.ts'
import { start } from './start.ts'
import { jsonOf } from './support.ts'

const user = { userId: 'ada' }
const placed = { items: [{ sku: 'LAMP', quantity: 1 }] }
const GET_USER = 'GET /api/v1/users/ada'
const problemOf = (result: { content: { text: string }[] }) => jsonOf(result.content[1]?.text)

t.test('no content becomes a status that fits the output schema', async (t) => {
  const { adapter } = await start(t)
  for (const flavour of FLAVOURS) {
    const client = await connect(t, adapter.url, flavour)
    await client.list()
    t.same((await client.call('delete_user', user)).structuredContent, { status: 204 })
  }
})

t.test('an answer that is not an object is wrapped', async (t) => {
  const { adapter } = await start(t)
  for (const flavour of FLAVOURS) {
    const client = await connect(t, adapter.url, flavour)
    await client.list()
    t.same((await client.call('order_tags', { orderId: 'o1' })).structuredContent, { result: ['gift', 'late'] })
  }
})

t.test('a problem keeps its body and tells what to do next', async (t) => {
  const { adapter } = await start(t, {
    [GET_USER]: () => ({
      status: 429,
      headers: { 'content-type': 'application/problem+json', 'retry-after': '7' },
      body: {
        error: 'rate-limited',
        message: 'Too many\nrequests',
        hint: 'Slow down',
        errors: [{ pointer: '/query/limit', message: 'is large' }],
        requestId: 'r-1',
      },
    }),
  })
  const client = await connect(t, adapter.url, 'v2-modern')
  const result = await client.call('get_user_by_id', user)
  t.equal(result.isError, true)
  t.equal(
    result.content[0]?.text,
    'rate-limited: The API answered 429; what it says is in the data below. Try again in 7 s. Request id: r-1.',
  )
  t.match(result.structuredContent, { error: 'rate-limited', message: 'Too many\nrequests', retryAfter: 7 })
})

t.test('an error that is not a problem is wrapped, and a page of HTML is not shown', async (t) => {
  const { adapter } = await start(t, {
    [GET_USER]: () => ({ status: 502, headers: { 'content-type': 'text/html' }, text: '<h1>nginx</h1>' }),
    'GET /api/v1/orders': () => ({ status: 500, body: ['no'] }),
    'DELETE /api/v1/users/ada': () => ({
      status: 503,
      headers: { 'content-type': 'text/plain' },
      text: 'closed for today',
    }),
  })
  const client = await connect(t, adapter.url, 'v2-modern')
  t.match((await client.call('get_user_by_id', user)).structuredContent, { error: 'http-502', status: 502, body: null })
  t.match((await client.call('list_orders')).structuredContent, { error: 'http-500', body: ['no'] })
  t.match((await client.call('delete_user', user)).structuredContent, { error: 'http-503', body: 'closed for today' })
})

t.test('a broken connection is safe to retry only where repeating changes nothing', async (t) => {
  const hangUp = (_: unknown, response: { destroy(): void }) => void response.destroy()
  const { adapter, lines } = await start(t, { [GET_USER]: hangUp as never, 'POST /api/v1/orders': hangUp as never })
  const client = await connect(t, adapter.url, 'v2-modern')
  t.match((await client.call('get_user_by_id', user)).structuredContent, {
    error: 'backend-unavailable',
    retryable: true,
  })
  const write = await client.call('create_order', placed)
  t.match(write.structuredContent, { error: 'backend-unavailable', retryable: false, hint: /may have been made/ })
  t.ok(lines.some((line) => line.fields.error === 'backend-unavailable'))
})

t.test('a deadline that passes is told as such', async (t) => {
  const { adapter } = await start(t, { [GET_USER]: () => undefined, 'POST /api/v1/orders': () => undefined })
  const client = await connect(t, adapter.url, 'v2-modern')
  const [read, write] = await Promise.all([client.call('get_user_by_id', user), client.call('create_order', placed)])
  t.match(read.structuredContent, { error: 'backend-timeout', retryable: true })
  t.match(write.structuredContent, { error: 'backend-timeout', retryable: false })
})

t.test('an answer over the limit is an error that asks for less', async (t) => {
  const { adapter } = await start(t, {
    [GET_USER]: () => ({
      headers: { 'content-type': 'application/json' },
      text: JSON.stringify({ pad: 'x'.repeat(100_001) }),
    }),
  })
  const client = await connect(t, adapter.url, 'v2-modern')
  t.match((await client.call('get_user_by_id', user)).structuredContent, {
    error: 'response-too-large',
    retryable: false,
    hint: /smaller limit/,
  })
})

t.test('a redirect is not followed', async (t) => {
  const elsewhere = await startBackend()
  t.teardown(() => elsewhere.close())
  const { adapter } = await start(t, {
    [GET_USER]: () => ({ status: 307, headers: { location: `${elsewhere.url}/api/v1/users/ada` } }),
  })
  const client = await connect(t, adapter.url, 'v2-modern')
  t.match((await client.call('get_user_by_id', user)).structuredContent, { error: 'unexpected-redirect', status: 307 })
  t.equal(elsewhere.seen.length, 0)
})

t.test('drift that clients bear is delivered, counted and logged without its data', async (t) => {
  const order = { id: 'o1', status: 'returned', items: [], courier: 'secret-courier' }
  const { adapter, lines } = await start(t, {
    'GET /api/v1/orders': () => ({ body: { items: [order], nextCursor: null } }),
  })
  for (const flavour of FLAVOURS) {
    const client = await connect(t, adapter.url, flavour)
    await client.list()
    const result = await client.call('list_orders')
    t.notOk(result.isError)
    t.same(result.structuredContent, { items: [order], nextCursor: null })
  }
  const drift = lines.filter((line) => line.level === 'warn')
  t.same(
    drift.map((line) => line.fields.count),
    [1, 2, 3],
  )
  t.match(drift[0]?.fields.where, '/items/0/status enum')
  t.notMatch(JSON.stringify(lines), /secret-courier|returned/)
})

t.test('drift that clients refuse is delivered as data of a call that must not be repeated', async (t) => {
  const { adapter } = await start(t, { 'POST /api/v1/orders': () => ({ status: 201, body: { id: 7 } }) })
  for (const flavour of FLAVOURS) {
    const client = await connect(t, adapter.url, flavour)
    await client.list()
    const result = await client.call('create_order', placed)
    t.equal(result.isError, true)
    t.match(result.content[0]?.text, /^unexpected-response: The request was carried out \(the API answered 201\)/)
    t.match(problemOf(result), { status: 201, retryable: false, data: { id: 7 } })
  }
})

t.test('an answer that is no JSON is never shown as data', async (t) => {
  const { adapter } = await start(t, {
    [GET_USER]: () => ({ headers: { 'content-type': 'application/json' }, text: '{"id":' }),
    'GET /api/v1/orders': () => ({ headers: { 'content-type': 'image/png' }, text: 'PNG' }),
  })
  const client = await connect(t, adapter.url, 'v2-modern')
  t.match((await client.call('get_user_by_id', user)).structuredContent, {
    error: 'unexpected-response',
    message: /not well-formed JSON/,
  })
  t.match((await client.call('list_orders')).structuredContent, {
    error: 'unexpected-response',
    message: /3 bytes of image\/png/,
  })
})

t.test('neither credentials nor arguments nor answers are logged', async (t) => {
  const { adapter, lines } = await start(t)
  const client = await connect(t, adapter.url, 'v2-modern')
  await client.call('update_user', { userId: 'ada', if_match: '"3"', fullName: 'Private Name' })
  await client.call('update_user', { userId: 'ada', if_match: '"3"', fullName: 12345678 })
  t.ok(lines.length >= 2)
  t.notMatch(JSON.stringify(lines), /token-ada|Private Name|12345678|Lovelace/)
})

t.test('curated defaults and fixed values are sent', async (t) => {
  const { adapter, backend } = await start(t)
  const client = await connect(t, adapter.url, 'v2-modern')
  await client.call('list_orders', { status: 'placed' })
  await client.call('create_order', placed)
  const [list, create] = backend.calls()
  t.equal(list?.url, '/api/v1/orders?status=placed&limit=5')
  t.same(create?.body, { ...placed, note: 'by an agent' })
})
