import t from 'tap'
import { isCostly } from '../src/checks/costly.ts'
import { compile } from '../src/checks/validation.ts'
import type { JsonObject } from '../src/json.ts'
import { answerOf, mapped, toolFor } from './fixtures/mapped.ts'
import { bodyOf, operationOf } from './fixtures/operation.ts'

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const unchecked = ' cannot be checked in reasonable time'
const object = (properties: object) => ({ type: 'object', properties })
const expression = (op: string) => object({ op: { const: op }, children: { type: 'array', items: ref('Expression') } })
const schemas = { Expression: { anyOf: [expression('and'), expression('or')] } }
const nested = (depth: number): JsonObject => (depth === 0 ? { v: 1 } : { op: 'x', children: [nested(depth - 1)] })
const trap = { type: 'string', pattern: '^(a+)+$' }
const caught = `${'a'.repeat(60)}!`

t.test('a pattern that backtracks without end is an error of the arguments, and holds nothing up', async (t) => {
  const { refusal, request } = operationOf({ requestBody: bodyOf(object({ text: trap, name: { type: 'string' } })) })
  t.equal(refusal({ text: caught }), unchecked)
  t.equal(request({ text: 'aaaa' }).body, '{"text":"aaaa"}')
})

t.test('alternatives that each contain the whole choice are not gone through without end', async (t) => {
  const { refusal, request } = operationOf({ schemas, requestBody: bodyOf(object({ where: ref('Expression') })) })
  t.equal(refusal({ where: nested(28) }), unchecked)
  t.ok(request({ where: { op: 'and', children: [{ op: 'or', children: [] }] } }))
})

t.test('an answer that cannot be held against its schema in time is delivered, and counts as drift', async (t) => {
  const tool = toolFor({ schema: object({ text: trap }) })
  const { result, drift } = mapped(tool, answerOf({ text: caught }))
  t.match(result, { structuredContent: { text: caught }, isError: undefined })
  t.equal(drift, '/ unchecked')
})

t.test('unique items are found in a long list at once, and equal ones as everywhere', async (t) => {
  const check = compile({ type: 'array', uniqueItems: true })
  t.same(check(Array.from({ length: 100_000 }, (_, i) => ({ id: i }))), [])
  t.match(check([{ a: 1, b: [2] }, 1, { b: [2], a: 1 }]), [
    {
      keyword: 'uniqueItems',
      instancePath: '',
      params: { i: 2, j: 0 },
      message: 'must NOT have duplicate items (items ## 0 and 2 are identical)',
    },
  ])
  t.same(check([1, '1', true, null, [1], { 0: 1 }]), [])
  t.same(compile({ uniqueItems: false })([1, 1]), [])
})

t.test('definitions that each use the next one twice are watched, and plain ones are not', async (t) => {
  const $defs: JsonObject = { D40: { type: 'string' } }
  for (let i = 0; i < 40; i++)
    $defs[`D${i}`] = { anyOf: [{ $ref: `#/$defs/D${i + 1}` }, { $ref: `#/$defs/D${i + 1}` }] }
  const doubling = { $ref: '#/$defs/D0', $defs }
  t.equal(isCostly(doubling), true)
  t.match(compile(doubling)(1), [{ keyword: 'unchecked' }])
  for (const pattern of ['^[a-z0-9-]+$', '^-?[0-9]{1,20}$', '^[A-Z]{3}$', '^\\d{4}-\\d{2}-\\d{2}$'])
    t.equal(
      isCostly(object({ a: { type: 'string', pattern }, b: { enum: [{ pattern: '(a+)+' }] } }) as JsonObject),
      false,
    )
  for (const pattern of ['(a|aa){9}', '[a-z]+$', '^a*a*$', 'a?a?a?a?a'])
    t.equal(isCostly({ items: { propertyNames: { pattern } } }), true)
})
