import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { loadDocument } from '../src/document/load.ts'
import { answering, openapi } from './fixtures/documents.ts'
import { folder } from './fixtures/folder.ts'

type Reply = (request: IncomingMessage, response: ServerResponse) => void

const send =
  (content: object | string, status = 200, headers: Record<string, string> = {}): Reply =>
  (_, response) => {
    response.writeHead(status, headers).end(typeof content === 'string' ? content : JSON.stringify(content))
  }

/** A web server on a loopback port, gone at the end of the test. `seen` are the paths it was asked for. */
async function serve(test: { teardown(end: () => void): void }, routes: Record<string, Reply>) {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    const route = routes[request.url ?? '']
    if (route) route(request, response)
    else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, seen, paths: () => seen.map((request) => request.url) }
}

const from = '/nowhere/tools.yaml'
const plain = openapi(answering({ type: 'string' }))

t.test('a document at a URL: its folder is its own, and no credential or encoding is asked for', async (t) => {
  const server = await serve(t, {
    '/docs/api.json': send(
      openapi({ '/a': { $ref: 'paths/a.json' }, '/b': { $ref: '../b.json' }, '/c': { $ref: 'x%2f..%2f..%2fb.json' } }),
    ),
    '/docs/paths/a.json': send({ get: { responses: { 200: { $ref: '../responses.yaml#/Ok' } } } }),
    '/docs/responses.yaml': send('Ok: {description: fine}'),
    '/b.json': send({ get: { responses: {} } }),
  })
  const document = await loadDocument(`${server.url}/docs/api.json`, { from })
  t.same([...document.operations.keys()], ['get_a'])
  t.match(document.leftOut, [
    { operation: '/b', reason: /leads out of the document's folder/ },
    { operation: '/c', reason: /leads out of/ },
  ])
  t.same(server.paths(), ['/docs/api.json', '/docs/paths/a.json', '/docs/responses.yaml'])
  t.equal(document.url, `${server.url}/docs/api.json`)
  for (const { headers } of server.seen)
    t.match([headers.authorization, headers['accept-encoding']], [undefined, 'identity'])
})

t.test('redirects: within the host up to three, to another host never', async (t) => {
  const other = await serve(t, { '/api.json': send(plain) })
  const hop = (location: string) => send('', 302, { location })
  const server = await serve(t, {
    '/1': hop('/2'),
    '/2': hop('3'),
    '/3': hop('/docs/api.json'),
    '/0': hop('/1'),
    '/docs/api.json': send(plain),
    '/away': hop(`${other.url}/api.json`),
    '/meta': hop('http://169.254.169.254/latest/meta-data'),
    '/name': hop(`http://localhost:${other.port}/api.json`),
    '/file': hop('file:///etc/passwd'),
    '/who': hop('http://user:pass@127.0.0.1/'),
  })
  const document = await loadDocument(`${server.url}/1`, { from })
  t.equal(document.url, `${server.url}/docs/api.json`)
  await t.rejects(loadDocument(`${server.url}/0`, { from }), { message: /redirects more than 3 times/ })
  for (const path of ['away', 'meta', 'name', 'file', 'who'])
    await t.rejects(
      loadDocument(`${server.url}/${path}`, { from, privateAddresses: true }),
      { message: /redirects to another host/ },
      path,
    )
  t.same(other.paths(), [])
})

t.test('rebinding: the address that is connected to is judged, of references as of documents', async (t) => {
  const server = await serve(t, { '/x.json': send({ get: { responses: {} } }) })
  const places = [
    `http://127.0.0.1:${server.port}`,
    `http://localhost:${server.port}`,
    `http://[::ffff:127.0.0.1]:${server.port}`,
    `http://2130706433:${server.port}`,
  ]
  const path = folder(t, {
    'api.json': openapi(Object.fromEntries(places.map((place, i) => [`/p${i}`, { $ref: `${place}/x.json` }]))),
  })
  const options = { from: `${path}/tools.yaml`, references: places }
  const refused = await loadDocument('api.json', options)
  t.equal(refused.leftOut.length, places.length)
  for (const { reason } of refused.leftOut) t.match(reason, /is a private address, or its name leads to one/)
  t.same(server.paths(), [])
  const allowed = await loadDocument('api.json', { ...options, privateAddresses: true })
  t.ok(allowed.operations.has('get_p0'))
  // Nobody listens there: what counts is that it is told at once, and why.
  for (const url of ['http://10.0.0.1/a', 'http://169.254.169.254/a', 'http://[fd00::1]/a', 'http://0.0.0.0/a'])
    await t.rejects(loadDocument(url, { from }), { message: /is a private address/ }, url)
})

t.test('a loopback URL that the operator wrote is asked; what it refers to elsewhere on loopback is not', async (t) => {
  const other = await serve(t, { '/x.json': send({ get: { responses: {} } }) })
  const server = await serve(t, {
    '/api.json': send(openapi({ '/a': { $ref: 'near.json' }, '/b': { $ref: `${other.url}/x.json` } })),
    '/near.json': send({ get: { responses: {} } }),
  })
  const document = await loadDocument(`${server.url}/api.json`, { from, references: [other.url] })
  t.same([...document.operations.keys()], ['get_a'])
  t.match(document.leftOut, [{ operation: '/b', reason: /private address/ }])
  t.same(other.paths(), [])
})

t.test(
  'URLs with credentials, answers that are errors, and what is no document are refused with the reason',
  async (t) => {
    const server = await serve(t, { '/gone': send('x', 410), '/html': send('<html>') })
    const refused = await loadDocument('http://user:pass@example.com/a.json', { from }).catch(String)
    t.match(refused, /must not hold a credential/)
    t.notMatch(refused, 'pass')
    await t.rejects(loadDocument(`${server.url}/gone`, { from }), { message: /gone: it answered 410/ })
    await t.rejects(loadDocument(`${server.url}/html`, { from }), { message: /is not an OpenAPI document/ })
  },
)

t.test('oversize: a body without end, or compressed, is not read to its end', async (t) => {
  let sent = 0
  const server = await serve(t, {
    '/endless': (_, response) => {
      const chunk = Buffer.alloc(1024 * 1024, ' ')
      const more = (): void => {
        if (response.destroyed) return
        sent += 1
        if (response.write(chunk)) setImmediate(more)
        else response.once('drain', more)
      }
      more()
    },
    '/gzip': (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(plain)))
    },
  })
  await t.rejects(loadDocument(`${server.url}/endless`, { from }), { message: /larger than 16777216 bytes/ })
  t.ok(sent < 64, `${sent} MB`)
  await t.rejects(loadDocument(`${server.url}/gzip`, { from }), { message: /compressed/ })
})
