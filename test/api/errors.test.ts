import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { InjectOptions } from 'fastify'
import t from 'tap'
import { type Service, startService } from '../support/service.ts'

const FIELDS = [
  'detail',
  'error',
  'errors',
  'hint',
  'message',
  'requestId',
  'retryable',
  'status',
  'timestamp',
  'title',
  'type',
]

const service = await startService(t)
const { app, keys } = service
const auth = { authorization: `Bearer ${keys.ada}` }
const json = { 'content-type': 'application/json' }
const lamp = { items: [{ sku: 'LAMP', quantity: 1 }] }

t.test('everything that can go wrong has the same body', async (t) => {
  const cases: [string, number, InjectOptions][] = [
    ['route-not-found', 404, { url: '/nope' }],
    ['route-not-found', 404, { url: `/api/v1/users/${'a'.repeat(500)}`, headers: auth }],
    ['method-not-allowed', 405, { method: 'PUT', url: '/api/v1/orders', headers: auth }],
    ['bad-request', 400, { url: '/api/v1/%', headers: auth }],
    ['unauthenticated', 401, { url: '/api/v1/me' }],
    [
      'malformed-json',
      400,
      { method: 'POST', url: '/api/v1/orders', headers: { ...auth, ...json }, payload: '{"items":' },
    ],
    ['validation-failed', 400, { method: 'POST', url: '/api/v1/orders', headers: { ...auth, ...json }, payload: '' }],
    [
      'malformed-json',
      400,
      {
        method: 'POST',
        url: '/api/v1/orders',
        headers: { ...auth, ...json },
        payload: Buffer.concat([Buffer.from('{"note":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
      },
    ],
    [
      'validation-failed',
      400,
      { method: 'DELETE', url: `/api/v1/api-keys/${'a'.repeat(24)}`, headers: auth, payload: { x: 1 } },
    ],
    [
      'malformed-json',
      400,
      {
        method: 'POST',
        url: '/api/v1/orders',
        headers: { ...auth, ...json },
        payload: '{"__proto__":{"a":1},"items":[]}',
      },
    ],
    ['validation-failed', 400, { method: 'POST', url: '/api/v1/orders', headers: auth }],
    [
      'unsupported-media-type',
      415,
      { method: 'POST', url: '/api/v1/orders', headers: { ...auth, 'content-type': 'text/plain' }, payload: 'x' },
    ],
    [
      'body-too-large',
      413,
      { method: 'POST', url: '/api/v1/orders', headers: { ...auth, ...json }, payload: `"${'x'.repeat(300_000)}"` },
    ],
    ['validation-failed', 400, { url: '/api/v1/orders?limit=many', headers: auth }],
  ]
  for (const [error, status, request] of cases) {
    const response = await app.inject(request)
    t.equal(response.statusCode, status, `${error}: ${JSON.stringify(request).slice(0, 80)}`)
    t.match(response.headers['content-type'], 'application/problem+json')
    const body = response.json()
    t.match(body, { error, status, requestId: response.headers['x-request-id'] })
    t.same(Object.keys(body).sort(), FIELDS)
  }
})

t.test('what is not HTTP is answered and the connection closed', async (t) => {
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  async function send(text: string): Promise<string> {
    const socket = connect(port, '127.0.0.1')
    socket.write(text)
    let answer = ''
    socket.on('data', (data) => {
      answer += data
    })
    await once(socket, 'close')
    return answer
  }
  t.match(await send('NONSENSE\r\n\r\n'), /^HTTP\/1\.1 400 .*"error":"bad-request"/s)
  t.match(
    await send(`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 .*"error":"header-too-large"/s,
  )
})

t.test('odd but whole HTTP is answered with a problem too', async (t) => {
  const { port } = app.server.address() as AddressInfo
  const send = async (head: string) => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8')
    socket.write(`GET /api/v1/me HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
    let answer = ''
    for await (const data of socket) answer += data
    return answer
  }
  t.match(await send(''), /^HTTP\/1\.1 401 .*"error":"unauthenticated"/s, 'no Host')
  t.match(await send('Host: x\r\nExpect: wonders\r\n'), /^HTTP\/1\.1 417 .*"error":"expectation-failed"/s)
})

t.test('a client that hangs up is no failure of ours, whenever it does', async (t) => {
  const { port } = app.server.address() as AddressInfo
  for (let round = 0; round < 20; round++) {
    service.log.length = 0
    const socket = connect(port, '127.0.0.1')
    socket.write(`POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${keys.ada}\r\n`)
    socket.write('Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{')
    await once(app.server, 'request')
    // In some rounds it is still being authenticated, in others its body is waited for.
    for (let turn = 0; turn < round; turn++) await setImmediate()
    socket.resetAndDestroy()
    while (service.log.length === 0) await setImmediate()
    t.match(service.log, [{ level: 30, msg: 'the client hung up', operation: 'createOrder' }])
  }
})

t.test('an operation without a body refuses one, however deep or long', async (t) => {
  const orderId = await service.order('ada')
  for (const payload of [
    '{"x":1}',
    `${'['.repeat(125_000)}${']'.repeat(125_000)}`,
    `"${'a'.repeat(262_000)}"`,
    '7',
    'false',
  ]) {
    const response = await app.inject({
      method: 'POST',
      url: `/api/v1/orders/${orderId}/fulfil`,
      headers: { authorization: `Bearer ${keys.support}`, ...json },
      payload,
    })
    t.equal(response.statusCode, 400, payload.slice(0, 10))
    t.match(response.json().errors, [{ pointer: '/body', code: payload.startsWith('[') ? 'depth' : 'unexpected' }])
  }
  const empty = await app.inject({
    method: 'POST',
    url: `/api/v1/orders/${orderId}/fulfil`,
    headers: { authorization: `Bearer ${keys.support}`, 'idempotency-key': 'a-key-of-this-test', ...json },
  })
  t.equal(empty.statusCode, 200, 'a media type without a body is no body')
})

t.test('every field at fault is named, with its rule', async (t) => {
  const { body } = await service.call('ada', 'POST', '/orders', {
    items: [{ sku: 'lamp', quantity: '2', colour: 'red' }],
    userId: 'me',
    note: '',
    discount: 50,
  })
  t.same(body.errors.map(({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`).sort(), [
    '/body/discount additionalProperties',
    '/body/items/0/colour additionalProperties',
    '/body/items/0/quantity type',
    '/body/items/0/sku pattern',
    '/body/note minLength',
    '/body/userId format',
  ])
  t.match((await service.call('ada', 'GET', '/orders?sort=asc&limit=0')).body.errors, [
    { pointer: '/query/sort', code: 'additionalProperties' },
    { pointer: '/query/limit', code: 'minimum' },
  ])
  t.match((await service.call('ada', 'GET', '/orders/7')).body.errors, [{ pointer: '/path/orderId', code: 'format' }])
})

t.test('text that cannot be stored is refused, wherever it stands', async (t) => {
  const send = async (body: string) =>
    (await app.inject({ method: 'POST', url: '/api/v1/orders', headers: { ...auth, ...json }, payload: body })).json()
  const order = JSON.stringify(lamp).slice(0, -1)
  t.match(await send(`${order},"note":"a\\u0000b"}`), { errors: [{ pointer: '/body/note', code: 'text' }] })
  t.match(await send(`${order},"note":"a\\ud800b"}`), { errors: [{ pointer: '/body/note', code: 'text' }] })
  t.match((await service.call('ada', 'GET', '/products?search=%00')).body, { errors: [{ pointer: '/query/search' }] })
  t.equal((await service.call('ada', 'POST', '/orders', { ...lamp, note: '\u{1F9A9} ok' })).status, 201)
})

t.test('deep and wide bodies are refused, and the answer stays small', async (t) => {
  for (const payload of ['['.repeat(120_000) + ']'.repeat(120_000), `{"items":[${'0,'.repeat(100_000)}0]}`]) {
    const response = await app.inject({ method: 'POST', url: '/api/v1/orders', headers: { ...auth, ...json }, payload })
    t.equal(response.statusCode, 400)
    t.ok(response.json().errors.length <= 20)
  }
})

t.test('a body that is nested too deep is refused before it is parsed', async (t) => {
  const send = (depth: number) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/orders',
      headers: { ...auth, ...json },
      payload: `{"items":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`,
    })
  t.match((await send(33)).json(), { error: 'validation-failed', errors: [{ pointer: '/body', code: 'depth' }] })
  t.match((await send(32)).json(), { errors: [{ pointer: '/body/items/0' }] }, 'the schema tells the rest')
})

t.test('a valid request id is kept, any other is replaced', async (t) => {
  const idOf = async (id: string) =>
    (await app.inject({ url: '/livez', headers: { 'x-request-id': id } })).headers['x-request-id']
  t.equal(await idOf('trace-0123.A_b'), 'trace-0123.A_b')
  t.match(await idOf('short'), /^[0-9a-f-]{36}$/)
  t.match(await idOf('has spaces in it'), /^[0-9a-f-]{36}$/)
  t.match(await idOf('x'.repeat(200)), /^[0-9a-f-]{36}$/)
  for (const secret of ['xoxb-1234567890-abcdefghij', '4111111111111111', `hr_${'a'.repeat(24)}_${'B'.repeat(43)}`])
    t.match(await idOf(secret), /^[0-9a-f-]{36}$/, 'it is told in logs and answers')
})

t.test('a wrong credential is told apart from none, and neither is echoed', async (t) => {
  const none = await app.inject({ url: '/api/v1/me' })
  t.equal(none.headers['www-authenticate'], 'Bearer realm="handrail"')
  for (const authorization of [
    'Bearer wrong',
    `Bearer ${keys.ada}x`,
    'Basic YTpi',
    'Bearer',
    `Bearer ${keys.ada} ${keys.bob}`,
  ]) {
    const wrong = await app.inject({ url: '/api/v1/me', headers: { authorization } })
    t.equal(wrong.statusCode, 401, authorization.slice(0, 8))
    t.equal(wrong.headers['www-authenticate'], 'Bearer realm="handrail", error="invalid_token"')
    t.notMatch(wrong.body, keys.ada.slice(-20))
  }
  t.equal((await app.inject({ url: `/api/v1/me?access_token=${keys.ada}` })).statusCode, 400, 'no tokens in queries')
})

t.test('the log has one line a request and no secret, body or query', async (t) => {
  service.log.length = 0
  await service.call('agent', 'GET', '/users?search=lovelace')
  await service.call('ada', 'POST', '/orders', { ...lamp, note: 'confidential' })
  const text = JSON.stringify(service.log)
  t.equal(service.log.length, 2)
  t.match(service.log[0], {
    operation: 'listUsers',
    agentId: 'copilot',
    method: 'GET',
    route: '/api/v1/users',
    status: 200,
    requestId: String,
    durationMs: Number,
  })
  t.notMatch(text, /lovelace|confidential|hr_[a-z0-9]{24}_/)
})

t.test('a crash is told without its cause, and logged with it', async (t) => {
  const broken = await startService(t, {
    replace: ({ policy }) => ({
      policy: { ...policy, check: async () => Promise.reject(new Error('secret detail at /srv/app.ts')) },
    }),
  })
  const { status, body } = await broken.call('ada', 'GET', '/me')
  t.equal(status, 500)
  t.match(body, { error: 'internal', retryable: false })
  t.notMatch(JSON.stringify(body), /secret detail|app\.ts/)
  t.match(JSON.stringify(broken.log), /secret detail/)
})

t.test('an address that asks too often is told to wait, and the probes are not', async (t) => {
  const limited = await startService(t, { requestsPerMinute: 3 })
  for (let count = 0; count < 3; count++) t.equal((await limited.call('ada', 'GET', '/me')).status, 200)
  const { status, headers, body } = await limited.call('ada', 'GET', '/me')
  t.equal(status, 429)
  t.match(body, { error: 'quota-exceeded', retryable: true })
  t.ok(Number(headers['retry-after']) > 0)
  t.equal((await limited.app.inject('/nope')).statusCode, 429, 'unknown routes count')
  for (const probe of ['/livez', '/readyz']) t.equal((await limited.app.inject(probe)).statusCode, 200)
})

t.test('behind a trusted proxy callers are told apart, and nobody else may say who they are', async (t) => {
  const send = (service: Service, address: string) =>
    service.app.inject({ url: '/api/v1/me', headers: { 'x-forwarded-for': address } })
  const behind = await startService(t, { requestsPerMinute: 1, trustedProxies: ['127.0.0.1'] })
  t.equal((await send(behind, '192.0.2.1')).statusCode, 401)
  t.equal((await send(behind, '192.0.2.2')).statusCode, 401)
  t.equal((await send(behind, '192.0.2.2')).statusCode, 429)
  const open = await startService(t, { requestsPerMinute: 1, trustedProxies: ['192.0.2.99'] })
  t.equal((await send(open, '192.0.2.1')).statusCode, 401)
  t.equal((await send(open, '192.0.2.2')).statusCode, 429)
})

t.test('a HEAD request is guarded like the GET it stands for', async (t) => {
  const head = (headers: object) =>
    app.inject({ method: 'HEAD', url: '/api/v1/products/LAMP', headers: { ...headers } })
  t.equal((await head({})).statusCode, 401)
  const list = await app.inject({ method: 'HEAD', url: '/api/v1/products', headers: auth })
  t.equal(list.headers.etag, (await app.inject({ url: '/api/v1/products', headers: auth })).headers.etag)
  const { statusCode, headers, body } = await head(auth)
  t.equal(statusCode, 200)
  t.match(headers.etag, /^"\d+"$/)
  t.equal(body, '')
})

t.test('while it closes, the service finishes what is under way and turns the rest away', async (t) => {
  let arrived = () => {}
  let release = () => {}
  const underWay = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const closing = await startService(t, {
    replace: ({ policy }) => ({
      policy: {
        ...policy,
        async check(...question) {
          arrived()
          await held
          return policy.check(...question)
        },
      },
    }),
  })
  await closing.app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((closing.app.server.address() as AddressInfo).port, '127.0.0.1')
  let answers = ''
  socket.setEncoding('utf8').on('data', (data: string) => {
    answers += data
  })
  const send = (path: string) =>
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${closing.keys.ada}\r\n\r\n`)
  send('/api/v1/me')
  await underWay
  const closed = closing.app.close()
  while (closing.app.server.listening) await setImmediate()
  send('/api/v1/products')
  await setImmediate()
  release()
  await Promise.all([closed, once(socket, 'close')])
  t.match(answers, /^HTTP\/1\.1 200 .*"role":"customer".*HTTP\/1\.1 503 .*connection: close.*"error":"unavailable"/s)
})

t.test('a database that is gone is 503, and only the process probe stays well', async (t) => {
  const { app, storage } = await startService(t)
  t.match((await app.inject('/readyz')).json(), { status: 'ok', checks: { database: 'ok', migrations: 'ok' } })
  await storage.db.$executeRaw`UPDATE "_prisma_migrations" SET migration_name = 'another'`
  const other = await app.inject('/readyz')
  t.equal(other.statusCode, 503, 'the schema is not the one that this version knows')
  t.match(other.json(), { checks: { database: 'ok', migrations: 'failed' } })
  await storage.close()
  t.equal((await app.inject('/readyz')).statusCode, 503)
  t.equal((await app.inject('/livez')).statusCode, 200)
})
