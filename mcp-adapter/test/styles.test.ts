import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { buildRequest } from '../src/calls/request.ts'
import { compile } from '../src/checks/validation.ts'
import { readDocument } from '../src/document/read.ts'
import type { Json, JsonObject } from '../src/json.ts'
import { ProblemResult } from '../src/results/problem.ts'
import { buildInput } from '../src/tools/input-schema.ts'
import { checkArguments } from '../src/tools/validate-arguments.ts'
import { type Described, type Kind, type Read, readParameter } from './fixtures/echo/parameters.ts'
import { type Echo, startEcho } from './fixtures/echo/server.ts'
import { sharedData } from './shared-data.ts'

const NUM_RUNS = Number(process.env.HANDRAIL_FUZZ_RUNS ?? 25)

const SCHEMAS: Record<Kind, JsonObject> = {
  primitive: { type: ['string', 'integer', 'boolean'] },
  array: { type: 'array', items: { type: ['string', 'integer'] } },
  object: { type: 'object', additionalProperties: { type: ['string', 'boolean'] } },
}

/** Builds requests of one operation with one parameter. */
function requester(path: string, parameter: object) {
  const operation = { operationId: 'op', parameters: [{ required: parameter && path !== '/x', ...parameter }] }
  const { root, operations } = readDocument({ openapi: '3.1.0', paths: { [path]: { get: operation } } }, 'test')
  const op = operations.get('op')
  if (!op) throw new Error('no operation')
  const input = buildInput(root, op)
  const check = compile(input.schema)
  const [name = ''] = input.bindings[0]?.argument ?? []
  return (value: Json) => {
    const wrong = checkArguments(check, { [name]: value })
    if (wrong) throw new Error(wrong.message)
    return buildRequest(op, input, { [name]: value })
  }
}

const nasty = fc.constantFrom(
  '..',
  '.',
  '%2E%2E',
  '../x',
  '\\',
  'a?b',
  'a#b',
  'a b',
  ' a',
  'a,b',
  'a;b',
  'a=b',
  'a&b',
  'é',
  '',
  '日本',
  '%',
  '+',
  '"',
  "'",
  '\r\nx: y',
  '\u0000',
  'a|b',
  '[0]',
  '😀',
)
const text = fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 8 }), fc.string({ maxLength: 8 }))
const name = fc.oneof(
  fc.constantFrom('R', 'a b', 'é', 'a,b', 'a=b', 'a&b', '__proto__', 'constructor', 'x[y]', '.'),
  fc.string({ minLength: 1, maxLength: 5 }),
)
const VALUES: Record<Kind, fc.Arbitrary<Json>> = {
  primitive: fc.oneof(text, fc.integer(), fc.boolean()),
  array: fc.array(fc.oneof(text, fc.integer()), { minLength: 1, maxLength: 4 }),
  object: fc.dictionary(name, fc.oneof(text, fc.boolean()), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
}

const asText = (value: Json) => (typeof value === 'string' ? value : JSON.stringify(value))

/** A value as a reader without a schema sees it: texts. */
function asRead(value: Json): Read {
  if (Array.isArray(value)) return value.map(asText)
  if (typeof value !== 'object' || value === null) return asText(value)
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asText(each)]))
}

/** Why a value that keeps the schema may still not be sent. Anything else is a fault. */
const REASONS =
  /must not be empty, "\." or "\.\."$|must be printable ASCII text$|must not begin or end with a space$|separates values|must be well-formed Unicode text$|must hold only characters of a cookie value|cannot be the name of a cookie$/

async function arrives(
  t: import('tap').Test,
  echo: Echo,
  described: Described,
  value: Json,
  request: ReturnType<typeof requester>,
  template: string,
) {
  let built: ReturnType<typeof request>
  try {
    built = request(value)
  } catch (error) {
    if (!(error instanceof ProblemResult)) throw error
    t.match(error.problem.message, REASONS)
    return 'refused'
  }
  const read = readParameter(described, template, await echo.send(built))
  t.strictSame(read, asRead(value), built.path)
  return 'sent'
}

const WHERE: [place: string, styles: string[]][] = [
  ['path', ['simple', 'label', 'matrix']],
  ['query', ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject']],
  ['header', ['simple']],
  ['cookie', ['form', 'cookie']],
]

t.test('arguments arrive where the document says, for every style, explode and type', async (t) => {
  const echo = await startEcho()
  t.teardown(echo.close)
  for (const [place, styles] of WHERE) {
    for (const style of styles) {
      for (const explode of [false, true]) {
        for (const kind of ['primitive', 'array', 'object'] as Kind[]) {
          // The specification gives deepObject to objects only; lists and values in it are tested below.
          if (style === 'deepObject' && kind !== 'object') continue
          const template = place === 'path' ? '/a/{v}/b' : '/x'
          const described: Described = { name: 'v', in: place, style, explode, kind }
          const request = requester(template, { ...described, schema: SCHEMAS[kind] })
          await t.test(`${place} ${style} ${explode ? 'exploded ' : ''}${kind}`, async (t) => {
            let sent = 0
            const property = fc.asyncProperty(VALUES[kind], async (value) => {
              if ((await arrives(t, echo, described, value, request, template)) === 'sent') sent++
            })
            await fc.assert(property, { seed: 5, numRuns: NUM_RUNS })
            t.ok(sent > NUM_RUNS / 8, `${sent} of ${NUM_RUNS} values were sent`)
          })
        }
      }
    }
  }
})

const skip = sharedData('corpora') ? false : 'no shared data'

t.test("the specification's table of styles", { skip }, async (t) => {
  const file = sharedData('corpora/openapi-params/oas_style_vectors.json') as string
  const { values, vectors } = JSON.parse(readFileSync(file, 'utf8'))
  const places: Record<string, string> = { simple: 'path', label: 'path', matrix: 'path', cookie: 'cookie' }
  for (const { oas, style, explode, type, serialized } of vectors) {
    const place = places[style] ?? 'query'
    const parameter = { name: 'color', in: place, style, ...(explode !== null && { explode }), schema: {} }
    // "undefined" is a value without content: the empty text. Beside a literal it cannot empty its segment.
    const request = requester(
      place === 'path' ? '/-{color}' : '/x',
      parameter,
    )(type === 'undefined' ? '' : values[type])
    const written =
      place === 'path' ? request.path.slice(2) : place === 'cookie' ? request.headers.cookie : request.path.slice(3)
    t.equal(written, serialized.replace(/^\?/, ''), `${oas} ${style} ${explode} ${type}`)
  }
  t.ok(vectors.length > 90)
})

/** An expression of one variable that a style of OpenAPI can say: `{.list*}`. */
const EXPRESSION = /^([^{}]*)\{([.;?]?)([a-z_]+)(\*?)\}$/
const OPERATORS: Record<string, [place: string, style: string]> = {
  '': ['path', 'simple'],
  '.': ['path', 'label'],
  ';': ['path', 'matrix'],
  '?': ['query', 'form'],
}

t.test('RFC 6570 expansion, where its templates have a style in OpenAPI', { skip }, async (t) => {
  let tried = 0
  for (const name of ['spec-examples.json', 'spec-examples-by-section.json', 'extended-tests.json']) {
    const file = sharedData(`corpora/uritemplate/${name}`) as string
    const groups: Record<string, { variables: JsonObject; testcases: [string, string | string[]][] }> = JSON.parse(
      readFileSync(file, 'utf8'),
    )
    for (const { variables, testcases } of Object.values(groups)) {
      for (const [template, expected] of testcases) {
        const [, literal = '', operator = '', variable = '', star] = EXPRESSION.exec(template) ?? []
        const value = variables[variable]
        const [place, style] = OPERATORS[operator] as [string, string]
        // OpenAPI has no undefined value: an argument is there or not. A "." among values set apart by "." is refused.
        if (variable === '' || value === undefined || value === null) continue
        if (style === 'label' && star === '*' && JSON.stringify(value).includes('"."')) continue
        // Numbers of these variables are written as texts; the order of an object's members is kept.
        const path = place === 'path' ? `/-${literal}{${variable}}` : '/x'
        const request = requester(path, { name: variable, in: place, style, explode: star === '*', schema: {} })(value)
        const written = place === 'path' ? request.path.slice(2) : literal + request.path.slice(2)
        t.ok([expected].flat().includes(written), `${template}: ${written}`)
        tried++
      }
    }
  }
  t.ok(tried > 50, `${tried} templates`)
})

const query = (parameter: object, value: Json) =>
  requester('/x', { name: 'q', in: 'query', schema: {}, ...parameter })(value).path

t.test('nested values and lists in deepObject are written as servers read them', async (t) => {
  const deep = { style: 'deepObject', explode: true }
  t.equal(query(deep, { a: { b: { c: 1 } } }), '/x?q%5Ba%5D%5Bb%5D%5Bc%5D=1')
  t.equal(query(deep, { a: ['x', 'y'] }), '/x?q%5Ba%5D%5B0%5D=x&q%5Ba%5D%5B1%5D=y')
  t.equal(query(deep, { a: null, b: '' }), '/x?q%5Bb%5D=')
  t.equal(query(deep, 3), '/x?q=3')
})

t.test(
  'unset parameters, null, empty lists and empty objects leave nothing behind, unless the document allows an empty value',
  async (t) => {
    for (const value of [null, [], {}, [null], { a: null }] as Json[]) {
      t.equal(query({}, value), '/x')
      t.equal(query({ explode: false }, value), '/x')
      t.equal(query({ allowEmptyValue: true }, value), '/x?q=')
    }
    t.equal(query({}, ''), '/x?q=')
    t.equal(query({}, ['a', null, 'b']), '/x?q=a&q=b')
    t.equal(query({ explode: false }, { a: 1, b: null }), '/x?q=a,1')
  },
)

t.test('reserved characters stay with allowReserved, but for those that split a query', async (t) => {
  const reserved = { allowReserved: true }
  t.equal(query(reserved, ":/?@!$'()*,;=[]"), "/x?q=:/?@!$'()*,;=[]")
  t.equal(query(reserved, 'a&b#c+d%e'), '/x?q=a%26b%23c%2Bd%25e')
  t.equal(query({ ...reserved, explode: false }, ['a,b', 'c']), '/x?q=a%2Cb,c')
})

t.test('a parameter with content travels as its media type says', async (t) => {
  const content = (type: string) => ({ schema: undefined, content: { [type]: { schema: {} } } })
  t.equal(query(content('application/json'), { a: [1] }), '/x?q=%7B%22a%22%3A%5B1%5D%7D')
  t.equal(query(content('application/json'), 'x'), '/x?q=%22x%22')
  t.equal(query(content('text/plain'), 'a b'), '/x?q=a%20b')
  const header = requester('/x', { name: 'X-Filter', in: 'header', ...content('application/json') })
  t.equal(header({ a: 'é"' }).headers['x-filter'], '{"a":"\\u00e9\\""}')
})

t.test('a whole query string is one argument (OpenAPI 3.2)', async (t) => {
  const whole = (type: string) => ({
    name: 'q',
    in: 'querystring',
    schema: undefined,
    content: { [type]: { schema: {} } },
  })
  t.equal(query(whole('application/x-www-form-urlencoded'), { a: ['x', 'y&z'], b: 1 }), '/x?a=x&a=y%26z&b=1')
  t.equal(query(whole('application/json'), { a: 1 }), '/x?%7B%22a%22%3A1%7D')
})
