import t from 'tap'
import type { Json } from '../src/json.ts'
import { startEcho } from './fixtures/echo/server.ts'
import { bodyOf, operationOf } from './fixtures/operation.ts'

const string = { type: 'string' }
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })

t.test('explicit null body against an omitted one', async (t) => {
  const schema = { type: ['object', 'null'], properties: { a: string } }
  const { request } = operationOf({ requestBody: { content: { 'application/json': { schema } } } })
  t.equal(request({ body: null }).body, 'null')
  t.equal(request({ body: null }).headers['content-type'], 'application/json')
  t.notOk('body' in request({}))
  t.notOk('content-type' in request({}).headers)
})

t.test('a field named body, and a lone field', async (t) => {
  const { names, request } = operationOf({ requestBody: bodyOf(object({ body: string })) })
  t.same(names, ['body'])
  t.equal(request({ body: 'x' }).body, '{"body":"x"}')
  const lone = operationOf({ requestBody: bodyOf(object({ items: { type: 'array', items: string } })) })
  t.equal(lone.request({ items: ['a'] }).body, '{"items":["a"]}')
})

t.test('allOf without type: plain objects stand flat, others are one argument', async (t) => {
  const Base = object({ id: { type: 'integer', readOnly: true }, name: string }, { required: ['id', 'name'] })
  const flat = operationOf({
    schemas: { Base },
    requestBody: bodyOf({ allOf: [{ $ref: '#/components/schemas/Base' }, { properties: { note: string } }] }),
  })
  t.same(flat.names, ['name', 'note'])
  t.same(flat.published.required, ['name'])
  t.equal(flat.request({ name: 'a', note: 'b' }).body, '{"name":"a","note":"b"}')
  const closed = { allOf: [object({ a: string }, { additionalProperties: false }), object({ b: string })] }
  t.same(operationOf({ requestBody: bodyOf(closed) }).names, ['body'])
  const differs = { allOf: [object({ a: string }), object({ a: { maxLength: 3 } })] }
  t.same(operationOf({ requestBody: bodyOf(differs) }).names, ['body'])
})

t.test('properties:{} dictionaries, array and primitive roots, oneOf and anyOf roots are one argument', async (t) => {
  const cases: [object, Json][] = [
    [{ type: 'object', properties: {}, additionalProperties: { type: 'integer' } }, { a: 1 }],
    [{ type: 'array', items: string }, ['a']],
    [{ type: 'integer' }, 3],
    [{ oneOf: [string, object({ a: string })] }, { a: 'x' }],
    [{ anyOf: [object({ a: string }), object({ b: string })] }, { b: 'x' }],
    [{}, { anything: [null] }],
  ]
  for (const [schema, body] of cases) {
    const { names, request } = operationOf({ requestBody: bodyOf(schema) })
    t.same(names, ['body'])
    t.equal(request({ body }).body, JSON.stringify(body))
  }
})

t.test('an optional body with required fields', async (t) => {
  const { names, published, request, refusal } = operationOf({
    requestBody: { content: { 'application/json': { schema: object({ a: string }, { required: ['a'] }) } } },
  })
  t.same(names, ['body'])
  t.equal(published.required, undefined)
  t.notOk('body' in request({}))
  t.equal(refusal({ body: {} }), '/body/a is required')
})

t.test('$ref bodies: the body, its schema and its fields may all be references', async (t) => {
  const { names, request } = operationOf({
    requestBody: { $ref: '#/components/requestBodies/Thing' },
    requestBodies: { Thing: bodyOf({ $ref: '#/components/schemas/Alias' }) },
    schemas: {
      Alias: { $ref: '#/components/schemas/Thing' },
      Thing: object({ name: { $ref: '#/components/schemas/Name' } }),
      Name: string,
    },
  })
  t.same(names, ['name'])
  t.equal(request({ name: 'a' }).body, '{"name":"a"}')
})

t.test('readOnly fields are not offered and not required, at any depth and behind references', async (t) => {
  const { published } = operationOf({
    schemas: {
      Id: { type: 'integer', readOnly: true },
      Base: object({ id: { $ref: '#/components/schemas/Id' }, at: { allOf: [{ $ref: '#/components/schemas/Id' }] } }),
    },
    requestBody: bodyOf(
      object(
        {
          id: { $ref: '#/components/schemas/Id' },
          part: {
            allOf: [{ $ref: '#/components/schemas/Base' }, { required: ['id', 'at', 'x'], properties: { x: string } }],
          },
          list: {
            type: 'array',
            items: object({ id: { $ref: '#/components/schemas/Id' }, y: string }, { required: ['id'] }),
          },
        },
        { required: ['id', 'part'] },
      ),
    ),
  })
  t.same(published.required, ['part'])
  t.same(published.properties, {
    part: {
      allOf: [
        { type: 'object', properties: {} },
        { required: ['x'], properties: { x: string } },
      ],
    },
    list: { type: 'array', items: { type: 'object', properties: { y: string } } },
  })
})

t.test('several media types: JSON before a form, multipart, text and binary', async (t) => {
  const types = [
    'application/octet-stream',
    'text/plain',
    'multipart/form-data',
    'application/x-www-form-urlencoded',
    'application/vnd.api+json',
  ]
  for (let left = types.length; left > 0; left--) {
    const content = Object.fromEntries(types.slice(0, left).map((type) => [type, { schema: object({ a: string }) }]))
    const { input } = operationOf({ requestBody: { required: true, content } })
    t.equal(input.body?.mediaType, types[left - 1])
  }
  t.equal(operationOf({ requestBody: bodyOf(object({ a: string }), '*/*') }).input.body?.mediaType, 'application/json')
  t.throws(
    () => operationOf({ requestBody: bodyOf({}, 'multipart/mixed') }),
    /request bodies of multipart\/mixed are not supported/,
  )
})

t.test('JSON patch and merge patch keep their media type', async (t) => {
  const patch = operationOf({
    method: 'patch',
    requestBody: bodyOf({ type: 'array', items: object({ op: string, path: string }) }, 'application/json-patch+json'),
  })
  const { headers, body } = patch.request({ body: [{ op: 'remove', path: '/a' }] })
  t.equal(headers['content-type'], 'application/json-patch+json')
  t.equal(body, '[{"op":"remove","path":"/a"}]')
  const merge = operationOf({
    method: 'patch',
    requestBody: bodyOf(object({ a: { type: ['string', 'null'] } }), 'application/merge-patch+json'),
  })
  t.equal(merge.request({ a: null }).body, '{"a":null}')
})

t.test('text, XML and binary bodies', async (t) => {
  const text = operationOf({ requestBody: bodyOf(string, 'text/plain') })
  t.equal(text.request({ body: 'é\n' }).body, 'é\n')
  t.equal(text.refusal({ body: '\ud800' }), '/body must be well-formed Unicode text')
  const xml = operationOf({ requestBody: bodyOf(object({ a: string }), 'application/xml') })
  t.same(xml.published.properties, { body: { type: 'string', description: 'The body as application/xml.' } })
  t.equal(xml.request({ body: '<a/>' }).headers['content-type'], 'application/xml')
  const binary = operationOf({ requestBody: bodyOf({ type: 'string', format: 'binary' }, 'application/octet-stream') })
  t.same(binary.request({ body: { data: 'AAH/' } }).body, Buffer.from([0, 1, 255]))
  t.same(binary.request({ body: { text: 'é' } }).body, Buffer.from('é'))
  const range = operationOf({ requestBody: bodyOf({}, 'image/*') })
  t.equal(range.request({ body: { data: 'AA==', contentType: 'image/png' } }).headers['content-type'], 'image/png')
  t.equal(range.refusal({ body: { data: 'AA==' } }), '/body/contentType must name a type of image/*')
  t.equal(
    range.refusal({ body: { data: 'AA==', contentType: 'text/html' } }),
    '/body/contentType must name a type of image/*',
  )
})

t.test('GET, HEAD and DELETE may have bodies', async (t) => {
  const echo = await startEcho()
  t.teardown(echo.close)
  for (const method of ['get', 'head', 'delete']) {
    const { request } = operationOf({ method, requestBody: bodyOf(object({ a: string })) })
    const wire = await echo.send(request({ a: 'x' }))
    t.equal(wire.method, method.toUpperCase())
    t.equal(String(wire.body), '{"a":"x"}')
  }
})

t.test('a body as the arguments: every keyword of its schema is published, and what fits it is the body', async (t) => {
  const Address = { $anchor: 'address', ...object({ city: { ...string, maxLength: 9 } }) }
  const schema = {
    ...object({ phone: string, email: string, to: { $ref: '#/components/schemas/Address' } }),
    additionalProperties: false,
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { required: ['to'] },
    else: { required: ['phone'] },
  }
  for (const given of [schema, { $ref: '#/components/schemas/Contact' }]) {
    const schemas = { Address, Contact: schema }
    const { names, published, request, refusal } = operationOf({ schemas, requestBody: bodyOf(given) }, {}, true)
    t.same(names, ['phone', 'email', 'to'])
    t.same(published, {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      ...schema,
      properties: { ...schema.properties, to: { $ref: '#/$defs/Address' } },
      $defs: { Address },
    })
    t.equal(request({ email: 'e', to: { city: 'x' } }).body, '{"email":"e","to":{"city":"x"}}')
    t.match(refusal({ email: 'e' }), /phone is required/)
    t.match(refusal({ phone: '1', more: 1 }), /is not known/)
  }
  const refused = (parts: Parameters<typeof operationOf>[0]) => () => operationOf(parts, {}, true)
  const parameter = { name: 'q', in: 'query', schema: string }
  t.throws(
    refused({ requestBody: bodyOf(schema), schemas: { Address }, parameters: [parameter] }),
    /without other arguments/,
  )
  t.throws(refused({ requestBody: bodyOf({ type: 'array', items: string }) }), /type: object/)
  t.throws(refused({}), /is for a JSON body/)
})
