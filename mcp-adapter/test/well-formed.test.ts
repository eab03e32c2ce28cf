import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import t from 'tap'
import { isPlainlyWellFormed } from '../src/checks/well-formed.ts'
import { Bundler } from '../src/document/bundle.ts'
import { isObject, type Json, type JsonObject } from '../src/json.ts'
import { overlaySchema } from '../src/overlays/schema.ts'

const ajv = new Ajv2020({ strict: false, allErrors: false, logger: false })
addFormats.default(ajv)
const isWellFormed = (schema: Json) => ajv.validateSchema(schema as JsonObject) === true

/** Every keyword that the schema of schemas has a rule for, and some that it has none for. */
const NAMES = [
  ...Object.values(ajv.schemas).flatMap((each) =>
    isObject(each?.schema) ? Object.keys(each.schema.properties ?? {}) : [],
  ),
  ...'nullable discriminator xml x-action itemz $other'.split(' '),
]

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<Json>(
    ...['string', 'null', 'any', '#/$defs/A', '#/$defs/A b', 'a%zz', '[', '^a\\Z', 'a\\b', '(?<n>a)', 'https://a/b c'],
    ...[0, 1, -1, 1.5, true, false, null, [], {}, ['string', 'null'], ['a', 'a'], ['a', 'b'], [{}], [true], [[]]],
    ...[{ a: {} }, { a: [] }, { a: ['b'] }, { '[': {} }, { a: { type: 'text' } }, [{ minLength: -1 }]],
  ),
)
const schemas = fc.letrec((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    fc.boolean(),
    fc.dictionary(fc.constantFrom(...NAMES), fc.oneof({ weight: 3, arbitrary: value }, tie('schema'), tie('list')), {
      maxKeys: 4,
    }),
  ),
  list: fc.oneof(fc.array(tie('schema'), { maxLength: 2 }), fc.dictionary(fc.constantFrom('a', 'b'), tie('schema'))),
})).schema

t.test('what is well formed at first sight is well formed by the schema of schemas', async (t) => {
  t.ok(NAMES.length > 60, 'the keywords are known')
  let plain = 0
  fc.assert(
    fc.property(schemas, (schema) => {
      if (!isPlainlyWellFormed(schema as Json)) return
      plain += 1
      if (!isWellFormed(schema as Json)) throw new Error(JSON.stringify(ajv.errors))
    }),
    { seed: 5, numRuns: 20_000 },
  )
  t.ok(plain > 2000, `${plain} of them`)
})

t.test('each keyword with each kind of value: neither takes what the schema of schemas refuses', async (t) => {
  const values: Json[] = [
    'a',
    '',
    '#/a',
    'a b',
    '%',
    -1,
    0,
    1,
    1.5,
    true,
    null,
    [],
    ['a'],
    ['a', 'a'],
    [1],
    {},
    { a: 1 },
  ]
  for (const name of NAMES) {
    for (const each of values) {
      const schema = { [name]: each }
      if (isPlainlyWellFormed(schema) && !isWellFormed(schema)) t.fail(JSON.stringify(schema))
    }
  }
  t.notOk(isPlainlyWellFormed({ type: 'text' }))
  t.notOk(isPlainlyWellFormed({ properties: { a: { required: 'a' } } }))
  t.notOk(isPlainlyWellFormed({ $id: 'a' }))
  t.notOk(isPlainlyWellFormed('a'))
})

t.test('our own document has schemas that are seen to be well formed', async (t) => {
  const root = JSON.parse(readFileSync(new URL('../../openapi/v1.json', import.meta.url), 'utf8')) as JsonObject
  const components = (root.components as JsonObject).schemas as JsonObject
  for (const [name, schema] of Object.entries(components)) {
    const { schemas, defs } = new Bundler(root, 'receive').bundle([schema])
    t.ok(isPlainlyWellFormed({ ...schemas[0], $defs: defs }), name)
  }
  t.ok(isObject(overlaySchema) && isWellFormed(overlaySchema), 'the overlay schema is not judged when it is used')
})
