import t from 'tap'
import type { JsonObject } from '../src/json.ts'
import { accepts, loadFrom, operationOf, toolOf } from './fixtures/documents.ts'
import { folder } from './fixtures/folder.ts'

const swagger = (paths: object, more: object = {}) => ({
  swagger: '2.0',
  info: { title: 't', version: '1' },
  consumes: ['application/json'],
  produces: ['application/json'],
  paths,
  ...more,
})

type Test = Parameters<typeof folder>[0]
const load = (test: Test, document: object) => loadFrom(folder(test, { 'api.json': document }), 'api.json')
const body = (schema: object) => ({ name: 'body', in: 'body', required: true, schema })
const query = (name: string, more: object) => ({ name, in: 'query', type: 'array', items: { type: 'string' }, ...more })
const bodyOf = (operation: { requestBody?: JsonObject }) => operation.requestBody?.content as Record<string, JsonObject>

t.test('Swagger 2.0: host, basePath and schemes become servers, the encrypted one first', async (t) => {
  const at = async (more: object) => (await load(t, swagger({}, more))).server
  t.equal(
    await at({ host: 'api.example.com', basePath: '/v1', schemes: ['http', 'https', 'wss'] }),
    'https://api.example.com/v1',
  )
  t.equal(await at({ host: 'api.example.com', schemes: ['http'] }), 'http://api.example.com')
  t.equal(await at({ basePath: '/v1' }), '/v1')
  t.equal(await at({}), undefined)
})

t.test('Swagger 2.0: parameters and collection formats become styles; one that has none is told', async (t) => {
  const document = await load(t, {
    ...swagger({
      '/a/{id}': {
        parameters: [
          { name: 'id', in: 'path', required: true, type: 'integer', exclusiveMinimum: true, minimum: 0 },
          { $ref: '#/parameters/Limit' },
        ],
        get: {
          operationId: 'getA',
          parameters: [
            query('c', {}),
            query('s', { collectionFormat: 'ssv' }),
            query('p', { collectionFormat: 'pipes' }),
            query('m', { collectionFormat: 'multi' }),
          ],
          responses: {},
        },
      },
      '/b': { get: { operationId: 'getB', parameters: [query('t', { collectionFormat: 'tsv' })], responses: {} } },
    }),
    parameters: {
      Limit: { name: 'limit', in: 'query', type: 'integer', 'x-nullable': true, default: 3, description: 'L' },
    },
  })
  const array = { type: 'array', items: { type: 'string' } }
  t.match(operationOf(document, 'getA').parameters, [
    { name: 'id', in: 'path', schema: { type: 'integer', exclusiveMinimum: 0 } },
    { name: 'limit', description: 'L', schema: { type: ['integer', 'null'], default: 3 } },
    { name: 'c', style: 'form', explode: false, schema: array },
    { name: 's', style: 'spaceDelimited', explode: false },
    { name: 'p', style: 'pipeDelimited', explode: false },
    { name: 'm', style: 'form', explode: true },
  ])
  t.match(document.leftOut, [{ operation: 'getB', reason: /collectionFormat "tsv" of its query parameter "t"/ }])
})

t.test('Swagger 2.0: a form with a required field is a required body, so its fields stand flat', async (t) => {
  const field = (name: string, more: object = {}) => ({ name, in: 'formData', type: 'string', ...more })
  const post = (operationId: string, parameters: object[]) => ({ post: { operationId, parameters, responses: {} } })
  const document = await load(
    t,
    swagger({
      '/message': post('send', [field('channel', { required: true }), field('text')]),
      '/status': post('setStatus', [field('text')]),
    }),
  )
  t.equal(operationOf(document, 'send').requestBody?.required, true)
  t.notOk(operationOf(document, 'setStatus').requestBody?.required, 'without one, the form may be left out')
  const { inputSchema } = toolOf(document, 'send').published
  t.match(inputSchema, { properties: { channel: {}, text: {} }, required: ['channel'] })
})

t.test('Swagger 2.0: bodies and forms, shared ones and those of a path too', async (t) => {
  const document = await load(t, {
    ...swagger({
      '/shared': {
        put: {
          operationId: 'shared',
          consumes: ['application/merge-patch+json'],
          parameters: [{ $ref: '#/parameters/Body' }],
          responses: {},
        },
      },
      '/path': { post: { operationId: 'ofPath', responses: {} }, parameters: [{ $ref: '#/parameters/Body' }] },
      '/form': {
        post: {
          operationId: 'form',
          parameters: [
            { name: 'a', in: 'formData', type: 'string', required: true },
            query('q', {}),
            { name: 'tags', in: 'formData', type: 'array', items: { type: 'string' }, collectionFormat: 'multi' },
          ],
          responses: {},
        },
      },
      '/file': {
        post: {
          operationId: 'file',
          parameters: [{ $ref: '#/parameters/File' }, { name: 'note', in: 'formData', type: 'string' }],
          responses: {},
        },
      },
    }),
    parameters: {
      Body: body({ $ref: '#/definitions/Pet' }),
      File: { name: 'file', in: 'formData', type: 'file', required: true },
    },
    definitions: {
      Pet: {
        type: 'object',
        required: ['n'],
        properties: { n: { type: 'integer', minimum: 0, exclusiveMinimum: true } },
      },
    },
  })
  t.same(document.leftOut, [])
  const shared = operationOf(document, 'shared')
  t.same(shared.parameters, [])
  t.same(bodyOf(shared), { 'application/merge-patch+json': { schema: { $ref: '#/components/schemas/Pet' } } })
  t.same(bodyOf(operationOf(document, 'ofPath')), {
    'application/json': { schema: { $ref: '#/components/schemas/Pet' } },
  })
  const form = bodyOf(operationOf(document, 'form'))
  t.match(form['application/x-www-form-urlencoded'], {
    schema: { required: ['a'], properties: { a: { type: 'string' }, tags: { type: 'array' } } },
    encoding: { tags: { style: 'form', explode: true } },
  })
  t.same(Object.keys(form), ['application/x-www-form-urlencoded'])
  t.match(bodyOf(operationOf(document, 'file')), {
    'multipart/form-data': {
      schema: { required: ['file'], properties: { file: { type: 'string', format: 'binary' }, note: {} } },
    },
  })
  const tool = toolOf(document, 'ofPath')
  t.same(
    [{ n: 1 }, { n: 0 }, {}].map((args) => accepts(tool, args)),
    [true, false, false],
  )
})

t.test('Swagger 2.0: responses take the media types of their own operation', async (t) => {
  const document = await load(t, {
    ...swagger({
      '/a': {
        get: {
          operationId: 'getA',
          produces: ['text/csv'],
          responses: { 200: { $ref: '#/responses/Ok' }, default: { description: 'x', schema: { type: 'file' } } },
        },
      },
      '/b': {
        get: { operationId: 'getB', responses: { 200: { $ref: '#/responses/Ok' }, 404: { description: 'none' } } },
      },
      '/c': {
        get: {
          operationId: 'getC',
          responses: { 200: { description: 'x', schema: { $ref: '#/paths/~1b2/get/responses/200/schema' } } },
        },
      },
      '/b2': {
        get: {
          operationId: 'getB2',
          responses: {
            200: { description: 'x', schema: { type: 'object', properties: { deep: { type: 'string' } } } },
          },
        },
      },
    }),
    responses: {
      Ok: { description: 'ok', schema: { $ref: '#/definitions/A' }, headers: { 'X-N': { type: 'integer' } } },
    },
    definitions: { A: { type: 'object', discriminator: 'kind', properties: { kind: { type: 'string' } } } },
  })
  const contentOf = (id: string) => Object.keys(operationOf(document, id).responses[200]?.content as object)
  t.same([contentOf('getA'), contentOf('getB')], [['text/csv'], ['application/json']])
  t.match(operationOf(document, 'getB').responses, {
    200: { headers: { 'X-N': { schema: { type: 'integer' } } } },
    404: { description: 'none' },
  })
  t.match((document.root.components as JsonObject).schemas, {
    A: { discriminator: { propertyName: 'kind' }, required: ['kind'] },
  })
  t.match(toolOf(document, 'getC').published.outputSchema, { properties: { deep: { type: 'string' } } }, 'deep refs')
})

t.test('Swagger 2.0: security definitions become schemes', async (t) => {
  const document = await load(t, {
    ...swagger({}),
    securityDefinitions: {
      basic: { type: 'basic' },
      key: { type: 'apiKey', in: 'header', name: 'X-Key' },
      oauth: {
        type: 'oauth2',
        flow: 'accessCode',
        authorizationUrl: 'https://a',
        tokenUrl: 'https://t',
        scopes: { r: 'Read' },
      },
    },
  })
  t.same((document.root.components as JsonObject).securitySchemes, {
    basic: { type: 'http', scheme: 'basic' },
    key: { type: 'apiKey', in: 'header', name: 'X-Key' },
    oauth: {
      type: 'oauth2',
      flows: { authorizationCode: { authorizationUrl: 'https://a', tokenUrl: 'https://t', scopes: { r: 'Read' } } },
    },
  })
})

t.test('Swagger 2.0: one bad operation must not take down the rest', async (t) => {
  const document = await load(
    t,
    swagger({
      '/ok': { get: { operationId: 'ok', responses: { 200: { description: 'x' } } } },
      '/a': { get: { operationId: 'noName', parameters: [{ in: 'query', type: 'string' }], responses: {} } },
      '/b': { get: { parameters: [{ $ref: '#/parameters/none' }], responses: {} } },
      '/c': { get: { operationId: 'noFile', responses: { 200: { $ref: 'missing.json' } } } },
      '/d': { get: null, 'x-note': null, put: 7 },
      '/e': null,
      '/f': { get: { operationId: 'odd', responses: { 200: null, 404: 7 } } },
      '/g': { $ref: 'missing.json' },
    }),
  )
  t.same([...document.operations.keys()], ['ok', 'odd'])
  t.match(document.leftOut, [
    { operation: 'noName', reason: /no "name"/ },
    { operation: 'GET /b', reason: /nothing at #\/parameters\/none/ },
    { operation: 'noFile', reason: /missing\.json: ENOENT/ },
    { operation: '/g', reason: /missing\.json: ENOENT/ },
  ])
})

t.test('Swagger 2.0: shared parts that multiply are refused, not written out', async (t) => {
  const huge = { description: 'x', schema: { enum: Array.from({ length: 20_000 }, (_, i) => i) } }
  const paths = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [
      `/p${i}`,
      { get: { operationId: `p${i}`, responses: { 200: { $ref: '#/responses/Huge' } } } },
    ]),
  )
  const document = await load(t, { ...swagger(paths), responses: { Huge: huge } })
  t.ok(document.operations.has('p0'))
  t.match(document.leftOut.at(-1), { operation: 'p99', reason: /too large to be written out/ })
})
