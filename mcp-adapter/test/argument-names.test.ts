import fc from 'fast-check'
import t from 'tap'
import type { Json, JsonObject } from '../src/json.ts'
import { MODEL_NAME, modelNames } from '../src/tools/naming.ts'
import { bodyOf, operationOf } from './fixtures/operation.ts'

const string = { type: 'string' }
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
const inQuery = (name: string, more: object = {}) => ({ name, in: 'query', schema: string, ...more })
const TAKEN = /^[a-zA-Z0-9_.-]{1,64}$/

/** Every name of a property in a schema, at any depth. */
function names(schema: Json): string[] {
  if (Array.isArray(schema)) return schema.flatMap(names)
  if (typeof schema !== 'object' || schema === null) return []
  const { properties = {}, ...rest } = schema
  return [
    ...Object.keys(properties as object),
    ...Object.values({ ...(properties as JsonObject), ...rest }).flatMap(names),
  ]
}

t.test('property names such as filter[x], StartTime<, $top, over 64 characters, empty and not ASCII', async (t) => {
  const wire = [
    'filter[x]',
    'StartTime<',
    'StartTime>',
    'StartTime',
    '$top',
    'a'.repeat(65),
    '',
    '名前',
    '日付',
    'ok.name-1',
  ]
  const { input, names: shown, request } = operationOf({ parameters: wire.map((name) => inQuery(name)) })
  for (const name of shown) t.match(name, TAKEN)
  t.same(shown.slice(0, 5), ['filter_x', shown[1], shown[2], 'StartTime', '_top'])
  t.match(shown[1], /^StartTime_[0-9a-f]{8}$/, 'the shorter form is the name of another')
  t.equal(shown[9], 'ok.name-1')
  const { path } = request(Object.fromEntries(shown.map((name, i) => [name, `v${i}`])))
  t.same(
    [...new URLSearchParams(path.slice(3))],
    wire.map((name, i) => [name, `v${i}`]),
  )
  const turned = operationOf({ parameters: wire.toReversed().map((name) => inQuery(name)) })
  t.same(turned.names.toReversed(), shown, 'the order of the document does not matter')
  t.notOk(input.wireNames)
})

t.test('an alias is another name for each name, whatever the names are', async (t) => {
  const word = fc.oneof(
    fc.constantFrom('a', 'a[', 'a]', 'a_', 'x[y]', 'x_y', 'x', '__proto__', 'constructor', '', 'é'),
    fc.string({ unit: 'binary', maxLength: 80 }),
  )
  fc.assert(
    fc.property(fc.uniqueArray(word, { maxLength: 12 }), (wire) => {
      const aliases = modelNames(wire)
      if (new Set(aliases).size !== wire.length) return false
      return aliases.every(
        (alias, i) => TAKEN.test(alias) && (!MODEL_NAME.test(wire[i] as string) || alias === wire[i]),
      )
    }),
    { seed: 5, numRuns: 500 },
  )
  t.pass()
})

t.test('nested names are aliased at every depth and go back on the wire as they were', async (t) => {
  const Deep = object(
    {
      $top: { type: 'integer' },
      'filter[x]': { $ref: '#/components/schemas/Deep' },
      list: { type: 'array', items: object({ 'a b': string }, { required: ['a b'] }) },
    },
    {
      required: ['$top'],
      dependentRequired: { 'filter[x]': ['list'] },
      additionalProperties: { $ref: '#/components/schemas/Deep' },
    },
  )
  const { published, request, refusal } = operationOf({
    schemas: { Deep },
    requestBody: bodyOf(
      object({
        one: { $ref: '#/components/schemas/Deep' },
        two: { oneOf: [{ $ref: '#/components/schemas/Deep' }, { type: 'null' }] },
        'x y': string,
      }),
    ),
  })
  for (const name of names(published)) t.match(name, TAKEN)
  const deep = { _top: 1, list: [{ a_b: 'x' }], filter_x: { _top: 2 }, 'any $ key': { _top: 3, other: { _top: 4 } } }
  const wire = {
    $top: 1,
    list: [{ 'a b': 'x' }],
    'filter[x]': { $top: 2 },
    'any $ key': { $top: 3, other: { $top: 4 } },
  }
  t.same(JSON.parse(String(request({ one: deep, two: deep, x_y: 'z' }).body)), { one: wire, two: wire, 'x y': 'z' })
  t.equal(refusal({ one: { list: [{}] } }), '/one/_top is required')
  t.match(refusal({ one: { _top: 1, filter_x: { _top: 1 } } }), /must have property list/)
})

t.test('a key of a dictionary that reads like an alias is a key', async (t) => {
  const { request } = operationOf({
    requestBody: bodyOf(
      object({ map: { type: 'object', additionalProperties: string }, sub: object({ $top: string }) }),
    ),
  })
  t.equal(request({ map: { _top: 'a' }, sub: { _top: 'b' } }).body, '{"map":{"_top":"a"},"sub":{"$top":"b"}}')
})

t.test('values in a schema have the names that the model gives', async (t) => {
  const preset = { $top: 1 }
  const { published, refusal } = operationOf({
    requestBody: bodyOf(
      object({ a: object({ $top: { type: 'integer' } }, { default: preset, examples: [preset], enum: [preset] }) }),
    ),
  })
  t.match(published.properties.a, { default: { _top: 1 }, examples: [{ _top: 1 }], enum: [{ _top: 1 }] })
  t.notOk(refusal({ a: { _top: 1 } }))
})

t.test('one name in path, query, header, cookie and body', async (t) => {
  const { published, request } = operationOf({
    path: '/x/{id}',
    parameters: ['path', 'query', 'header', 'cookie'].map((place) => ({
      name: 'id',
      in: place,
      required: place === 'path',
      schema: string,
    })),
    requestBody: bodyOf(object({ id: string, path: string, query: string })),
  })
  t.same(Object.keys(published.properties), ['path', 'query', 'header', 'cookie', 'body'])
  t.same(published.required, ['path'])
  const { path, headers, body } = request({
    path: { id: 'p' },
    query: { id: 'q' },
    header: { id: 'h' },
    cookie: { id: 'c' },
    body: { id: 'b', path: 'x', query: 'y' },
  })
  t.equal(path, '/x/p?id=q')
  t.match(headers, { id: 'h', cookie: 'id=c' })
  t.equal(body, '{"id":"b","path":"x","query":"y"}')
})

t.test('a parameter named body beside a body that is one argument', async (t) => {
  const { names: shown, request } = operationOf({
    parameters: [inQuery('body')],
    requestBody: bodyOf({ type: 'array' }),
  })
  t.same(shown, ['body', 'query'])
  const { path, body } = request({ query: { body: 'q' }, body: [1] })
  t.equal(path, '/x?body=q')
  t.equal(body, '[1]')
})

t.test('the suffixed name already taken', async (t) => {
  const [first] = modelNames(['a[', 'a']) as [string]
  const wire = ['a[', 'a', first]
  const { names: shown, request } = operationOf({ parameters: wire.map((name) => inQuery(name)) })
  t.equal(new Set(shown).size, 3)
  t.ok(shown[0]?.startsWith(first) && shown[0] !== first)
  t.equal(request({ [shown[0] as string]: 'x', [first]: 'y' }).path, `/x?a%5B=x&${first}=y`)
})

t.test('arguments named constructor or __proto__', async (t) => {
  const properties = JSON.parse(
    '{"__proto__":{"type":"object","properties":{"$x":{"type":"string"}}},"constructor":{"type":"string"},"toString":{"type":"integer"}}',
  )
  const {
    names: shown,
    request,
    refusal,
  } = operationOf({ parameters: [inQuery('hasOwnProperty')], requestBody: bodyOf(object(properties)) })
  const alias = shown.find((name) => name.startsWith('__proto___')) ?? ''
  t.equal(request({ [alias]: { _x: 'a' }, constructor: 'b' }).body, '{"__proto__":{"$x":"a"},"constructor":"b"}')
  t.ok(refusal(JSON.parse('{"__proto__":{"admin":true}}')), 'the name itself is never an argument')
  t.notOk(({} as { admin?: boolean }).admin)
  t.equal(request({}).path, '/x')
  t.equal(request({}).body, '{}')
})

t.test('path-item parameters, and those that an operation replaces', async (t) => {
  const { names: shown, published } = operationOf({
    path: '/x/{id}',
    shared: [{ name: 'id', in: 'path', required: true, schema: string }, inQuery('limit')],
    parameters: [inQuery('limit', { schema: { type: 'integer' } })],
  })
  t.same(shown, ['id', 'limit'])
  t.same(published.properties.limit, { type: 'integer' })
})

t.test(
  'a variable that the document does not declare is a text, and a path parameter without one is left out',
  async (t) => {
    const {
      names: shown,
      published,
      request,
    } = operationOf({
      path: '/x/{a}/{b}',
      parameters: ['a', 'c'].map((name) => ({ name, in: 'path', required: true, schema: string })),
    })
    t.same(shown, ['a', 'b'])
    t.same(published.required, ['a', 'b'])
    t.equal(request({ a: '1', b: '2' }).path, '/x/1/2')
  },
)

t.test('an operator renames an argument, and gives examples that its schema takes', async (t) => {
  const parts = {
    parameters: [inQuery('filter[state]'), inQuery('limit', { schema: { type: 'integer', maximum: 9 } })],
  }
  const { published, request } = operationOf(parts, {
    filter_state: { name: 'state', examples: ['open', 'done'] },
    limit: { examples: [3] },
  })
  t.same(published.properties, {
    state: { type: 'string', examples: ['open', 'done'] },
    limit: { type: 'integer', maximum: 9, examples: [3] },
  })
  t.equal(request({ state: 'open' }).path, '/x?filter%5Bstate%5D=open')
  t.throws(() => operationOf(parts, { limit: { examples: [3, 10] } }), /"limit" the value 10 must be <= 9/)
  t.throws(
    () => operationOf(parts, { limit: { name: 'filter_state' } }),
    /"limit" cannot be called "filter_state": another argument is/,
  )
  t.throws(() => operationOf(parts, { limit: { name: 'a b' } }), /cannot be called "a b": 1 to 64/)
  const bucket = operationOf(
    { ...parts, requestBody: bodyOf(object({ limit: string })) },
    { 'query.limit': { name: 'most' } },
  )
  t.equal(bucket.request({ query: { most: 3 }, body: {} }).path, '/x?limit=3')
})
