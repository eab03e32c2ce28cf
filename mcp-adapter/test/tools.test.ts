import fc from 'fast-check'
import t from 'tap'
import { compile } from '../src/checks/validation.ts'
import { readDocument } from '../src/document/read.ts'
import type { JsonObject } from '../src/json.ts'
import { deriveHints } from '../src/tools/annotations.ts'
import { createApi } from '../src/tools/api.ts'
import { snakeCase, toolName, uniqueNames } from '../src/tools/naming.ts'
import { buildOutput } from '../src/tools/output-schema.ts'
import { forClients, forModels } from '../src/tools/published-schema.ts'
import { buildTool } from '../src/tools/tools.ts'

function operation(method: string, more: object = {}, schemas: object = {}) {
  const document = readDocument(
    {
      openapi: '3.1.0',
      components: { schemas },
      paths: { '/a': { [method]: { operationId: 'getThing', responses: {}, ...more } } },
    },
    'test',
  )
  const found = document.operations.get('getThing')
  if (!found) throw new Error('no operation')
  return { document, operation: found }
}

const json = (schema: object) => ({ content: { 'application/json': { schema } } })
const output = (responses: object, schemas = {}) => {
  const { document, operation: op } = operation('get', { responses }, schemas)
  return buildOutput(document.root, op)
}

t.test('an operationId becomes a name in snake_case', async (t) => {
  t.equal(snakeCase('getHTTPStatusById'), 'get_http_status_by_id')
  t.equal(snakeCase('listOrders'), 'list_orders')
  t.equal(snakeCase('users.list/all'), 'users_list_all')
})

t.test('hints follow the method, the preconditions and the risk', async (t) => {
  const header = (name: string) => ({ parameters: [{ name, in: 'header', required: true, schema: {} }] })
  const hints = (method: string, more: object = {}) => {
    const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = deriveHints(
      operation(method, more).operation,
    )
    return [readOnlyHint, destructiveHint, idempotentHint, openWorldHint]
  }
  t.same(hints('get', { 'x-risk': 'high' }), [true, false, true, false])
  t.same(hints('put'), [false, true, true, false])
  t.same(hints('delete', { 'x-risk': 'low' }), [false, true, true, false])
  t.same(hints('patch'), [false, true, false, false])
  t.same(hints('patch', header('If-Match')), [false, true, true, false])
  t.same(hints('post', { 'x-risk': 'low' }), [false, false, false, false])
  t.same(hints('post', { 'x-risk': 'medium' }), [false, true, false, false])
  t.same(hints('post', header('Idempotency-Key')), [false, true, true, false])
})

t.test('curation goes over what is derived, hint by hint', async (t) => {
  const { document, operation: op } = operation('get', { summary: 'Sum', description: 'Desc' })
  const plain = buildTool(createApi(document, 'http://127.0.0.1'), op, { operation: 'getThing' }).published
  t.match(plain, {
    name: 'get_thing',
    title: 'Sum',
    description: 'Desc',
    annotations: { title: 'Sum', openWorldHint: false },
  })
  const curated = buildTool(createApi(document, 'http://127.0.0.1'), op, {
    operation: 'getThing',
    name: 'n',
    title: 'T',
    description: 'D',
    annotations: { openWorldHint: true },
  }).published
  t.match(curated, {
    name: 'n',
    title: 'T',
    description: 'D',
    annotations: { title: 'T', readOnlyHint: true, openWorldHint: true },
  })
})

t.test('the root of an output schema is always an object', async (t) => {
  const roots: JsonObject[] = [
    { type: 'array', items: {} },
    { type: 'string' },
    { oneOf: [{ type: 'object' }, { type: 'null' }] },
    { type: ['object', 'null'] },
    { properties: { a: {} } },
    { allOf: [{ $ref: '#/components/schemas/A' }] },
    { $ref: '#/components/schemas/A' },
    {},
  ]
  for (const schema of roots)
    t.equal(
      output({ 200: json(schema) }, { A: { type: 'object', properties: { a: { $ref: '#/components/schemas/A' } } } })
        .schema?.type,
      'object',
    )
  t.same(output({ 204: {} }).schema, {
    type: 'object',
    properties: { status: { type: 'integer' } },
    required: ['status'],
  })
})

t.test('a schema that contains itself is written out at the root', async (t) => {
  const { schema } = output(
    { 200: json({ $ref: '#/components/schemas/A' }) },
    { A: { type: 'object', properties: { a: { $ref: '#/components/schemas/A' } } } },
  )
  t.same(schema, {
    type: 'object',
    properties: { a: { $ref: '#/$defs/A' } },
    $defs: { A: { type: 'object', properties: { a: { $ref: '#/$defs/A' } } } },
  })
})

t.test('several answers are alternatives, and each status keeps its shape', async (t) => {
  const { schema, shapes } = output({
    200: json({ type: 'object', required: ['a'] }),
    202: json({ type: 'array' }),
    204: {},
    '4XX': json({}),
  })
  t.same(shapes, { 200: 'object', 202: 'wrapped', 204: 'empty' })
  const check = compile(schema as JsonObject)
  t.same(check({ a: 1 }), [])
  t.same(check({ result: [] }), [])
  t.ok(check({ result: 'x' }).length > 0)
})

t.test('an answer that is not JSON leaves the output schema out', async (t) => {
  t.same(output({ 200: { content: { 'text/csv': {} } } }), { shapes: { 200: 'text' } })
})

t.test('the published output schema bears what an API may add', async (t) => {
  const complete = {
    type: 'object',
    description: 'Words',
    additionalProperties: false,
    required: ['kind'],
    properties: {
      kind: { enum: ['a', 'b'] },
      when: { type: 'string', format: 'date-time' },
      size: { type: 'integer', maximum: 3 },
      mode: { anyOf: [{ const: 'x' }, { const: 'y' }] },
      description: { type: 'string' },
    },
  }
  const published = forClients(complete) as JsonObject
  t.same(published, {
    type: 'object',
    required: ['kind'],
    properties: {
      kind: { type: 'string', examples: ['a', 'b'] },
      when: { type: 'string' },
      size: { type: 'integer' },
      mode: { type: 'string', examples: ['x', 'y'] },
      description: { type: 'string' },
    },
  })
  const answer = { kind: 'c', when: '', size: 9, mode: 'z', extra: true }
  t.same(compile(published)(answer), [])
  t.equal(compile(complete)(answer).length > 3, true)
})

t.test('the published input schema leaves out what is checked anyway, and words that were taken away', async (t) => {
  const complete = {
    type: 'object',
    additionalProperties: false,
    required: ['pattern'],
    properties: {
      pattern: { type: 'string', pattern: '^a', minLength: 1, maxLength: 9, description: '' },
      description: { enum: [{ maxLength: 1 }], default: { pattern: 'x' } },
      list: { type: 'array', minItems: 1, items: { type: 'integer', minimum: 1, maximum: 5 } },
      map: { type: 'object', additionalProperties: { type: 'string', maxLength: 3 } },
    },
  }
  t.same(forModels(complete), {
    type: 'object',
    required: ['pattern'],
    properties: {
      pattern: { type: 'string' },
      description: { enum: [{ maxLength: 1 }], default: { pattern: 'x' } },
      list: { type: 'array', items: { type: 'integer', minimum: 1, maximum: 5 } },
      map: { type: 'object', additionalProperties: { type: 'string' } },
    },
  })
})

t.test('a schema that cannot be compiled is refused before it is used', async (t) => {
  for (const [schema, reason] of [
    [{ type: 'strin' }, /type must be/],
    [{ properties: { a: { type: 'string', pattern: '(' } } }, /Invalid regular expression/],
    [{ patternProperties: { '[': {} } }, /Invalid regular expression/],
    [{ items: { $ref: '#/$defs/no' } }, /#\/\$defs\/no leads nowhere/],
    [{ properties: { default: { $ref: '#/$defs/no' } } }, /#\/\$defs\/no leads nowhere/],
  ] as const) {
    t.throws(() => compile(schema as JsonObject), { message: reason })
  }
  t.same(compile({ properties: { pattern: { default: { pattern: '(' } } } })({ pattern: '(' }), [], 'data is no schema')
})

t.test('foo/list and foo.list get names of their own, in whatever order they stand', async (t) => {
  const [slash, dot, other] = uniqueNames(['foo/list', 'foo.list', 'fooGet'])
  t.match(slash, /^foo_list_[0-9a-f]{6}$/)
  t.match(dot, /^foo_list_[0-9a-f]{6}$/)
  t.not(slash, dot)
  t.equal(other, 'foo_get')
  t.same(uniqueNames(['foo.list', 'foo/list']), [dot, slash])
})

t.test('a suffix never passes the limit, and a suffixed name that is taken is not taken twice', async (t) => {
  const long = 'listEveryOrderOfEveryCustomerInEveryRegionOfEveryCountryThatThereIsNow'
  const name = toolName(long)
  t.equal(name.length, 64)
  t.equal(toolName(`${long}Too`) === name, false, 'what is cut off still counts')
  t.equal(toolName('getOne', 'crm_'), 'crm_get_one')
  const [first] = uniqueNames(['a/b', 'a.b'])
  const named = uniqueNames(['a/b', 'a.b', first as string])
  t.equal(new Set(named).size, 3)
  t.equal(named[2], first, 'an operation that is called so keeps its name')
  t.equal(new Set(uniqueNames(['get_x'], 64, { taken: new Set(['get_x']) })).has('get_x'), false)
})

t.test('every list of ids becomes as many valid names, which the order does not change', async (t) => {
  const id = fc.oneof(fc.string(), fc.constantFrom('a/b', 'a.b', 'a_b', 'aB', '日本', '中国', '', 'constructor'))
  fc.assert(
    fc.property(fc.uniqueArray(id), (ids) => {
      const names = uniqueNames(ids)
      const reversed = uniqueNames([...ids].reverse()).reverse()
      const isValid = names.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name))
      return isValid && new Set(names).size === ids.length && JSON.stringify(names) === JSON.stringify(reversed)
    }),
    { seed: 5, numRuns: 300 },
  )
  t.equal(snakeCase('listOrders'), 'list_orders')
})
