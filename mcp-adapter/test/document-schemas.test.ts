import t from 'tap'
import { compile } from '../src/checks/validation.ts'
import { Bundler } from '../src/document/bundle.ts'
import { isObject, type Json, type JsonObject } from '../src/json.ts'
import { accepts, answering, openapi, read, taking, toolOf } from './fixtures/documents.ts'

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
const string = { type: 'string' }

/** The tool of `POST /a` with this body. */
const sending = (schema: object, schemas: object = {}, version = '3.1.0') =>
  toolOf(read(openapi(taking(schema), { schemas }, version)), 'postA')
/** The tool of `GET /a` with this answer. */
const receiving = (schema: object, schemas: object = {}) =>
  toolOf(read(openapi(answering(schema), { schemas })), 'getA')

/** Every `$ref` of a schema, each of which must lead somewhere in it. */
function references(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap(references)
  if (!isObject(value)) return []
  const own = typeof value.$ref === 'string' ? [value.$ref] : []
  return [...own, ...Object.values(value).flatMap(references)]
}

t.test('self and mutual cycles stay references, and judge at every depth', async (t) => {
  const schemas = {
    Node: object({ next: ref('Node'), value: string }, { required: ['value'] }),
    Ping: object({ pong: ref('Pong') }),
    Pong: object({ ping: { anyOf: [ref('Ping'), { type: 'null' }] }, list: { type: 'array', items: ref('Pong') } }),
  }
  const tool = sending(object({ node: ref('Node'), ping: ref('Ping') }), schemas)
  t.ok(
    accepts(tool, { node: { value: 'a', next: { value: 'b' } }, ping: { pong: { ping: { pong: { list: [{}] } } } } }),
  )
  t.notOk(accepts(tool, { node: { value: 'a', next: { value: 'b', next: {} } } }))
  t.notOk(accepts(tool, { ping: { pong: { list: [{ list: [{ ping: 1 }] }] } } }))
})

t.test('missing transitive $defs: a cycle through 68 schemas is there as a whole, and nothing else', async (t) => {
  const schemas: Record<string, object> = { Unused: object({ a: ref('S0') }) }
  for (let i = 0; i < 68; i++) {
    schemas[`S${i}`] = object({
      next: ref(`S${(i + 1) % 68}`),
      skip: ref(`S${(i * 5 + 3) % 68}`),
      [`only${i}`]: { type: 'integer' },
    })
  }
  for (const tool of [sending(ref('S0'), schemas), receiving(ref('S0'), schemas)]) {
    const schema = (tool.published.outputSchema ?? tool.published.inputSchema) as JsonObject
    const defs = schema.$defs as JsonObject
    t.ok(Object.keys(defs).length >= 67)
    t.same(
      references(schema).filter((reference) => !Object.hasOwn(defs, reference.slice('#/$defs/'.length))),
      [],
    )
    t.notMatch(Object.keys(defs), ['Unused'])
  }
  const nested = (value: Json, depth: number): Json => (depth === 0 ? value : { next: nested(value, depth - 1) })
  const tool = sending(object({ s: ref('S0') }), schemas)
  t.ok(accepts(tool, { s: nested({ only67: 1 }, 67) }))
  t.notOk(accepts(tool, { s: nested({ only67: 'x' }, 67) }))
})

t.test('allOf refs: what is inherited is required and checked', async (t) => {
  const schemas = {
    Base: object({ id: string }, { required: ['id'] }),
    Pet: { allOf: [ref('Base'), object({ age: { type: 'integer' } })] },
  }
  const tool = sending(object({ pet: ref('Pet') }, { required: ['pet'] }), schemas)
  t.same(
    [{ pet: { id: 'a', age: 1 } }, { pet: { age: 1 } }, { pet: { id: 'a', age: 'x' } }].map((args) =>
      accepts(tool, args),
    ),
    [true, false, false],
  )
})

t.test('discriminators: each alternative of what is sent names its value, mapped or its own', async (t) => {
  const schemas = {
    Cat: object({ kind: string, lives: { type: 'integer' } }, { required: ['kind'] }),
    Dog: object({ kind: string, bark: { type: 'boolean' } }),
    Fish: object({ kind: { type: 'string', const: 'fish' }, water: string }),
  }
  const pet = {
    oneOf: [ref('Cat'), ref('Dog'), ref('Fish')],
    discriminator: { propertyName: 'kind', mapping: { cat: '#/components/schemas/Cat', tom: 'Cat', fish: 'Fish' } },
  }
  const tool = sending(object({ pet }), schemas)
  const pets = [
    { kind: 'cat', lives: 9 },
    { kind: 'tom', lives: 9 },
    { kind: 'Dog', bark: true },
    { kind: 'fish' },
    { kind: 'cat', lives: 'x' },
    { kind: 'Cat' },
    { bark: true },
  ]
  t.same(
    pets.map((each) => accepts(tool, { pet: each })),
    [true, true, true, true, false, false, false],
  )
  // Without the rules `oneOf` would refuse what fits two alternatives.
  const answers = receiving(pet, schemas)
  t.same(answers.checkPublished?.({ result: { kind: 'x' } }) ?? answers.checkPublished?.({ kind: 'x' }), [])
})

t.test('discriminators: an alternative that extends the schema which lists it does not go in circles', async (t) => {
  const schemas = {
    Pet: object(
      { kind: string },
      { required: ['kind'], oneOf: [ref('Cat'), ref('Dog')], discriminator: { propertyName: 'kind' } },
    ),
    Cat: { allOf: [ref('Pet'), object({ lives: { type: 'integer' } })] },
    Dog: { allOf: [ref('Pet'), object({ bark: { type: 'boolean' } })] },
  }
  const tool = sending(object({ pet: ref('Pet'), cat: ref('Cat') }), schemas)
  t.same(
    [
      { pet: { kind: 'Cat', lives: 9 } },
      { pet: { kind: 'Cat', lives: 'x' } },
      { pet: { lives: 9 } },
      { cat: { kind: 'x' } },
      { cat: {} },
    ].map((args) => accepts(tool, args)),
    [true, false, false, true, false],
  )
})

t.test('a schema that is only itself is refused; one that contains itself is not', async (t) => {
  for (const A of [
    ref('A'),
    { allOf: [ref('B')] },
    { oneOf: [string, { not: ref('A') }] },
    { if: ref('B'), else: {} },
  ]) {
    const schemas = { A, B: { allOf: [ref('A')] } }
    t.throws(() => sending(object({ a: ref('A'), again: ref('A') }), schemas), {
      message: /"[AB]" is defined by itself/,
    })
  }
  t.ok(sending(object({ a: ref('A') }), { A: { anyOf: [string, { type: 'array', items: ref('A') }] } }))
})

t.test('deep refs: into paths, with percent-encoding, tildes and any characters', async (t) => {
  const schemas = {
    'a/b~c': string,
    'List<Pet>': { type: 'array', items: { type: 'integer' } },
    '100%': { type: 'boolean' },
    Outer: object({ inner: object({ deep: { type: 'integer' } }) }),
  }
  const body = object({
    a: { $ref: '#/components/schemas/a~1b~0c' },
    b: { $ref: '#/components/schemas/List%3CPet%3E' },
    c: { $ref: '#/components/schemas/List<Pet>' },
    d: { $ref: '#/components/schemas/100%' },
    e: { $ref: '#/components/schemas/Outer/properties/inner/properties/deep' },
    f: { $ref: '#/paths/~1b~1%7Bid%7D/get/responses/200/content/application~1json/schema' },
  })
  const other = answering({ type: 'string', enum: ['only'] })['/a']
  const document = read(openapi({ ...taking(body), '/b/{id}': other }, { schemas }))
  const tool = toolOf(document, 'postA')
  t.ok(accepts(tool, { a: 'x', b: [1], c: [1], d: true, e: 1, f: 'only' }))
  for (const [name, value] of Object.entries({ a: 1, b: ['x'], c: ['x'], d: 1, e: 'x', f: 'x' }))
    t.notOk(accepts(tool, { [name]: value }), name)
})

t.test('definitions named constructor or __proto__ are ordinary definitions', async (t) => {
  const names = ['constructor', '__proto__', 'toString']
  const schemas = Object.fromEntries(names.map((name) => [name, object({ self: ref(name), n: { type: 'integer' } })]))
  const tool = sending(object(Object.fromEntries(names.map((name, i) => [`p${i}`, ref(name)]))), schemas)
  t.ok(accepts(tool, { p0: { self: { n: 1 } }, p1: { self: { n: 1 } }, p2: {} }))
  for (const name of ['p0', 'p1', 'p2']) t.notOk(accepts(tool, { [name]: { self: { n: 'x' } } }), name)
})

t.test('a chain of schemas that are each used once is no deeper than readers bear', async (t) => {
  const schemas = Object.fromEntries(
    Array.from({ length: 3000 }, (_, i) => [`S${i}`, object({ next: i < 2999 ? ref(`S${i + 1}`) : string })]),
  )
  const { root } = read(openapi({}, { schemas }))
  const {
    schemas: [schema],
    defs,
  } = new Bundler(root, 'receive').bundle([ref('S0')])
  const depth = (value: Json): number => (isObject(value) ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0)
  t.ok(depth(schema as Json) < 200)
  t.ok(Object.keys(defs).length > 10)
  t.ok(compile({ ...schema, $defs: defs }))
})
