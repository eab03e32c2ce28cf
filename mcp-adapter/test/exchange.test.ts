import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { type Backend, type BackendFailure, type BackendSettings, createBackend } from '../src/backend/backend.ts'
import { sendWithRetries } from '../src/backend/retry.ts'

type Test = { teardown(end: () => Promise<void>): void }

/** A server that does what it is told, and a client of it. */
async function pair(t: Test, listener: RequestListener, settings: Partial<BackendSettings> = {}) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const backend = createBackend(`http://127.0.0.1:${port}/base/`, {
    timeoutMs: 10_000,
    maxResponseBytes: 10_000,
    ...settings,
  })
  t.teardown(async () => {
    await backend.close()
    server.closeAllConnections()
    server.close()
  })
  return { backend, port }
}

const never = new AbortController().signal
const token = { token: 'tok' }
const options = (signal = never) => ({ requestId: 'r', signal })
const get = (backend: Backend, path = '/', signal?: AbortSignal) =>
  backend.send({ method: 'GET', path, headers: {} }, token, options(signal))
/** The failure that a promise ends with. */
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as BackendFailure,
  )

t.test('redirects are not followed, and the credential goes nowhere else', async (t) => {
  let others = 0
  const other = createServer((_request, response) => {
    others += 1
    response.end()
  }).listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(async () => void other.close())
  const { backend } = await pair(t, (_request, response) => {
    response.writeHead(307, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/` }).end()
  })
  t.equal((await get(backend)).status, 307)
  t.equal(others, 0)
})

t.test('a path that looks like another host stays a path', async (t) => {
  const urls: unknown[] = []
  const { backend } = await pair(t, (request, response) => {
    urls.push(request.url)
    response.end()
  })
  await get(backend, '//evil.example/x')
  await backend.send({ method: 'GET', path: '/y', basePath: '/other', headers: {} }, token, options())
  t.same(urls, ['/base//evil.example/x', '/other/y'])
})

for (const type of ['text/event-stream', 'application/x-ndjson'])
  t.test(`an endless stream (${type}) is read up to the limit, or the deadline, and told as truncated`, async (t) => {
    const { backend } = await pair(
      t,
      (request, response) => {
        response.writeHead(200, { 'content-type': type })
        if (request.url === '/base/slow') return void response.write('data: first\n\n')
        const write = () => response.write(`${'x'.repeat(999)}\n`) && setImmediate(write)
        response.on('drain', write)
        write()
      },
      { timeoutMs: 1200 },
    )
    const fast = await get(backend, '/fast')
    t.match({ truncated: fast.truncated, size: fast.body.length }, { truncated: true, size: 10_000 })
    const slow = await get(backend, '/slow')
    t.match({ truncated: slow.truncated, text: slow.body.toString() }, { truncated: true, text: 'data: first\n\n' })
  })

t.test('an answer that is too large, and no stream, is a failure', async (t) => {
  const { backend } = await pair(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify('x'.repeat(20_000)))
  })
  t.match(await failureOf(get(backend)), { kind: 'too-large', sent: true })
})

t.test(
  'an answer that is compressed unasked is unpacked; what unpacks to too much, or to nothing, is told',
  async (t) => {
    const text = JSON.stringify({ name: 'Ada' })
    const bodies: Record<string, [string, Buffer]> = {
      '/base/gzip': ['gzip', gzipSync(text)],
      '/base/deflate': ['deflate', deflateSync(text)],
      '/base/br': ['br', brotliCompressSync(text)],
      '/base/twice': ['br, gzip', gzipSync(brotliCompressSync(text))],
      '/base/bomb': ['gzip', gzipSync('0'.repeat(1_000_000))],
      '/base/unknown': ['zpaq', Buffer.from(text)],
      '/base/wrong': ['gzip', Buffer.from(text)],
    }
    const { backend } = await pair(t, (request, response) => {
      const [encoding, body] = bodies[request.url ?? ''] ?? ['', Buffer.alloc(0)]
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding }).end(body)
    })
    for (const path of ['/gzip', '/deflate', '/br', '/twice'])
      t.equal((await get(backend, path)).body.toString(), text, path)
    t.match(await failureOf(get(backend, '/bomb')), { kind: 'too-large' })
    t.match(await failureOf(get(backend, '/unknown')), { kind: 'unreadable' })
    t.match(await failureOf(get(backend, '/wrong')), { kind: 'unreadable' })
  },
)

t.test('what was not written to a connection is not "sent"; what was, is', async (t) => {
  const gone = createTcpServer().listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port } = gone.address() as AddressInfo
  gone.close()
  await once(gone, 'close')
  const backend = createBackend(`http://127.0.0.1:${port}`, { timeoutMs: 5000, maxResponseBytes: 1 })
  t.teardown(() => backend.close())
  t.match(await failureOf(get(backend)), { kind: 'unreachable', sent: false })

  const { backend: breaking } = await pair(t, (request) => void request.socket.destroy())
  t.match(await failureOf(get(breaking)), { kind: 'interrupted', sent: true })
  const { backend: silent } = await pair(t, () => {}, { timeoutMs: 50 })
  t.match(await failureOf(get(silent)), { kind: 'timeout', sent: true })
})

t.test('so many requests run at a time; others wait in order, and too many are told to come back', async (t) => {
  const held: { url: string; end: () => void }[] = []
  let arrived = () => {}
  const { backend } = await pair(
    t,
    (request, response) => {
      held.push({ url: request.url ?? '', end: () => response.end() })
      arrived()
    },
    { concurrency: 1 },
  )
  const next = (count: number) =>
    new Promise<void>((resolve) => {
      arrived = () => held.length >= count && resolve()
      arrived()
    })
  const calls = ['/1', '/2', '/3', '/4', '/5'].map((path) => get(backend, path))
  t.match(await failureOf(get(backend, '/6')), { kind: 'overloaded', sent: false, retryAfterMs: 1000 })
  for (let i = 1; i <= 5; i++) {
    await next(i)
    t.equal(held.length, i, 'one at a time')
    held[i - 1]?.end()
  }
  await Promise.all(calls)
  t.same(
    held.map(({ url }) => url),
    ['/base/1', '/base/2', '/base/3', '/base/4', '/base/5'],
  )
})

t.test('a call that is cancelled in the queue is never sent, and holds no place', async (t) => {
  const held: (() => void)[] = []
  const urls: unknown[] = []
  const { backend } = await pair(
    t,
    (request, response) => {
      urls.push(request.url)
      if (request.url === '/base/first') held.push(() => response.end())
      else response.end()
    },
    { concurrency: 1 },
  )
  const first = get(backend, '/first')
  const leaving = new AbortController()
  const second = failureOf(get(backend, '/second', leaving.signal))
  const third = get(backend, '/third')
  leaving.abort(new Error('left'))
  t.match(await second, { message: 'left' })
  while (held.length === 0) await new Promise(setImmediate)
  held[0]?.()
  await Promise.all([first, third])
  t.same(urls, ['/base/first', '/base/third'])
})

t.test('the wait in the queue ends with the deadline of the call', async (t) => {
  const { backend } = await pair(t, () => {}, { concurrency: 1 })
  const leave = new AbortController()
  const first = failureOf(get(backend, '/', leave.signal))
  const waited = backend.send({ method: 'GET', path: '/', headers: {} }, token, options(), 20)
  t.match(await failureOf(waited), { kind: 'overloaded', sent: false })
  leave.abort(new Error('enough'))
  await first
})

t.test('a request that waited, and had little time left for the API, tells nothing about it', async (t) => {
  const waiting = 6
  let asked = 0
  const { backend } = await pair(
    t,
    (_request, response) => {
      asked += 1
      if (asked <= waiting) setTimeout(() => response.end('slow'), 300)
      else if (asked > 2 * waiting) response.end('quick')
    },
    { concurrency: waiting },
  )
  const request = { method: 'GET', path: '/', headers: {} }
  const first = Array.from({ length: waiting }, () => backend.send(request, token, options()))
  const second = Array.from({ length: waiting }, () => failureOf(backend.send(request, token, options(), 1200)))
  for (const { status } of await Promise.all(first)) t.equal(status, 200)
  for (const failure of await Promise.all(second)) t.match(failure, { kind: 'timeout', sent: true })
  t.equal((await get(backend)).status, 200, 'the breaker is closed')
})

t.test('an argument cannot stand for a header that is ours', async (t) => {
  let seen: Record<string, unknown> = {}
  const { backend } = await pair(t, (request, response) => {
    seen = request.headers
    response.end()
  })
  const headers = { 'user-agent': 'x', 'x-request-id': 'x', 'x-forwarded-for': 'x', traceparent: 'x', 'x-own': 'kept' }
  const sent = { ...options(), forwardedFor: '192.0.2.1', traceparent: 'tp' }
  await backend.send({ method: 'GET', path: '/', headers: { ...headers, authorization: 'x' } }, token, sent)
  t.match(seen, { 'x-request-id': 'r', 'x-forwarded-for': '192.0.2.1', traceparent: 'tp', 'x-own': 'kept' })
  t.match(seen, { 'user-agent': /^handrail-mcp\//, authorization: 'Bearer tok' })
})

t.test('retries have a budget: an API in trouble gets few more requests than there are calls', async (t) => {
  let asked = 0
  const { backend } = await pair(
    t,
    (_request, response) => {
      asked += 1
      response.writeHead(503, { 'retry-after': '0' }).end()
    },
    { breaker: false },
  )
  const calls = 100
  const request = { method: 'GET', path: '/', headers: {} }
  // One after the other would wait for each jitter.
  await Promise.all(
    Array.from({ length: calls }, () => sendWithRetries(backend, request, token, { ...options(), repeatable: true })),
  )
  t.ok(asked > calls, 'some are sent again')
  t.ok(asked <= calls + 10 + calls * 0.1 + 1, `${asked} requests for ${calls} calls`)
})

t.test('429 is not sent again, and Retry-After may be an HTTP date', async (t) => {
  let asked = 0
  const inTwoSeconds = () => new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000).toUTCString()
  const { backend } = await pair(t, (request, response) => {
    asked += 1
    if (request.url === '/base/busy') response.writeHead(429, { 'retry-after': inTwoSeconds() }).end()
    else if (asked === 2) response.writeHead(503, { 'retry-after': inTwoSeconds() }).end()
    else response.end()
  })
  const repeatable = { ...options(), repeatable: true }
  t.equal(
    (await sendWithRetries(backend, { method: 'GET', path: '/busy', headers: {} }, token, repeatable)).status,
    429,
  )
  t.equal(asked, 1)
  const started = Date.now()
  t.equal((await sendWithRetries(backend, { method: 'GET', path: '/', headers: {} }, token, repeatable)).status, 200)
  t.ok(Date.now() - started >= 900, 'the date was waited for')
  const late = new Date(Date.now() + 3_600_000).toUTCString()
  const { backend: far } = await pair(t, (_request, response) => {
    response.writeHead(503, { 'retry-after': late }).end()
  })
  const answer = await sendWithRetries(far, { method: 'GET', path: '/', headers: {} }, token, repeatable)
  t.equal(answer.status, 503, 'a date beyond the deadline is not waited for')
})

t.test('a connection that the API closed while it was idle does not fail a read', async (t) => {
  const { backend } = await pair(t, (request, response) => {
    response.end('ok', () => setImmediate(() => request.socket.destroy()))
  })
  for (let i = 0; i < 20; i++)
    t.equal(
      (
        await sendWithRetries(backend, { method: 'GET', path: '/', headers: {} }, token, {
          ...options(),
          repeatable: true,
        })
      ).status,
      200,
    )
})

t.test('a request that HTTP does not know is not sent, and says nothing about the API', async (t) => {
  let asked = 0
  const { backend } = await pair(t, (_request, response) => {
    asked += 1
    response.end()
  })
  const wrong = { method: 'GET', path: '/', headers: { 'x-a': 'b\r\nx-c: d' } }
  for (let i = 0; i < 10; i++)
    t.match(await failureOf(backend.send(wrong, token, options())), { code: 'UND_ERR_INVALID_ARG' })
  t.equal(asked, 0)
  t.equal((await get(backend)).status, 200, 'the breaker did not count it')
})

t.test('connections to private addresses are refused where it was the document that named the API', async (t) => {
  let asked = 0
  const { backend } = await pair(t, () => void asked++, { publicOnly: true })
  t.match(await failureOf(get(backend)), { kind: 'private-address', sent: false })
  t.equal(asked, 0)
})
