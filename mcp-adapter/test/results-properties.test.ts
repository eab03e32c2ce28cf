import fc from 'fast-check'
import t from 'tap'
import { compile } from '../src/checks/validation.ts'
import type { Json, JsonObject } from '../src/json.ts'
import { isObject } from '../src/json.ts'
import { createFields } from '../src/results/fields.ts'
import { parseExact } from '../src/results/numbers.ts'
import { forClients } from '../src/tools/published-schema.ts'
import { answerOf, mapped, toolFor } from './fixtures/mapped.ts'

const RUNS = { seed: 5, numRuns: Number(process.env.RESULT_RUNS ?? 60) }

interface Kind {
  schema: JsonObject
  value: fc.Arbitrary<Json>
}

const word = fc.stringMatching(/^[a-z]{1,8}$/)
const long = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ minLength: 300, maxLength: 4000 }))

const scalar: fc.Arbitrary<Kind> = fc.constantFrom<Kind>(
  { schema: { type: 'string' }, value: long },
  { schema: { type: 'string', format: 'uri' }, value: word.map((w) => `https://example.org/${w.repeat(200)}`) },
  { schema: { type: 'string', pattern: '^[a-z]+$' }, value: fc.stringMatching(/^[a-z]{1,900}$/) },
  { schema: { enum: ['red', 'green', 7] }, value: fc.constantFrom<Json>('red', 'green', 7) },
  { schema: { const: 'fixed' }, value: fc.constant('fixed') },
  { schema: { type: 'integer', minimum: 0 }, value: fc.nat() },
  { schema: { type: ['string', 'null'] }, value: fc.option(long) },
  { schema: { type: 'boolean' }, value: fc.boolean() },
)

const { any } = fc.letrec<{ any: Kind; object: Kind; list: Kind; choice: Kind; map: Kind }>((tie) => ({
  any: fc.oneof({ maxDepth: 3, depthSize: 'small' }, scalar, tie('object'), tie('list'), tie('choice'), tie('map')),
  list: tie('any').map((item) => ({
    schema: { type: 'array', items: item.schema, minItems: 1, uniqueItems: false },
    value: fc.array(item.value, { minLength: 1, maxLength: 40 }),
  })),
  map: tie('any').map((item) => ({
    schema: { type: 'object', additionalProperties: item.schema },
    value: fc.dictionary(word, item.value, { maxKeys: 30 }),
  })),
  choice: fc.tuple(tie('any'), tie('any')).map(([a, b]) => ({
    schema: { anyOf: [a.schema, b.schema] },
    value: fc.oneof(a.value, b.value),
  })),
  object: fc.uniqueArray(fc.tuple(word, tie('any')), { selector: ([name]) => name, maxLength: 5 }).map((members) => ({
    schema: {
      type: 'object',
      properties: Object.fromEntries(members.map(([name, { schema }]) => [name, schema])),
      required: members.map(([name]) => name),
      additionalProperties: false,
    },
    value: fc.record(Object.fromEntries(members.map(([name, { value }]) => [name, value]))) as fc.Arbitrary<Json>,
  })),
}))

const sample = any.chain(({ schema, value }) => value.map((one) => ({ schema, value: one })))

/** Whether what is shown is what was there: lists are beginnings, texts are whole or beginnings that say so. */
function isPartOf(shown: Json, whole: Json): boolean {
  if (typeof shown === 'string' && typeof whole === 'string') {
    const [, start] = /^(.*)… \[\d+ of \d+ characters\]$/s.exec(shown) ?? []
    return shown === whole || (start !== undefined && whole.startsWith(start))
  }
  if (Array.isArray(shown) && Array.isArray(whole))
    return shown.length <= whole.length && shown.every((each, i) => isPartOf(each, whole[i] as Json))
  if (isObject(shown) && isObject(whole))
    return Object.entries(shown).every(
      ([name, each]) => Object.hasOwn(whole, name) && isPartOf(each, whole[name] as Json),
    )
  return Object.is(shown, whole) || shown === whole
}

/** Whether a value was made of another by leaving parts out, entries of lists as well. */
function isLeftOf(shown: Json, whole: Json): boolean {
  if (Array.isArray(shown) && Array.isArray(whole)) {
    let from = 0
    return shown.every((each) => {
      const found = whole.findIndex((one, i) => i >= from && isLeftOf(each, one))
      from = found + 1
      return found >= 0
    })
  }
  if (isObject(shown) && isObject(whole))
    return Object.entries(shown).every(
      ([name, each]) => Object.hasOwn(whole, name) && isLeftOf(each, whole[name] as Json),
    )
  return isPartOf(shown, whole)
}

const asData = (value: Json, shape: unknown) => (isObject(value) && shape !== 'wrapped' ? value : { result: value })

t.test('a value that keeps the complete schema keeps the published one', async (t) => {
  fc.assert(
    fc.property(sample, fc.boolean(), ({ schema, value }, strict) => {
      if (compile(schema)(value).length > 0) throw new Error('the sample is wrong')
      return compile(forClients(schema, strict) as JsonObject)(value).length === 0
    }),
    RUNS,
  )
  t.pass()
})

t.test(
  'structuredContent is valid against outputSchema and within the budget, and nothing in it is made up',
  async (t) => {
    let cut = 0
    fc.assert(
      fc.property(sample, fc.integer({ min: 100, max: 600 }), fc.boolean(), ({ schema, value }, budget, strict) => {
        const tool = toolFor({ schema, curated: { budget }, results: { strict } })
        const { result, texts } = mapped(tool, answerOf(value))
        const content = result.structuredContent as JsonObject
        const original = asData(JSON.parse(JSON.stringify(value)), tool.shapes['200'])
        if (result.isError) {
          // Only what is required, and too much for any budget, is refused.
          return strict && JSON.stringify(original).length > budget * 4
        }
        if (JSON.stringify(content) !== JSON.stringify(original)) cut += 1
        const longest = Math.max(...texts.map((text) => text.length))
        return (
          compile(tool.published.outputSchema as JsonObject)(content).length === 0 &&
          isPartOf(content, original) &&
          longest <= budget * 4 + 100 &&
          texts.join('').length <= budget * 4 + 600
        )
      }),
      RUNS,
    )
    t.ok(cut > RUNS.numRuns / 30, 'some were long enough to be cut')
  },
)

/** Puts something else in the place of a part, as an API does that was changed. */
function changed(value: Json, seed: number, other: Json): Json {
  const members = isObject(value) ? Object.keys(value) : Array.isArray(value) ? [...value.keys()] : []
  if (members.length === 0 || seed % 5 === 0) return other
  const pick = members[seed % members.length] as string | number
  const next = Math.floor(seed / 7)
  if (Array.isArray(value)) return value.map((each, i) => (i === pick ? changed(each, next, other) : each))
  const entries = Object.entries(value as JsonObject).map(([name, each]): [string, Json] => [
    name,
    name === pick ? changed(each, next, other) : each,
  ])
  return Object.fromEntries(seed % 3 === 0 ? entries.filter(([name]) => name !== pick) : entries)
}

t.test('an answer that departs from its schema is delivered as far as it keeps it, and is drift', async (t) => {
  const other = fc.oneof(fc.constant(null), fc.integer(), fc.constant('else'), fc.constant([]), fc.constant({ new: 1 }))
  let drifted = 0
  fc.assert(
    fc.property(sample, fc.nat(), other, ({ schema, value }, seed, instead) => {
      const tool = toolFor({ schema })
      const departed = changed(JSON.parse(JSON.stringify(value)), seed, instead as Json)
      const { result, drift, data } = mapped(tool, answerOf(departed))
      if (drift) drifted += 1
      const original = asData(departed, tool.shapes['200'])
      return (
        !result.isError &&
        compile(tool.published.outputSchema as JsonObject)(result.structuredContent).length === 0 &&
        isLeftOf(result.structuredContent as Json, original) &&
        (JSON.stringify(original).length > 40_000 || data === JSON.stringify(original))
      )
    }),
    RUNS,
  )
  t.ok(drifted > RUNS.numRuns / 10, 'many departed')
})

/** Some of the paths that a value has. */
function pathsIn(value: Json, prefix = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => pathsIn(each, `${prefix}[]`))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, each]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`
    return [path, ...pathsIn(each, path)]
  })
}

t.test('what select and redact leave of a value keeps what they leave of its schema', async (t) => {
  fc.assert(
    fc.property(
      sample,
      fc.array(fc.nat(), { maxLength: 3 }),
      fc.array(fc.nat(), { maxLength: 3 }),
      (one, keep, hide) => {
        const paths = [...new Set(pathsIn(one.value))]
        const chosen = (places: number[]) =>
          paths.length === 0 ? [] : places.map((place) => paths[place % paths.length] as string)
        const fields = createFields(chosen(keep), chosen(hide))
        if (!fields) return true
        const schema = fields.schema(one.schema, {}) as JsonObject
        const value = fields.value(one.value)
        return compile(forClients(schema) as JsonObject)(value).length === 0
      },
    ),
    RUNS,
  )
  t.pass()
})

t.test('numbers of any size arrive exactly', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.bigInt())), (members) => {
      const text = `{"list":[${members.map(([name, n]) => `{"name":${JSON.stringify(name)},"n": ${n}}`).join(',')}]}`
      const { list } = parseExact(text) as unknown as { list: { name: string; n: number | string }[] }
      return list.every(({ name, n }, i) => name === members[i]?.[0] && String(BigInt(n)) === String(members[i]?.[1]))
    }),
    RUNS,
  )
  t.pass()
})
