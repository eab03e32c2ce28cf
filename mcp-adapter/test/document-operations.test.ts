import { join } from 'node:path'
import t from 'tap'
import { readDocument } from '../src/document/read.ts'
import { baseUrlOf, createApi } from '../src/tools/api.ts'
import { connect } from './clients/connect.ts'
import { openapi, operationOf, read } from './fixtures/documents.ts'
import { folder } from './fixtures/folder.ts'
import { start } from './start.ts'

const get = (more: object = {}) => ({ get: { responses: {}, ...more } })
const ids = (paths: object) => [...read(openapi(paths)).operations.keys()]

t.test('missing and duplicate operationIds: every operation has a stable id of its own', async (t) => {
  const paths = {
    '/users/{id}': { ...get(), put: { operationId: '', responses: {} }, delete: { operationId: 7, responses: {} } },
    '/users/{id}/': get(),
    '/a': get({ operationId: 'list' }),
    '/b': get({ operationId: 'list' }),
    '/c': get({ operationId: 'get_b' }),
    '/__proto__': get({ operationId: '__proto__' }),
    '/': get(),
  }
  const named = [
    'get_users_id',
    'put_users_id',
    'delete_users_id',
    'get_users_id_2',
    'list',
    'get_b_2',
    'get_b',
    '__proto__',
    'get',
  ]
  t.same(new Set(ids(paths)), new Set(named))
  t.equal(operationOf(read(openapi(paths)), 'list').path, '/a')
  t.equal(operationOf(read(openapi(paths)), 'get_b_2').path, '/b')
  const later = { '/first': get(), ...paths, '/z': get({ operationId: 'list' }) }
  t.same(new Set(ids(later)), new Set([...named, 'get_first', 'get_z']), 'others do not rename it')
})

t.test('one bad operation must not take down the rest, and each is told with its reason', async (t) => {
  const document = read(
    openapi(
      {
        '/ok': get({ operationId: 'ok' }),
        '/a': get({ operationId: 'nowhere', parameters: [{ $ref: '#/components/parameters/no' }] }),
        '/b': get({ parameters: [{ in: 'query' }] }),
        '/c': get({ parameters: [{ name: 'c', in: 'body' }] }),
        '/d': get({ responses: { 200: { $ref: '#/components/responses/Loop' } } }),
        '/e': { post: { requestBody: { $ref: '#/%zz' }, responses: {} }, options: {}, trace: {} },
        '/f/../g': get(),
        '/f/%2E%2e/g': get(),
        h: get(),
        '/i': { $ref: '#/components/pathItems/no' },
        '/j': null,
        '/k': { get: null, post: 'x', parameters: 'x' },
        'x-note': get(),
      },
      { responses: { Loop: { $ref: '#/components/responses/Loop' } } },
    ),
  )
  t.same([...document.operations.keys()], ['ok'])
  t.same(document.leftOut.map(({ operation }) => operation).sort(), [
    '/i',
    'GET /b',
    'GET /c',
    'GET /d',
    'GET /f/%2E%2e/g',
    'GET /f/../g',
    'GET h',
    'OPTIONS /e',
    'POST /e',
    'TRACE /e',
    'nowhere',
  ])
  const reasonOf = (operation: string) => document.leftOut.find((one) => one.operation === operation)?.reason
  t.equal(reasonOf('nowhere'), 'The document has nothing at #/components/parameters/no')
  t.match(reasonOf('GET /d'), /leads back to itself/)
  t.match(reasonOf('TRACE /e'), /TRACE is not offered/)
  t.match(reasonOf('GET h'), /does not begin with "\/"/)
})

t.test('callbacks and webhooks are no operations', async (t) => {
  const document = read({
    ...openapi({
      '/a': get({ callbacks: { c: { '{$request.body#/url}': { post: { operationId: 'called', responses: {} } } } } }),
    }),
    webhooks: { w: { post: { operationId: 'hooked', responses: {} } } },
  })
  t.same([...document.operations.keys()], ['get_a'])
  t.same(document.leftOut, [])
})

t.test("path-level parameters are of every operation, and the operation's own go over them", async (t) => {
  const integer = { type: 'integer' }
  const document = read(
    openapi({
      '/a/{id}/{other}': {
        parameters: [
          { name: 'id', in: 'path', required: true, schema: integer },
          { name: 'q', in: 'query', schema: integer },
          { name: 'gone', in: 'path', required: true, schema: integer },
        ],
        get: {
          responses: {},
          parameters: [
            { name: 'q', in: 'query', schema: { type: 'string' } },
            { name: 'q', in: 'header', schema: integer },
            { name: 'q', in: 'query', schema: { type: 'boolean' } },
          ],
        },
        head: { responses: {} },
      },
    }),
  )
  const shown = (id: string) =>
    operationOf(document, id).parameters.map((p) => `${p.in} ${p.name} ${(p.schema as { type: string }).type}`)
  // A name of the path that nobody declares is text; one that the path has not is nothing.
  t.same(shown('get_a_id_other'), ['path id integer', 'query q string', 'header q integer', 'path other string'])
  t.same(shown('head_a_id_other'), ['path id integer', 'query q integer', 'path other string'])
})

t.test('operations keep tags, words, deprecation, extensions and what tells paths apart', async (t) => {
  const document = read(
    openapi({ '/a#one': get({ tags: ['x', 7], deprecated: true, summary: 'S', 'x-risk': 'low' }), '/a#two': get() }),
  )
  t.match(operationOf(document, 'get_a_one'), {
    tags: ['x'],
    deprecated: true,
    summary: 'S',
    source: { 'x-risk': 'low' },
  })
  t.match(operationOf(document, 'get_a_two'), { tags: [], method: 'GET' })
  t.notOk('deprecated' in operationOf(document, 'get_a_two'))
})

t.test('relative and several servers, the base path kept; server variables', async (t) => {
  const servers = [
    { url: 'api/{version}', variables: { version: { default: 'v1', enum: ['v1', 'v2'] } } },
    {
      url: 'https://{region}.example.com:{port}/base',
      variables: { region: { default: 'eu' }, port: { default: 8443 } },
    },
    { url: 'https://{open}.example.com' },
  ]
  const at = (server?: object) =>
    readDocument({ openapi: '3.1.0', servers, paths: {} }, 'd', 'http://h/docs/openapi.json', server)
  t.equal(baseUrlOf(at(), undefined), 'http://h/docs/api/v1')
  t.equal(baseUrlOf(at({ variables: { version: 'v2' } }), undefined), 'http://h/docs/api/v2')
  t.equal(
    baseUrlOf(at({ variables: { version: 'v2' } }), 'http://other:1'),
    'http://other:1/docs/api/v2'.replace('/docs', ''),
  )
  t.equal(baseUrlOf(at({ index: 1, variables: { region: 'us' } }), undefined), 'https://us.example.com:8443/base')
  t.throws(() => at({ index: 3 }), /3 servers, and none of index 3/)
  t.throws(() => at({ variables: { versoin: 'v1' } }), /no variable "versoin"\. Did you mean "version"\?/)
  t.throws(() => at({ variables: { version: 'v3' } }), /"version" is one of v1, v2, not "v3"/)
  t.throws(() => baseUrlOf(at({ index: 2 }), undefined), /not known where the API is/)
  t.equal(readDocument({ openapi: '3.1.0', paths: {} }, 'd').server, undefined)
})

t.test('servers of a path or an operation: the base path is theirs, another host is left out', async (t) => {
  const servers = (url: string) => ({ servers: [{ url }] })
  const document = read({
    ...openapi({
      '/a': { ...get(), ...servers('https://api.example.com/v2/') },
      '/b': { ...get(servers('/admin')), ...servers('https://else.example.com/') },
      '/c': get(servers('https://else.example.com/v1')),
      '/d': get({ servers: [] }),
    }),
    ...servers('https://api.example.com/v1'),
  })
  const at = (baseUrl: string) => {
    const api = createApi(document, baseUrl)
    return [...api.document.operations.values()].map(({ id, basePath }) => [id, basePath])
  }
  t.same(at('https://api.example.com/v1'), [
    ['get_a', '/v2'],
    ['get_b', '/admin'],
    ['get_d', undefined],
  ])
  t.same(at('http://127.0.0.1:1/v1'), [
    ['get_a', '/v2'],
    ['get_b', '/admin'],
    ['get_d', undefined],
  ])
  t.same(at('http://127.0.0.1:1/mounted'), [['get_d', undefined]], 'where /v2 is now is not known')
  t.match(createApi(document, 'https://api.example.com/v1').document.leftOut, [
    { operation: 'get_c', reason: /Its server is https:\/\/else\.example\.com\/v1/ },
  ])
})

t.test('a call goes to the base path of its own operation', async (t) => {
  const own = { operationId: 'getOwn', servers: [{ url: '/v2' }] }
  const path = folder(t, {
    'api.json': { ...openapi({ '/me': get({ operationId: 'getMe' }), '/own': get(own) }), servers: [{ url: '/v1' }] },
    'tools.yaml': 'server: {name: x}\nbackend: {openapi: api.json}\ntools: [{operation: getMe}, {operation: getOwn}]\n',
  })
  const { adapter, backend } = await start(
    t,
    { 'GET /v1/me': () => ({ body: {} }), 'GET /v2/own': () => ({ body: {} }) },
    { configFile: join(path, 'tools.yaml') },
  )
  const client = await connect(t, adapter.url, 'v2-modern')
  for (const name of ['get_me', 'get_own']) t.notOk((await client.call(name)).isError, name)
  t.same(
    backend.seen.map(({ url }) => url),
    ['/v1/me', '/v2/own'],
  )
})
