import fc from 'fast-check'
import t from 'tap'
import { Bundler } from '../src/document/bundle.ts'
import { type ApiDocument, readDocument } from '../src/document/read.ts'
import { upgradeSwagger } from '../src/document/swagger.ts'
import { ConfigError } from '../src/errors.ts'
import type { Json, JsonObject } from '../src/json.ts'
import { createApi } from '../src/tools/api.ts'
import { buildTool } from '../src/tools/tools.ts'
import { answering, json, loadFrom, openapi, read, toolOf } from './fixtures/documents.ts'
import { folder } from './fixtures/folder.ts'
import { largeDocument, OPERATIONS } from './fixtures/large-document.ts'

const ref = ($ref: string) => ({ $ref })

const modern = openapi(
  {
    '/a/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      servers: [{ url: 'https://{r}.example.com', variables: { r: { default: 'x', enum: ['x'] } } }],
      get: {
        tags: ['x'],
        parameters: [
          ref('#/components/parameters/Q'),
          { name: 'c', in: 'query', content: { 'application/json': { schema: {} } } },
        ],
        responses: { 200: ref('#/components/responses/Ok') },
      },
      post: {
        operationId: 'make',
        requestBody: ref('#/components/requestBodies/B'),
        responses: { 201: { description: '', ...json(ref('#/components/schemas/Pet')) } },
      },
    },
    '/b': ref('#/components/pathItems/P'),
  },
  {
    parameters: {
      Q: {
        name: 'q',
        in: 'query',
        style: 'form',
        explode: true,
        schema: { type: 'array', items: { type: 'integer', nullable: true } },
      },
    },
    responses: {
      Ok: {
        description: '',
        headers: { X: { schema: {} } },
        ...json({ type: 'array', items: ref('#/components/schemas/Pet') }),
      },
    },
    requestBodies: { B: { required: true, ...json(ref('#/components/schemas/Pet')) } },
    pathItems: {
      P: {
        put: {
          requestBody: {
            content: {
              'multipart/form-data': {
                schema: { type: 'object', properties: { f: { type: 'string', format: 'binary' } } },
                encoding: { f: { contentType: 'image/png' } },
              },
            },
          },
          responses: {},
        },
      },
    },
    schemas: {
      Pet: { oneOf: [ref('#/components/schemas/Cat')], discriminator: { propertyName: 'k', mapping: { c: 'Cat' } } },
      Cat: {
        allOf: [
          ref('#/components/schemas/Pet'),
          {
            type: 'object',
            required: ['k'],
            properties: { k: { type: 'string', enum: ['c'] }, up: ref('#/components/schemas/Cat') },
          },
        ],
        nullable: true,
      },
    },
  },
  '3.0.3',
)

const swagger = {
  swagger: '2.0',
  host: 'x.example',
  schemes: ['https'],
  consumes: ['application/json'],
  parameters: { B: { name: 'b', in: 'body', schema: ref('#/definitions/A') } },
  responses: { R: { description: '', schema: ref('#/definitions/A'), headers: { X: { type: 'string' } } } },
  definitions: {
    A: { type: 'object', discriminator: 'k', properties: { k: { type: 'string' } }, allOf: [{ 'x-nullable': true }] },
  },
  securityDefinitions: { o: { type: 'oauth2', flow: 'implicit', authorizationUrl: 'https://a', scopes: {} } },
  paths: {
    '/a': {
      parameters: [ref('#/parameters/B')],
      post: { responses: { 200: ref('#/responses/R') } },
      put: {
        parameters: [
          { name: 'f', in: 'formData', type: 'file' },
          { name: 'q', in: 'query', type: 'array', items: { type: 'string' } },
        ],
        responses: {},
      },
    },
  },
} as unknown as JsonObject

/** The paths of all members of a value. */
function places(value: Json, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [at]
  return [at, ...Object.entries(value).flatMap(([name, each]) => places(each, [...at, name]))]
}

/** A copy of a document with something else in one place. */
function changed(document: JsonObject, place: string[], value: Json): JsonObject {
  const copy = structuredClone(document)
  let parent = copy as Record<string, Json>
  for (const step of place.slice(0, -1)) parent = parent[step] as Record<string, Json>
  parent[place.at(-1) as string] = value
  return copy
}

const odd = fc.oneof(
  fc.constantFrom<Json>(
    null,
    true,
    0,
    '',
    '#',
    '#/',
    '#/components/schemas/Cat',
    '#/paths/~1b',
    '#/definitions/A',
    '#/%',
    'x.json',
    [],
    {},
    [null],
    ['x', 1],
  ),
  fc.constantFrom<Json>(
    { $ref: '#/components/schemas/Pet' },
    { $ref: 7 },
    { allOf: 7 },
    { type: 7 },
    { properties: [] },
    { enum: {} },
    { items: [null, 7] },
  ),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
)

/** Everything that a document is read for. Nothing but a ConfigError, or an Error of a broken schema, may come of it. */
function useAll(document: ApiDocument): void {
  const api = createApi(document, 'https://x.example')
  for (const operation of api.document.operations.values()) {
    try {
      buildTool(api, operation, { operation: operation.id, name: 'tool' })
    } catch (error) {
      if (!(error instanceof Error) || error instanceof RangeError) throw error
    }
  }
}

function onlyConfigErrors(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
  }
}

t.test('whatever stands in one place of a document, reading it ends, and the rest is told or served', async (t) => {
  const property = (document: JsonObject, use: (parsed: JsonObject) => void) =>
    fc.assert(
      fc.property(fc.constantFrom(...places(document).slice(1)), odd, (place, value) =>
        use(changed(document, place, value)),
      ),
      { seed: 5, numRuns: Number(process.env.FUZZ_RUNS ?? 200) },
    )
  property(modern, (parsed) => onlyConfigErrors(() => useAll(readDocument(parsed, 'd'))))
  property(swagger, (parsed) =>
    onlyConfigErrors(() => useAll(readDocument(upgradeSwagger(parsed, new Map()).root, 'd'))),
  )
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
})

t.test('schemas that multiply by two at each of 60 steps are neither written out nor walked twice', async (t) => {
  const step = (i: number, keyword: string) => ({
    [keyword]: [ref(`#/components/schemas/S${i + 1}`), ref(`#/components/schemas/S${i + 1}`)],
  })
  for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
    const schemas = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`S${i}`, step(i, keyword)]))
    const discriminator = { propertyName: 'k' }
    const root = { oneOf: [ref('#/components/schemas/S0')], discriminator }
    const document = read(openapi(answering(root), { schemas: { ...schemas, S60: { type: 'object' } } }))
    t.ok(
      Object.keys((toolOf(document, 'getA').published.outputSchema as JsonObject).$defs as object).length >= 59,
      keyword,
    )
  }
})

t.test('4 MB with 1,100 operations: all are read, and a tool holds the schemas of its own circle only', async (t) => {
  const path = folder(t, { 'large.json': JSON.stringify(largeDocument(), null, 1) })
  const document = await loadFrom(path, 'large.json')
  t.equal(document.operations.size, OPERATIONS)
  t.same(document.leftOut, [])
  for (let i = 0; i < OPERATIONS; i += 100) {
    const { published } = toolOf(document, `operation${i}`)
    t.equal(Object.keys((published.outputSchema as JsonObject).$defs as object).length, 68)
    t.match(published.inputSchema, { properties: { id: { type: 'string' }, filter_0: { exclusiveMinimum: 0 } } })
  }
})

t.test('parts that each name another one twice are read without writing them out', async (t) => {
  const schemas: JsonObject = { A40: { type: 'object', properties: { x: { type: 'string' } } } }
  for (let i = 0; i < 40; i++) {
    const next = ref(`#/components/schemas/A${i + 1}`)
    schemas[`A${i}`] = { allOf: [next, next] }
  }
  const requestBody = json(ref('#/components/schemas/A0'))
  const document = read(openapi({ '/a': { post: { operationId: 'a', requestBody, responses: {} } } }, { schemas }))
  t.match(toolOf(document, 'a').published.inputSchema, { properties: { body: {} } })
})

t.test('a hundred thousand names that would be one are told apart without trying each of them', async (t) => {
  const paths = Object.fromEntries(
    Array.from({ length: 100_000 }, (_, i) => [
      `/a/${'+'.repeat(i % 300)}/${'-'.repeat(Math.floor(i / 300))}`,
      { get: {} },
    ]),
  )
  const ids = [...read(openapi(paths)).operations.keys()]
  t.same([ids.length, ids[0], ids[1], ids.at(-1)], [100_000, 'get_a', 'get_a_2', 'get_a_100000'])
  const names = Array.from({ length: 20_000 }, (_, i) => String.fromCodePoint(0x4e00 + i))
  const schemas = Object.fromEntries(names.map((name) => [name, { type: 'object' }]))
  const bundler = new Bundler({ components: { schemas } }, 'receive')
  const uses = names.map((name) => ref(`#/components/schemas/${name}`))
  const { defs } = bundler.bundle([{ anyOf: uses }, { anyOf: uses }])
  t.same(Object.keys(defs).slice(0, 6), ['_', '__', '___', '____', '_____', '__6'])
  t.equal(Object.keys(defs).length, 20_000)
})
