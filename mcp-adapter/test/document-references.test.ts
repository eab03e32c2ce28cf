import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { JsonObject } from '../src/json.ts'
import {
  accepts,
  answering,
  answerOf,
  json,
  loadFrom,
  openapi,
  operationOf,
  taking,
  toolOf,
} from './fixtures/documents.ts'
import { folder } from './fixtures/folder.ts'

const ref = ($ref: string) => ({ $ref })

t.test('same-folder $refs become components, and every reference is #/... afterwards', async (t) => {
  const path = folder(t, {
    'api.yaml': openapi(
      {
        '/a': {
          get: {
            operationId: 'getA',
            parameters: [ref('parts/parameters.yaml#/limit')],
            responses: { 200: { $ref: 'parts/responses.yaml#/Ok' }, default: ref('parts/responses.yaml#/Ok') },
          },
        },
        '/b': ref('paths/b.yaml'),
      },
      { schemas: { Pet: { type: 'string' } } },
    ),
    'parts/parameters.yaml': 'limit: {name: limit, in: query, schema: {$ref: "schemas/Limit.json"}}',
    'parts/responses.yaml': 'Ok: {description: d, content: {application/json: {schema: {$ref: "schemas/Pet.json"}}}}',
    'parts/schemas/Limit.json': { type: 'integer', maximum: 5 },
    'parts/schemas/Pet.json': {
      type: 'object',
      properties: { owner: ref('#/$defs/Owner'), mother: ref('Pet.json'), father: ref('#') },
      $defs: { Owner: { type: 'object', properties: { pets: { type: 'array', items: ref('./Pet.json#') } } } },
    },
    'paths/b.yaml':
      'post: {operationId: postB, requestBody: {$ref: "#/x-body"}, responses: {}}\n' +
      'x-body: {content: {application/json: {schema: {$ref: "../parts/schemas/Limit.json"}}}}\n',
  })
  const document = await loadFrom(path, 'api.yaml')
  t.same(document.leftOut, [])
  const references = [...JSON.stringify(document.root).matchAll(/"\$ref":"([^"]*)"/g)].map(([, reference]) => reference)
  t.ok(references.length > 6)
  t.same(
    references.filter((reference) => !reference?.startsWith('#/')),
    [],
  )
  t.same(document.root.components && (document.root.components as Record<string, object>).schemas, {
    Pet: { type: 'string' },
    Limit: { type: 'integer', maximum: 5 },
    Pet_2: {
      type: 'object',
      properties: {
        owner: ref('#/components/schemas/Owner'),
        mother: ref('#/components/schemas/Pet_2'),
        father: ref('#/components/schemas/Pet_2'),
      },
      $defs: {
        Owner: { type: 'object', properties: { pets: { type: 'array', items: ref('#/components/schemas/Pet_2') } } },
      },
    },
    Owner: { type: 'object', properties: { pets: { type: 'array', items: ref('#/components/schemas/Pet_2') } } },
  })
  t.match(operationOf(document, 'getA').parameters, [{ name: 'limit' }])
  for (const id of ['getA', 'postB']) t.ok(toolOf(document, id))
  t.same(
    [{ limit: 5 }, { limit: 6 }].map((args) => accepts(toolOf(document, 'getA'), args)),
    [true, false],
  )
})

t.test(
  'external and file: $ref: other folders, hosts and schemes are refused, and what they say is not read',
  async (t) => {
    const outside = folder(t, { 'secret.json': { type: 'string', description: 'SECRET' } })
    const path = folder(t, { 'api/x.json': {} })
    symlinkSync(join(outside, 'secret.json'), join(path, 'api/link.json'))
    mkdirSync(join(path, 'api/in'))
    symlinkSync(outside, join(path, 'api/in/folder'))
    writeFileSync(join(path, 'secret.json'), '{"description": "SECRET"}')
    const bad = [
      '../secret.json',
      join(outside, 'secret.json'),
      `file://${outside}/secret.json`,
      'FILE:secret.json',
      'link.json',
      'in/folder/secret.json',
      'x/../../secret.json',
      '%2e%2e/secret.json',
      '..%2Fsecret.json',
      '//127.0.0.1/secret.json',
      'https://example.com/secret.json',
      'ftp://example.com/x',
      'data:application/json,{}',
      'missing.json',
      '../missing.json',
      'x.json#/nothing',
      '#nothing',
    ]
    const paths = Object.fromEntries(bad.map(($ref, i) => [`/p${i}`, { get: { responses: { 200: { $ref } } } }]))
    writeFileSync(join(path, 'api/api.json'), JSON.stringify(openapi({ ...paths, '/ok': { get: { responses: {} } } })))
    const document = await loadFrom(join(path, 'api'), 'api.json')
    t.same([...document.operations.keys()], ['get_ok'])
    t.equal(document.leftOut.length, bad.length)
    t.notMatch(JSON.stringify(document.root), 'SECRET')
    const reasonOf = ($ref: string) => document.leftOut[bad.indexOf($ref)]?.reason
    t.match(reasonOf('../secret.json'), /leads out of the document's folder; "references" does not list its folder/)
    t.match(reasonOf('link.json'), /leads out of/)
    t.match(reasonOf(`file://${outside}/secret.json`), /References to file: are never followed/)
    t.match(reasonOf('https://example.com/secret.json'), /"references" does not list https:\/\/example\.com/)
    t.match(reasonOf('missing.json'), /Cannot read .*missing\.json: ENOENT/)
    // Of what is outside it is not even told whether it is there.
    t.notMatch(reasonOf('../missing.json'), /ENOENT/)
  },
)

t.test(
  'one bad operation must not take down the rest: a schema that cannot be found hurts its own tool only',
  async (t) => {
    const path = folder(t, {
      'api.json': openapi({
        ...answering({ type: 'object', properties: { a: ref('missing.json') } }),
        '/b': { get: { operationId: 'getB', responses: {} } },
      }),
    })
    const document = await loadFrom(path, 'api.json')
    t.same([...document.operations.keys()], ['getA', 'getB'])
    t.throws(() => toolOf(document, 'getA'), /Cannot read .*missing\.json: ENOENT/)
    t.ok(toolOf(document, 'getB'))
  },
)

t.test('folders that "references" lists are read, and those beside them are not', async (t) => {
  const path = folder(t, {
    'spec/api.json': openapi({
      '/a': { get: { responses: { 200: ref('../common/ok.json') } } },
      '/b': { get: { responses: { 200: ref('../common-not/ok.json') } } },
    }),
    'common/ok.json': { description: 'x', ...json(ref('deep/schema.json')) },
    'common/deep/schema.json': { type: 'string' },
    'common-not/ok.json': { description: 'x' },
  })
  const document = await loadFrom(path, 'spec/api.json', { references: ['common'] })
  t.same([...document.operations.keys()], ['get_a'])
  t.match(document.leftOut, [{ operation: 'GET /b', reason: /common-not/ }])
  t.ok(toolOf(document, 'get_a'))
})

t.test('files that refer to each other in circles end, and so do path items', async (t) => {
  const path = folder(t, {
    'api.json': openapi({ ...answering(ref('a.json')), '/x': ref('x.json'), '/y': ref('#/paths/~1y') }),
    'a.json': { type: 'object', properties: { b: ref('b.json') } },
    'b.json': { type: 'object', properties: { a: ref('a.json') } },
    'x.json': ref('y.json'),
    'y.json': ref('x.json'),
  })
  const document = await loadFrom(path, 'api.json')
  t.match(document.leftOut, [
    { operation: '/x', reason: /leads back to itself/ },
    { operation: '/y', reason: /back to itself/ },
  ])
  t.match(toolOf(document, 'getA').published.outputSchema, {
    properties: { b: { properties: { a: ref('#/$defs/a') } } },
    $defs: { a: { properties: { b: { properties: { a: ref('#/$defs/a') } } } } },
  })
})

t.test('what stands beside the $ref of a path item is added to it', async (t) => {
  const path = folder(t, {
    'api.json': openapi(
      {
        '/a/{id}': {
          $ref: 'item.json',
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
        },
        '/b/{id}': { $ref: '#/components/pathItems/I' },
      },
      { pathItems: { I: ref('item.json') } },
    ),
    'item.json': { get: { operationId: 'getA', responses: {} } },
  })
  const document = await loadFrom(path, 'api.json')
  t.match(
    [...document.operations.values()],
    [
      { id: 'getA', parameters: [{ name: 'id', schema: { type: 'integer' } }] },
      { id: 'get_b_id', parameters: [{ name: 'id', schema: { type: 'string' } }] },
    ],
  )
})

t.test("anchors, and references by the document's own URI, are references into it", async (t) => {
  const schemas = {
    A: {
      $anchor: 'here',
      type: 'object',
      properties: { c: ref('#there'), s: ref('https://x.example/api.json#/components/schemas/B') },
    },
    B: { type: 'integer' },
    C: { $dynamicAnchor: 'there', type: 'object', properties: { next: { $dynamicRef: '#there' } } },
  }
  const path = folder(t, {
    'api.json': { ...openapi(taking(ref('#here')), { schemas }, '3.2.0'), $self: 'https://x.example/api.json' },
  })
  const tool = toolOf(await loadFrom(path, 'api.json'), 'postA')
  const args = [{ c: { next: { next: {} } }, s: 1 }, { s: 'x' }, { c: { next: { next: 1 } } }]
  t.same(
    args.map((each) => accepts(tool, each)),
    [true, false, false],
  )
})

t.test("a discriminator's mapping to other files means what those become", async (t) => {
  const path = folder(t, {
    'api.json': openapi(
      taking({
        oneOf: [ref('pets/cat.json'), ref('pets/dog.json')],
        discriminator: {
          propertyName: 'kind',
          mapping: { meow: 'pets/cat.json', woof: './pets/dog.json', none: 'pets/no.json' },
        },
      }),
    ),
    'pets/cat.json': {
      type: 'object',
      required: ['kind'],
      properties: { kind: { type: 'string' }, lives: { type: 'integer' } },
    },
    'pets/dog.json': { type: 'object', required: ['kind'], properties: { kind: { type: 'string' } } },
  })
  const tool = toolOf(await loadFrom(path, 'api.json'), 'postA')
  const bodies = [
    { kind: 'meow', lives: 9 },
    { kind: 'meow', lives: 'x' },
    { kind: 'woof', lives: 'x' },
    { kind: 'dog' },
  ]
  t.same(
    bodies.map((body) => accepts(tool, { body })),
    [true, false, true, false],
  )
})

t.test('a transform sees the document as one, as its author wrote it, and may refer to further files', async (t) => {
  const path = folder(t, {
    'api.json': openapi({ '/a': ref('a.json') }, {}, '3.0.3'),
    'a.json': answering({ $ref: 'schema.json' })['/a'],
    'schema.json': { type: 'string', nullable: true },
    'more.json': { type: 'object', properties: { s: ref('schema.json') } },
  })
  let seen: JsonObject | undefined
  const document = await loadFrom(path, 'api.json', {
    transform: (parsed: JsonObject) => {
      seen = structuredClone(parsed)
      const copy = structuredClone(parsed)
      Object.assign(copy.paths as object, taking(ref('more.json')))
      return copy
    },
  })
  t.match(seen, {
    openapi: '3.0.3',
    paths: { '/a': { get: { operationId: 'getA' } } },
    components: { schemas: { schema: { nullable: true } } },
  })
  t.same(answerOf(await loadFrom(path, 'api.json')), ref('#/components/schemas/schema'))
  t.same(
    [{ s: null }, { s: 1 }].map((args) => accepts(toolOf(document, 'postA'), args)),
    [true, false],
  )
})

t.test('a document of more than 1,000 files is not read further', async (t) => {
  const numbers = Array.from({ length: 1001 }, (_, i) => i)
  const paths = Object.fromEntries(numbers.map((i) => [`/p${i}`, ref(`${i}.json`)]))
  const files = Object.fromEntries(numbers.map((i) => [`${i}.json`, { get: { responses: {} } }]))
  const document = await loadFrom(folder(t, { 'api.json': openapi(paths), ...files }), 'api.json')
  t.equal(document.operations.size, 999)
  t.match(document.leftOut, [{ operation: '/p999', reason: /more than 1000 files/ }, { operation: '/p1000' }])
})
