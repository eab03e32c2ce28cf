import fc from 'fast-check'
import t from 'tap'
import { compile } from '../src/checks/validation.ts'
import type { Json, JsonObject } from '../src/json.ts'
import { PROFILES, type Profile, publishFor } from '../src/profiles/profiles.ts'
import { fromGemini, HOSTS } from './fixtures/hosts.ts'
import { shown, toolOf } from './fixtures/profiled.ts'

const asJsonSchema = (profile: Profile, schema: JsonObject) =>
  (profile === 'gemini' ? fromGemini(schema) : schema) as JsonObject

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
