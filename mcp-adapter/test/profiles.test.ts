import fc from 'fast-check'
import t from 'tap'
import type { Json, JsonObject } from '../src/json.ts'
import { PROFILES, type Profile, profileOf, publishFor } from '../src/profiles/profiles.ts'
import type { Tool } from '../src/tools/tools.ts'
import { compile } from '../src/tools/validation.ts'
import { fromGemini, HOSTS } from './fixtures/hosts.ts'

/** A tool of a schema, as far as profiles look at it. */
const toolOf = (inputSchema: JsonObject, name = 'a_tool'): Tool =>
  ({ name, published: { name, title: name, description: name, inputSchema, annotations: {} } }) as unknown as Tool

const shown = (profile: Profile, schema: JsonObject) => publishFor(profile, toolOf(schema)).inputSchema as JsonObject
const asJsonSchema = (profile: Profile, schema: JsonObject) =>
  (profile === 'gemini' ? fromGemini(schema) : schema) as JsonObject

t.test('a profile is what the file says, or what the client is called', async (t) => {
  const of = (configured: string | undefined, name?: string) =>
    profileOf(configured, name === undefined ? undefined : { name })
  t.equal(of('full', 'gemini-cli-mcp-client'), 'full')
  t.equal(of('auto', 'gemini-cli-mcp-client'), 'gemini')
  t.equal(of(undefined, 'claude-ai'), 'anthropic')
  t.equal(of(undefined, 'claude-code'), 'anthropic')
  for (const name of ['Visual Studio Code', 'cursor-vscode', 'codex-mcp-client', 'never-heard-of'])
    t.equal(of(undefined, name), 'openai', name)
  t.equal(of(undefined), 'openai')
})

t.test('a root oneOf, anyOf or allOf becomes one object: the properties of all, and the choice in words', async (t) => {
  const choice: JsonObject = {
    type: 'object',
    required: ['kind'],
    properties: { kind: { type: 'string' } },
    oneOf: [
      { title: 'By mail', required: ['mail'], properties: { mail: { type: 'string' }, at: { type: 'string' } } },
      { $ref: '#/$defs/Phone' },
    ],
    $defs: { Phone: { required: ['phone'], properties: { phone: { type: 'string' }, at: { type: 'integer' } } } },
  }
  for (const profile of ['anthropic', 'openai'] as const) {
    const schema = shown(profile, choice)
    t.same(schema.properties, {
      kind: { type: 'string' },
      mail: { type: 'string' },
      at: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
      phone: { type: 'string' },
    })
    t.same(schema.required, ['kind'])
    t.equal(schema.description, 'Needs one of: (1) By mail: mail; (2) phone.')
    t.notOk(schema.oneOf)
  }
  const all = shown('openai', {
    allOf: [
      { $ref: '#/$defs/A' },
      { type: 'object', required: ['b'], properties: { a: { description: 'Words.' }, b: { type: 'integer' } } },
    ],
    $defs: { A: { type: 'object', required: ['a'], properties: { a: { type: 'string' } } } },
  })
  t.match(all, {
    type: 'object',
    required: ['a', 'b'],
    properties: { a: { type: 'string', description: 'Words.' }, b: {} },
  })
  t.same(shown('openai', { type: 'object' }), { type: 'object', properties: {} })
})

t.test('arrays without items; ["array","null"] get what hosts ask for', async (t) => {
  const schema = shown('openai', {
    type: 'object',
    properties: {
      a: { type: 'array' },
      b: { type: ['array', 'null'] },
      c: { oneOf: [{ type: 'string' }, { type: 'array' }] },
    },
  })
  t.same(schema.properties, {
    a: { type: 'array', items: {} },
    b: { type: ['array', 'null'], items: {} },
    c: { anyOf: [{ type: 'string' }, { type: 'array', items: {} }] },
  })
  const narrow = shown('gemini', {
    type: 'object',
    properties: { b: { type: ['array', 'null'], items: { type: 'string' } } },
  })
  t.same(narrow.properties, { b: { type: 'array', items: { type: 'string' }, nullable: true } })
})

t.test('gemini: what has no keyword is told in words, and null is nullable', async (t) => {
  const schema = shown('gemini', {
    type: 'object',
    required: ['id', 'gone'],
    properties: {
      id: { type: 'string', format: 'uuid', description: 'Which.' },
      size: { enum: [1, 2, null] },
      kind: { const: 'x' },
      when: { type: 'string', format: 'date-time' },
      name: { anyOf: [{ type: 'string', enum: ['a', 'b'] }, { type: 'null' }], description: 'Short.' },
      tags: { type: 'object', additionalProperties: { type: 'string' } },
      above: { type: 'integer', exclusiveMinimum: 0 },
      either: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
    },
    examples: [{ id: 'a' }],
  })
  t.same(schema, {
    type: 'object',
    properties: {
      id: { type: 'string', description: 'Which. Format: uuid.' },
      size: { type: 'integer', nullable: true, description: 'One of 1, 2.' },
      kind: { type: 'string', enum: ['x'] },
      when: { type: 'string', format: 'date-time' },
      name: { type: 'string', enum: ['a', 'b'], nullable: true, description: 'Short.' },
      tags: { type: 'object', description: 'Other names are allowed.' },
      above: { type: 'integer', minimum: 1 },
      either: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    },
    required: ['id'],
    example: { id: 'a' },
  })
})

t.test('what the MCP client reads of an argument is there under every profile', async (t) => {
  for (const profile of PROFILES) {
    const { properties } = shown(profile, {
      type: 'object',
      properties: {
        region: { anyOf: [{ type: 'string' }, { type: 'null' }], 'x-mcp-header': 'Region' },
        either: { oneOf: [{ type: 'string' }, { type: 'integer' }], 'x-mcp-header': 'Either' },
      },
    })
    t.match(properties, { region: { 'x-mcp-header': 'Region' }, either: { 'x-mcp-header': 'Either' } }, profile)
    t.equal(JSON.stringify(properties).split('x-mcp-header').length, 3, profile)
  }
})

t.test('self and mutual cycles end: a definition stands inside itself once more, then by its name', async (t) => {
  const schema = shown('gemini', {
    type: 'object',
    properties: { root: { $ref: '#/$defs/Node' } },
    $defs: {
      Node: { type: 'object', properties: { next: { $ref: '#/$defs/Node' }, other: { $ref: '#/$defs/Other' } } },
      Other: { type: 'object', properties: { back: { $ref: '#/$defs/Node' } } },
    },
  })
  t.match(schema, {
    properties: {
      root: { properties: { next: { properties: { next: { type: 'object', description: 'As Node above.' } } } } },
    },
  })
  t.same(HOSTS.gemini(publishFor('gemini', toolOf(schema))), [])
})

t.test('definitions that demand each other without end are shown in bounded space', async (t) => {
  const $defs: JsonObject = {}
  for (let i = 0; i < 40; i++) {
    const next = { $ref: `#/$defs/D${(i + 1) % 40}` }
    $defs[`D${i}`] = {
      type: 'object',
      properties: { a: next, b: next },
      allOf: [next, next],
      anyOf: [next, { type: 'object' }],
    }
  }
  const hostile: JsonObject = {
    type: 'object',
    properties: { x: { $ref: '#/$defs/D0' } },
    anyOf: [{ $ref: '#/$defs/D1' }],
    $defs,
  }
  for (const profile of PROFILES) {
    const tool = publishFor(profile, toolOf(hostile))
    t.same(HOSTS[profile](tool), [], profile)
    t.ok(JSON.stringify(tool).length < 1_000_000, profile)
  }
})

const scalars = fc.constantFrom<JsonObject>(
  { type: 'string' },
  { type: 'string', enum: ['a', 'b'] },
  { type: 'integer', minimum: 1 },
  { type: 'number', exclusiveMinimum: 0 },
  { type: 'boolean' },
  { type: ['string', 'null'] },
  { enum: [1, 'a', null] },
  { const: 'x' },
  { const: 1 },
  { type: 'string', format: 'uuid', default: 'd' },
)
const RUNS = 100
const names = fc.constantFrom('a', 'b', 'c')
const anySchema = fc.letrec<{ schema: JsonObject; object: JsonObject }>((tie) => ({
  object: fc
    .record({
      properties: fc.dictionary(names, tie('schema'), { maxKeys: 3 }),
      required: fc.subarray(['a', 'b', 'c']),
      additionalProperties: fc.constantFrom<Json>(false, true, { type: 'string' }),
    })
    .map((object) => ({ type: 'object', ...object })),
  schema: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'schema' },
    scalars,
    tie('object'),
    tie('schema').map((items) => ({ type: 'array', items })),
    fc.constant({ type: 'array' }),
    fc.constant({ $ref: '#/$defs/Loop' }),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 2 }).map((oneOf) => ({ oneOf, description: 'One.' })),
    fc.array(tie('object'), { minLength: 1, maxLength: 2 }).map((allOf) => ({ allOf })),
  ),
}))
const Loop: JsonObject = {
  type: 'object',
  properties: {
    a: { $ref: '#/$defs/Loop' },
    b: { type: 'array', items: { $ref: '#/$defs/Loop' } },
    c: { type: 'string' },
  },
}
const inputSchemas = anySchema.object.map((object): JsonObject => ({ ...object, $defs: { Loop } }))
/** Values that a schema probably takes; what it does not take is left out by the test. */
function valuesOf(schema: Json, depth = 0): fc.Arbitrary<Json> {
  const { $ref, enum: list, const: only, anyOf, oneOf, allOf, type, items, properties, required } = schema as JsonObject
  const choices = (anyOf ?? oneOf) as Json[] | undefined
  if ($ref !== undefined) return depth > 3 ? fc.constant({}) : valuesOf(Loop, depth + 1)
  if (Array.isArray(list)) return fc.constantFrom(...list)
  if (only !== undefined) return fc.constant(only)
  if (choices) return fc.oneof(...choices.map((each) => valuesOf(each, depth)))
  if (Array.isArray(allOf))
    return fc
      .tuple(...allOf.map((each) => valuesOf(each, depth)))
      .map((parts) => Object.assign({}, ...parts) as JsonObject)
  if (Array.isArray(type)) return fc.constantFrom<Json>('a', null)
  if (type === 'array')
    return fc.array(items === undefined ? scalarValues : valuesOf(items, depth + 1), { maxLength: 2 })
  if (type === 'object') {
    const members = Object.entries(properties as JsonObject).map(([name, each]) => [name, valuesOf(each, depth + 1)])
    const missing =
      (required as string[] | undefined)?.filter((name) => !Object.hasOwn(properties as object, name)) ?? []
    const requiredKeys = ((required ?? []) as string[]).filter((name) => Object.hasOwn(properties as object, name))
    const known = fc.record(Object.fromEntries(members), { requiredKeys }) as fc.Arbitrary<JsonObject>
    const others = fc.dictionary(fc.constantFrom('z', ...missing), fc.constantFrom<Json>('a', 1), { maxKeys: 2 })
    return fc.tuple(known, others).map(([a, b]) => ({ ...b, ...a }))
  }
  if (type === 'integer') return fc.constantFrom(1, 2)
  if (type === 'number') return fc.constantFrom(0.5, 1)
  return type === 'boolean' ? fc.boolean() : fc.constantFrom('a', 'b', 'x')
}
// A list of lists in a place without a type is the one thing that Google's dialect cannot say.
const scalarValues = fc.constantFrom<Json>('a', 1, 0.5, null, true, { a: 1 })
const cases = inputSchemas.chain((schema) =>
  fc.tuple(fc.constant(schema), fc.array(valuesOf(schema), { minLength: 10, maxLength: 10 })),
)

t.test('every call that the full schema takes is taken by the schema of every profile', async (t) => {
  let held = 0
  fc.assert(
    fc.property(cases, ([schema, candidates]) => {
      const full = compile(schema)
      const valid = candidates.filter((call) => full(call).length === 0)
      for (const profile of PROFILES) {
        const narrow = compile(asJsonSchema(profile, shown(profile, schema)))
        for (const call of valid) {
          held += 1
          if (narrow(call).length > 0) return false
        }
      }
      return true
    }),
    { seed: 5, numRuns: RUNS },
  )
  t.ok(held > RUNS * 10, `${held} calls were held against a profile`)
})

t.test('every schema is what the hosts of its profile accept', async (t) => {
  fc.assert(
    fc.property(inputSchemas, (schema) =>
      PROFILES.every((profile) => HOSTS[profile](publishFor(profile, toolOf(schema))).length === 0),
    ),
    { seed: 5, numRuns: 200 },
  )
  t.pass('no host refuses one')
})
