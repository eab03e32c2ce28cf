import t from 'tap'
import { buildRequest } from '../src/calls/request.ts'
import { readDocument } from '../src/document/read.ts'
import type { JsonObject } from '../src/json.ts'
import { ProblemResult } from '../src/results/problem.ts'
import { buildInput } from '../src/tools/input-schema.ts'
import { bodyOf, operationOf } from './fixtures/operation.ts'

function requester(path: string, parameters: object[], body?: object) {
  const requestBody = body && { required: true, content: { 'application/json': { schema: body } } }
  const operation = { operationId: 'op', parameters, ...(requestBody && { requestBody }) }
  const document = readDocument({ openapi: '3.1.0', paths: { [path]: { post: operation } } }, 'test')
  const op = document.operations.get('op')
  if (!op) throw new Error('no operation')
  const input = buildInput(document.root, op)
  return (args: unknown) => buildRequest(op, input, args as JsonObject)
}

/** The problem that a call ends with. */
function refusal(build: () => unknown) {
  try {
    build()
  } catch (error) {
    if (error instanceof ProblemResult) return error.problem
    throw error
  }
  return undefined
}

const inPath = (name: string) => ({ name, in: 'path', required: true, schema: {} })
const inQuery = (name: string, more: object = {}) => ({ name, in: 'query', schema: {}, ...more })

t.test('a path value cannot leave its segment', async (t) => {
  const request = requester('/users/{id}/keys', [inPath('id')])
  const cases = {
    '../admin': '..%2Fadmin',
    'a/b': 'a%2Fb',
    'a?b#c': 'a%3Fb%23c',
    '%2e%2e': '%252e%252e',
    '\\..\\': '%5C..%5C',
    'é ': '%C3%A9%20',
    '...': '...',
  }
  for (const [value, written] of Object.entries(cases)) t.equal(request({ id: value }).path, `/users/${written}/keys`)
  for (const value of ['.', '..', '']) {
    t.match(
      refusal(() => request({ id: value })),
      { error: 'invalid-arguments', errors: [{ pointer: '/id' }] },
    )
  }
  t.match(
    refusal(() => request({ id: '\ud800' })),
    { error: 'invalid-arguments' },
  )
  t.throws(() => requester('/{a}{b}', [inPath('a'), inPath('b')])({ a: '.', b: '.' }), ProblemResult)
})

t.test('query arrays and objects are written in form style', async (t) => {
  const path = (more: object, value: unknown) => requester('/x', [inQuery('q', more)])({ q: value }).path
  t.equal(path({}, ['a', 'b&c']), '/x?q=a&q=b%26c')
  t.equal(path({ explode: false }, ['a', 'b,c']), '/x?q=a,b%2Cc')
  t.equal(path({}, { a: 1, b: true }), '/x?a=1&b=true')
  t.equal(path({ explode: false }, { a: 1, b: 'x' }), '/x?q=a,1,b,x')
  t.equal(path({ style: 'deepObject', explode: true }, { a: 1 }), '/x?q%5Ba%5D=1')
  t.equal(path({}, 0), '/x?q=0')
  t.equal(path({}, []), '/x')
  t.equal(path({}, null), '/x')
  t.equal(
    requester('/x', [{ name: 'q', in: 'query', content: { 'application/json': { schema: {} } } }])({ q: { a: [1] } })
      .path,
    '/x?q=%7B%22a%22%3A%5B1%5D%7D',
  )
})

t.test('a style that cannot be written is refused when the tools are loaded', async (t) => {
  t.throws(
    () => requester('/x', [inQuery('q', { style: 'matrix' })]),
    /the query parameter "q" cannot have the style "matrix"/,
  )
  t.throws(() => requester('/x/{q}', [{ ...inPath('q'), style: 'deepObject' }]), /the style "deepObject"/)
})

t.test('a header value cannot start another header', async (t) => {
  const request = requester('/x', [{ name: 'If-Match', in: 'header', schema: {} }])
  t.equal(request({ if_match: '"3"' }).headers['if-match'], '"3"')
  t.match(
    refusal(() => request({ if_match: 'a\r\nauthorization: Bearer x' })),
    { errors: [{ pointer: '/if_match' }] },
  )
})

t.test('an argument never becomes a credential, whatever it is called', async (t) => {
  const request = requester('/x', [], { type: 'object', properties: { authorization: {}, cookie: {}, host: {} } })
  const { headers, body } = request({ authorization: 'Bearer x', cookie: 'a=b', host: 'evil' })
  t.same(Object.keys(headers), ['accept', 'content-type'])
  t.same(JSON.parse(String(body)), { authorization: 'Bearer x', cookie: 'a=b', host: 'evil' })
})

t.test('null is sent, a missing field is not, and a required body is sent even when empty', async (t) => {
  const request = requester('/x', [], { type: 'object', properties: { a: {}, b: {} } })
  t.equal(request({ a: null }).body, '{"a":null}')
  t.equal(request({}).body, '{}')
  t.equal(requester('/x', [])({}).body, undefined)
})

t.test('a field called __proto__ is only a field', async (t) => {
  const properties = JSON.parse('{"__proto__":{"type":"object"},"constructor":{}}')
  const request = requester('/x', [], { type: 'object', properties })
  // Its argument has another name: see argument-names.test.ts.
  t.equal(request(JSON.parse('{"__proto__":{"admin":true},"constructor":1}')).body, '{"constructor":1}')
  t.equal(request({}).body, '{}')
  t.notOk(({} as { admin?: boolean }).admin)
})

t.test('a body that is one argument is sent as it is', async (t) => {
  t.equal(requester('/x', [], { type: 'array' })({ body: [1, null] }).body, '[1,null]')
})

const string = { type: 'string' }
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })

t.test('int64 is sent digit by digit when it is given as text, and never when it lost digits', async (t) => {
  const id = { type: 'integer', format: 'int64', minimum: 1 }
  const { published, request, refusal } = operationOf({
    path: '/x/{id}',
    parameters: [{ name: 'id', in: 'path', required: true, schema: id }],
    requestBody: bodyOf(
      object({
        ids: { type: 'array', items: id },
        ref: { anyOf: [id, { type: 'null' }] },
        either: { anyOf: [id, string] },
        n: { type: 'integer' },
        f: { type: 'number' },
      }),
    ),
  })
  t.same(published.properties.id, id, 'it is published as the document has it')
  const { path, body } = request({
    id: '9007199254740993',
    ids: ['9223372036854775807', 2],
    ref: '9007199254740995',
    either: '7',
    n: 5,
    f: 1e300,
  })
  t.equal(path, '/x/9007199254740993')
  t.equal(body, '{"ids":[9223372036854775807,2],"ref":9007199254740995,"either":"7","n":5,"f":1e+300}')
  t.match(refusal({ id: 2 ** 53 }), /^\/id is a number beyond 2\^53.*Give its digits as text$/)
  t.match(refusal({ id: 1, ids: [1, 2 ** 60] }), /^\/ids\/1 is a number beyond 2\^53/)
  t.match(refusal({ id: 1, n: 2 ** 60 }), /^\/n is a number beyond 2\^53.*was meant$/)
  t.equal(refusal({ id: '0' }), '/id must be >= 1')
  t.match(refusal({ id: 'abc' }), /^\/id must match pattern/)
  t.match(refusal({ id: 1, n: '5' }), /^\/n must be integer/)
})

t.test('text for an int64 makes no other alternative fit', async (t) => {
  const wide = { type: 'integer', format: 'int64' }
  const { request } = operationOf({
    schemas: { Wide: object({ id: wide }) },
    requestBody: bodyOf({ oneOf: [{ $ref: '#/components/schemas/Wide' }, object({ id: string })] }),
  })
  t.equal(request({ body: { id: '12' } }).body, '{"id":"12"}')
  t.equal(request({ body: { id: 12 } }).body, '{"id":12}')
})
