import { request as rawRequest } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { start } from './start.ts'
import { post } from './support.ts'

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

/** fetch forbids setting Host; node:http does not. */
function statusWithHost(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = rawRequest(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer token-ada', ...headers },
    })
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('error', reject)
    request.end('{}')
  })
}

t.test('a request without a bearer credential gets 401 and is told what to do', async (t) => {
  const { adapter, backend } = await start(t)
  for (const authorization of ['', 'Basic YTpi', 'Bearer', 'Bearer a b', 'Bearer é']) {
    const response = await post(adapter.url, list, { authorization: Buffer.from(authorization).toString('latin1') })
    t.equal(response.status, 401, authorization)
    t.equal(response.headers.get('www-authenticate'), 'Bearer')
    t.match(response.headers.get('content-type'), 'application/problem+json')
    t.match(await response.json(), { error: 'credential-missing', status: 401, hint: /Authorization: Bearer/ })
  }
  t.same(backend.seen, [])
})

t.test('a page that reached us by DNS rebinding gets 403', async (t) => {
  const { adapter } = await start(t)
  const { port } = adapter
  const accept = 'application/json, text/event-stream'
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    'a@localhost',
    '192.168.0.1',
  ]) {
    t.equal(await statusWithHost(adapter.url, { host, accept }), 403, host)
  }
  for (const host of [`localhost:${port}`, '127.0.0.1', '[::1]:99'])
    t.not(await statusWithHost(adapter.url, { host, accept }), 403, host)
  for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example']) {
    t.equal((await post(adapter.url, list, { origin })).status, 403, origin)
  }
  t.equal((await post(adapter.url, list, { origin: 'http://localhost:5173' })).status, 200)
})

t.test('further hosts and origins can be allowed', async (t) => {
  const { adapter } = await start(t, {}, { allowedHosts: ['mcp.example'], allowedOrigins: ['app.example'] })
  t.not(await statusWithHost(adapter.url, { host: 'mcp.example', origin: 'https://app.example' }), 403)
})

t.test('methods other than POST get 405', async (t) => {
  const { adapter } = await start(t)
  for (const method of ['GET', 'DELETE', 'PUT', 'OPTIONS']) {
    const response = await fetch(adapter.url, { method, headers: { authorization: 'Bearer token-ada' } })
    t.equal(response.status, 405)
    t.equal(response.headers.get('allow'), 'POST')
  }
})

t.test('a body that is too long, of another type, or not JSON is refused', async (t) => {
  const { adapter } = await start(t)
  t.equal((await post(adapter.url, `"${'x'.repeat(256 * 1024)}"`)).status, 413)
  t.equal((await post(adapter.url, list, { 'content-type': 'text/plain' })).status, 415)
  const broken = await post(adapter.url, '{"jsonrpc":')
  t.equal(broken.status, 400)
  t.match(await broken.json(), { jsonrpc: '2.0', id: null, error: { code: -32700 } })
})

t.test('a message nested too deeply, or not in UTF-8, is refused without a failure', async (t) => {
  const { adapter } = await start(t)
  const call = (args: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_user_by_id","arguments":${args}}}`
  for (const deep of [
    `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    call(`${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`),
  ]) {
    const response = await post(adapter.url, deep)
    t.equal(response.status, 400)
    t.match(await response.json(), { error: { code: -32600 } })
  }
  const brackets = await post(adapter.url, call(JSON.stringify({ userId: '[{"'.repeat(500) })))
  t.equal(brackets.status, 200, 'brackets within text are text')
  const broken = await fetch(adapter.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer token-ada' },
    body: Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff]), Buffer.from('"}')]),
  })
  t.equal(broken.status, 400)
  t.match(await broken.json(), { error: { code: -32700 } })
  const hello = await post(adapter.url, '{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"capabilities":{}}}')
  t.match(
    await hello.json(),
    { id: 'a', error: { code: -32602, message: /protocolVersion/ } },
    'it is no fault of ours',
  )
})

t.test('what is hardly HTTP gets a problem as well', async (t) => {
  const { adapter } = await start(t)
  async function send(text: string): Promise<string> {
    const socket = connect(adapter.port, '127.0.0.1').setEncoding('utf8')
    socket.end(text)
    let answer = ''
    for await (const data of socket) answer += data
    return answer
  }
  const close = 'Connection: close\r\n\r\n'
  t.match(await send('NONSENSE\r\n\r\n'), /^HTTP\/1\.1 400 .*application\/problem\+json/s)
  t.match(await send(`GET /mcp HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n${close}`), /^HTTP\/1\.1 431 .*problem\+json/s)
  t.match(await send(`GET /mcp HTTP/1.1\r\n${close}`), /^HTTP\/1\.1 403 .*problem\+json/s)
  t.match(
    await send(`GET /mcp HTTP/1.1\r\nHost: localhost\r\nExpect: x\r\n${close}`),
    /^HTTP\/1\.1 417 .*problem\+json/s,
  )
})

t.test("the caller's address goes to the API behind those of the proxies before it", async (t) => {
  const { adapter, backend } = await start(t)
  await post(adapter.url, list, { 'x-forwarded-for': '192.0.2.7' })
  t.match(backend.seen[0]?.headers['x-forwarded-for'], /^192\.0\.2\.7, .*127\.0\.0\.1$/)
})

t.test('a body over the limit is refused even when its length is not declared', async (t) => {
  const { adapter } = await start(t)
  const body = new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(256 * 1024).fill(32))
    },
  })
  const headers = { 'content-type': 'application/json', authorization: 'Bearer token-ada' }
  const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
  // The server may hang up while the client still sends; either way nothing was read to the end.
  const status = await fetch(adapter.url, init).then(
    (response) => response.status,
    () => 413,
  )
  t.equal(status, 413)
})

t.test('beyond the limit requests are told to come back, and probes still get their answer', async (t) => {
  let answer = () => {}
  const held = new Promise<void>((resolve) => {
    answer = resolve
  })
  let arrived = () => {}
  const both = new Promise<void>((resolve) => {
    arrived = resolve
  })
  let waiting = 0
  const routes = {
    'GET /api/v1/me': async () => {
      waiting += 1
      if (waiting === 2) arrived()
      await held
      return { body: { actions: [] } }
    },
  }
  const { adapter } = await start(t, routes, { maxInFlight: 2 })
  const leaving = new AbortController()
  const left = t.rejects(post(adapter.url, list, {}, leaving.signal))
  const first = post(adapter.url, list)
  await both
  const refused = await post(adapter.url, list)
  t.equal(refused.status, 503)
  t.equal(refused.headers.get('retry-after'), '1')
  t.match(await refused.json(), { error: 'overloaded', retryable: true })
  t.equal((await fetch(new URL('/livez', adapter.url))).status, 200)
  leaving.abort()
  await left
  answer()
  t.equal((await first).status, 200)
  // A place is free again once the answer has gone out, or its client has left.
  let status = 503
  while (status === 503) ({ status } = await post(adapter.url, list))
  t.equal(status, 200)
})

t.test('liveness depends on nothing', async (t) => {
  const { adapter, backend } = await start(t)
  const response = await fetch(new URL('/livez', adapter.url))
  t.equal(response.status, 200)
  t.equal(await response.text(), 'ok')
  t.equal((await fetch(new URL('/else', adapter.url))).status, 404)
  t.same(backend.seen, [])
})

t.test('closing twice is closing once, and nothing answers afterwards', async (t) => {
  const { adapter } = await start(t)
  await Promise.all([adapter.close(), adapter.close()])
  await t.rejects(fetch(adapter.url))
})
