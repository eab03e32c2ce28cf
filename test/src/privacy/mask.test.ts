import { createHash } from 'node:crypto'
import t from 'tap'
import { compileMask, type Schema, type Sight } from '../../../src/privacy/mask.ts'

const SCHEMAS: Record<string, Schema> = {
  Person: {
    type: 'object',
    'x-pii-owner': ['/id'],
    required: ['id', 'email'],
    properties: {
      id: { type: 'string' },
      email: { type: 'string', 'x-pii': 'email' },
      phone: { type: ['string', 'null'], 'x-pii': 'phone' },
      notes: { type: 'array', items: { type: 'string', 'x-pii': 'text' } },
    },
  },
  Thing: { type: 'object', required: ['sku'], properties: { sku: { type: 'string' } } },
  Tree: {
    type: 'object',
    properties: { email: { type: 'string', 'x-pii': 'email' }, child: { $ref: 'Tree#' } },
  },
}
const resolve = (id: string) => SCHEMAS[id] as Schema
const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 10)
const viewer = (sights: Record<string, Sight>) => ({ sees: (id: string) => sights[id] ?? 'masked', digest })

/** The value as nobody in particular sees it. */
const masked = (schema: Schema, value: unknown) => compileMask(schema, resolve)?.(value, viewer({}), '').value

const person = (id: string) => ({ id, email: `${id}@example.com`, phone: '+4930123456', notes: ['a@b.example', 'hi'] })
const mask = compileMask({ type: 'array', items: { $ref: 'Person#' } }, resolve)

t.test('each thing is masked by whose it is', async (t) => {
  const people = [person('me'), person('other'), person('known')]
  const seen = mask?.(people, viewer({ me: 'own', known: 'clear' }), '')
  t.match(seen?.value, [people[0], { email: /^masked-\w{10}@masked\.invalid$/, notes: ['[EMAIL_1]', 'hi'] }, people[2]])
  t.equal(seen?.unmasked, true)
  t.same(people, [person('me'), person('other'), person('known')], 'what was given is left as it is')
})

t.test('what is not masked is the very same value, and one’s own data counts for nothing', async (t) => {
  const people = [person('me')]
  t.equal(mask?.(people, viewer({ me: 'own' }), '')?.value, people)
  t.equal(mask?.(people, viewer({ me: 'own' }), '')?.unmasked, false)
  t.equal(mask?.([], viewer({}), '')?.unmasked, false)
})

t.test('free text that holds nothing personal is shown without a record', async (t) => {
  const text = compileMask({ type: 'string', 'x-pii': 'text' }, resolve)
  t.same(text?.('two lamps', viewer({ x: 'clear' }), 'x'), { value: 'two lamps', unmasked: false })
  t.same(text?.('a@b.example', viewer({ x: 'clear' }), 'x'), { value: 'a@b.example', unmasked: true })
})

t.test('nothing passes for want of a schema', async (t) => {
  const open = { type: 'object', additionalProperties: true } as Schema
  const value = {
    id: '019a0000-0000-7000-8000-000000000004',
    at: '2026-01-31T12:00:00.000Z',
    email: 'a@b.example',
    deep: [{ fullName: 'Ada', more: 'ask a@b.example', count: 1, none: null, yes: true }],
  }
  const never: Schema = {
    type: 'object',
    required: ['never'],
    properties: { never: { type: 'string', 'x-pii': 'text' } },
  }
  for (const schema of [open, {}, { anyOf: [{ $ref: 'Thing#' }, never] }]) {
    const { email, deep, ...rest } = masked(schema, value) as typeof value
    t.match(email, /^masked-/)
    t.match(deep, [{ fullName: /^masked-/, more: 'ask [EMAIL_1]', count: 1, none: null, yes: true }])
    t.same(rest, { id: value.id, at: value.at })
  }
})

t.test('of alternatives the one that fits decides, and a schema may contain itself', async (t) => {
  const choice = compileMask({ anyOf: [{ $ref: 'Thing#' }, { $ref: 'Person#' }] }, resolve)
  const thing = { sku: 'a@b.example' }
  t.equal(choice?.(thing, viewer({}), '')?.value, thing)
  t.match(choice?.(person('x'), viewer({}), '')?.value, { email: /^masked-/ })
  t.equal(choice?.(null, viewer({}), '')?.value, null)
  const tree = compileMask({ $ref: 'Tree#' }, resolve)
  const value = { email: 'a@b.example', child: { email: 'c@d.example', child: { email: 'e@f.example' } } }
  t.notMatch(JSON.stringify(tree?.(value, viewer({}), '')?.value), /example/)
})

t.test('a schema without personal data makes no mask', async (t) => {
  t.equal(compileMask({ $ref: 'Thing#' }, resolve), undefined)
  t.equal(compileMask({ type: 'array', items: { $ref: 'Thing#' } }, resolve), undefined)
  t.equal(compileMask({ anyOf: [{ $ref: 'Thing#' }, { type: 'null' }] }, resolve), undefined)
})

t.test('a stand-in depends on the person, the kind and the value', async (t) => {
  const of = (id: string, email: string) =>
    (masked({ $ref: 'Person#' }, { ...person(id), email }) as { email: string }).email
  t.equal(of('a', 'x@example.com'), of('a', 'x@example.com'))
  t.equal(new Set([of('a', 'x@example.com'), of('b', 'x@example.com'), of('a', 'y@example.com')]).size, 3)
})
