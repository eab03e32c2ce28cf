import t from 'tap'
import { compile } from '../src/checks/validation.ts'
import { readDocument } from '../src/document/read.ts'
import type { JsonObject } from '../src/json.ts'
import { buildInput } from '../src/tools/input-schema.ts'
import { checkArguments } from '../src/tools/validate-arguments.ts'

/** A document with one operation: `POST /things/{id}` where the parameters have an id, else `POST /things`. */
function operation(parts: {
  parameters?: object[]
  body?: object
  required?: boolean
  schemas?: object
  securitySchemes?: object
}) {
  const requestBody = parts.body && {
    required: parts.required ?? true,
    content: { 'application/json': { schema: parts.body } },
  }
  const document = readDocument(
    {
      openapi: '3.1.0',
      components: { schemas: parts.schemas ?? {}, securitySchemes: parts.securitySchemes ?? {} },
      paths: {
        [parts.parameters?.includes(id) ? '/things/{id}' : '/things']: {
          post: { operationId: 'op', parameters: parts.parameters ?? [], ...(requestBody && { requestBody }) },
        },
      },
    },
    'test',
  )
  const found = document.operations.get('op')
  if (!found) throw new Error('no operation')
  return { root: document.root, operation: found }
}

function build(parts: Parameters<typeof operation>[0], curated = {}) {
  const { root, operation: op } = operation(parts)
  return buildInput(root, op, curated)
}

const string = { type: 'string' }
const id = { name: 'id', in: 'path', required: true, schema: string }

t.test('parameters of every place and the fields of the body stand side by side', async (t) => {
  const { schema } = build({
    parameters: [
      id,
      { name: 'limit', in: 'query', schema: { type: 'integer' } },
      { name: 'If-Match', in: 'header', required: true, schema: string },
    ],
    body: { type: 'object', required: ['name'], properties: { name: string, note: string } },
  })
  t.same(schema, {
    type: 'object',
    properties: { id: string, limit: { type: 'integer' }, if_match: string, name: string, note: string },
    required: ['id', 'if_match', 'name'],
    additionalProperties: false,
  })
})

t.test('colliding names move everything into buckets by place', async (t) => {
  const { schema, bindings } = build({
    parameters: [id, { name: 'q', in: 'query', schema: string }],
    body: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
  })
  t.same(Object.keys(schema.properties as object), ['path', 'query', 'body'])
  t.same(schema.required, ['path', 'body'])
  t.same(
    bindings.map((b) => b.argument),
    [
      ['path', 'id'],
      ['query', 'q'],
      ['body', 'id'],
    ],
  )
  t.same(compile(schema)({ path: { id: 'a' }, body: { id: 1 } }), [])
  t.equal(compile(schema)({ path: { id: 'a', extra: 1 }, body: { id: 1 } }).length, 1)
})

t.test('a header and a query parameter that read alike count as a collision', async (t) => {
  const { schema } = build({
    parameters: [
      { name: 'if_match', in: 'query', schema: string },
      { name: 'If-Match', in: 'header', schema: string },
    ],
  })
  t.same(Object.keys(schema.properties as object), ['query', 'header'])
})

t.test('credentials and headers of the connection are never arguments', async (t) => {
  const names = [
    'Authorization',
    'Cookie',
    'Host',
    'X-Request-Id',
    'Content-Type',
    'X-Forwarded-For',
    'traceparent',
    'X-Api-Key',
  ]
  const { schema } = build({
    parameters: [
      ...names.map((name) => ({ name, in: 'header', required: true, schema: string })),
      { name: 'session', in: 'cookie', required: true, schema: string },
      { name: 'key', in: 'query', required: true, schema: string },
    ],
    securitySchemes: {
      header: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      query: { type: 'apiKey', in: 'query', name: 'key' },
    },
  })
  t.same(schema, { type: 'object', properties: {}, additionalProperties: false })
})

t.test('a component used once is inlined, one used twice becomes a definition, and nothing dangles', async (t) => {
  const { schema } = build({
    body: {
      type: 'object',
      properties: {
        a: { $ref: '#/components/schemas/Money' },
        b: { $ref: '#/components/schemas/Money' },
        c: { $ref: '#/components/schemas/Once' },
      },
    },
    schemas: {
      Money: { type: 'object', properties: { amount: { type: 'integer' } } },
      Once: { $id: 'Once', type: 'string', 'x-pii': true, example: 'x' },
    },
  })
  t.same(Object.keys(schema.$defs as object), ['Money'])
  t.same((schema.properties as JsonObject).c, { type: 'string' })
  t.same(compile(schema)({ a: { amount: 1 }, b: { amount: 2 } }), [])
  t.equal(compile(schema)({ a: { amount: 'x' } })[0]?.instancePath, '/a/amount')
})

t.test('schemas that contain themselves or each other work', async (t) => {
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
  const { schema } = build({
    body: ref('Node'),
    schemas: {
      Node: {
        type: 'object',
        properties: { name: string, children: { type: 'array', items: ref('Node') }, twin: ref('Ping') },
      },
      Ping: { type: 'object', properties: { pong: ref('Pong') } },
      Pong: {
        type: 'object',
        properties: { ping: ref('Ping'), deep: { $ref: '#/components/schemas/Node/properties/name' } },
      },
    },
  })
  const check = compile(schema)
  t.same(check({ name: 'a', children: [{ name: 'b', children: [] }], twin: { pong: { ping: {} } } }), [])
  t.equal(check({ children: [{ children: [{ name: 1 }] }] })[0]?.instancePath, '/children/0/children/0/name')
  t.equal(check({ twin: { pong: { ping: { pong: { deep: 1 } } } } }).length, 1)
  for (const match of JSON.stringify(schema).matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g))
    t.ok(Object.hasOwn(schema.$defs as object, match[1] as string))
})

t.test('a body that is not a plain object is one argument', async (t) => {
  const bodies = [
    { type: 'array', items: string },
    { oneOf: [string, { type: 'integer' }] },
    { type: 'object', additionalProperties: string },
    string,
  ]
  for (const body of bodies) t.same(Object.keys(build({ body }).schema.properties as object), ['body'])
})

t.test('an optional body with required fields stays optional', async (t) => {
  const { schema } = build({ required: false, body: { type: 'object', required: ['a'], properties: { a: string } } })
  t.same(compile(schema)({}), [])
  t.equal(compile(schema)({ body: {} }).length, 1)
})

t.test('what the API sets itself (readOnly) is not an argument', async (t) => {
  const { schema } = build({
    body: {
      type: 'object',
      required: ['sub'],
      properties: {
        id: { type: 'string', readOnly: true },
        sub: { type: 'object', required: ['at'], properties: { at: { type: 'string', readOnly: true } } },
      },
    },
  })
  t.same(schema.properties, { sub: { type: 'object', properties: {} } })
})

t.test('names that clients refuse are rewritten, and sent as they were', async (t) => {
  const { schema, bindings } = build({
    parameters: [
      { name: 'filter[state]', in: 'query', schema: string },
      { name: '$top', in: 'query', schema: string },
    ],
  })
  t.same(Object.keys(schema.properties as object), ['filter_state', '_top'])
  t.same(
    bindings.map((b) => b.name),
    ['filter[state]', '$top'],
  )
})

t.test('a curated argument takes its wording, default or fixed value', async (t) => {
  const parts = {
    parameters: [
      { name: 'a', in: 'query', required: true, schema: string },
      { name: 'b', in: 'query', schema: { type: 'integer' } },
    ],
  }
  const { schema } = build(parts, { a: { fixed: 'x' }, b: { description: 'Words.', default: 3 } })
  t.same(schema.properties, { b: { type: 'integer', description: 'Words.', default: 3 } })
  t.same(schema.required, undefined)
  t.throws(() => build(parts, { a: { hidden: true } }), /"a" is required: hide it with a fixed value/)
  t.throws(() => build(parts, { b: { default: 'three' } }), /the value "three" must be integer/)
  t.throws(() => build(parts, { c: { hidden: true } }), /"c" is not an argument of op/)
})

t.test('a reference out of the document, or to nothing, is refused', async (t) => {
  t.throws(() => build({ body: { $ref: 'file:///etc/passwd' } }), /Only references inside the document/)
  t.throws(
    () => build({ body: { type: 'object', properties: { a: { $ref: '#/components/schemas/No' } } } }),
    /nothing at/,
  )
})

t.test('names of Object.prototype are ordinary argument names', async (t) => {
  const { schema } = build({ parameters: [{ name: 'constructor', in: 'query', required: true, schema: string }] })
  const check = compile(schema)
  t.equal(check({})[0]?.keyword, 'required')
  t.same(check({ constructor: 'x' }), [])
  t.equal(check(JSON.parse('{"constructor":"x","__proto__":{"a":1}}'))[0]?.keyword, 'additionalProperties')
})

t.test('a value of several types is written as alternatives of one type each', async (t) => {
  const { schema } = build({
    body: {
      type: 'object',
      properties: {
        phone: { type: ['string', 'null'], maxLength: 9, description: 'Words.' },
        state: { type: ['string', 'null'], enum: ['on', null] },
        never: { type: ['string', 'null'], enum: ['on'] },
      },
    },
  })
  t.same(schema.properties, {
    phone: { anyOf: [{ type: 'string', maxLength: 9 }, { type: 'null' }], description: 'Words.' },
    state: { anyOf: [{ type: 'string', enum: ['on'] }, { type: 'null' }] },
    never: { type: 'string', enum: ['on'] },
  })
  t.match(checkArguments(compile(schema), { phone: 3 })?.errors, [
    { pointer: '/phone', code: 'type', message: 'must be string or null' },
  ])
})
