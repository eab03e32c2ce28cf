import t from 'tap'
import type { JsonObject } from '../src/json.ts'
import { accepts, answering, answerOf, openapi, read, taking, toolOf } from './fixtures/documents.ts'

const normalised = (schema: object, version = '3.0.3') => answerOf(read(openapi(answering(schema), {}, version)))

t.test('nullable 3.0 and 3.1: null becomes a type, a value or an alternative', async (t) => {
  for (const version of ['3.0.0', '3.0.4', '3.1.0', '3.2.0']) {
    t.same(normalised({ type: 'string', nullable: true }, version), { type: ['string', 'null'] }, version)
    t.same(normalised({ type: 'string', nullable: false }, version), { type: 'string' })
    t.same(normalised({ type: 'string', enum: ['a'], nullable: true }, version), {
      type: ['string', 'null'],
      enum: ['a', null],
    })
    t.same(normalised({ allOf: [{ type: 'object' }], nullable: true, description: 'D' }, version), {
      description: 'D',
      anyOf: [{ allOf: [{ type: 'object' }] }, { type: 'null' }],
    })
    t.same(normalised({ type: 'object', oneOf: [{}], nullable: true }, version), {
      anyOf: [{ type: 'object', oneOf: [{}] }, { type: 'null' }],
    })
    // Without a type any value is allowed already (OpenAPI 3.0.4, section 4.7.24).
    t.same(normalised({ nullable: true, properties: { a: { nullable: true, type: 'integer' } } }, version), {
      properties: { a: { type: ['integer', 'null'] } },
    })
  }
  t.same(normalised({ type: ['array', 'null'] }, '3.1.0'), { type: ['array', 'null'], items: {} })
})

t.test('nullable beside $ref allows null, in calls as in answers', async (t) => {
  const schema = { type: 'object', properties: { a: { $ref: '#/components/schemas/A', nullable: true } } }
  const document = read(openapi(taking(schema), { schemas: { A: { type: 'string', enum: ['x'] } } }, '3.0.3'))
  const tool = toolOf(document, 'postA')
  t.same(
    [{ a: 'x' }, { a: null }, { a: 'y' }, {}].map((args) => accepts(tool, args)),
    [true, true, false, true],
  )
})

t.test('limits of draft 4 become those of 2020-12', async (t) => {
  t.same(normalised({ type: 'integer', minimum: 1, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false }), {
    type: 'integer',
    exclusiveMinimum: 1,
    maximum: 9,
  })
  t.same(normalised({ type: 'integer', exclusiveMaximum: true }), { type: 'integer' })
  t.same(normalised({ type: 'integer', exclusiveMinimum: 0 }, '3.1.0'), { type: 'integer', exclusiveMinimum: 0 })
  t.same(normalised({ type: 'array', items: [{ type: 'string' }], additionalItems: false }), {
    type: 'array',
    prefixItems: [{ type: 'string' }],
    items: false,
  })
})

t.test('arrays without items get items that say nothing; ["array","null"] too', async (t) => {
  t.same(normalised({ type: 'array' }), { type: 'array', items: {} })
  t.same(normalised({ type: 'array', nullable: true }), { type: ['array', 'null'], items: {} })
  t.same(normalised({ type: ['array', 'null'], prefixItems: [{}] }, '3.1.0'), {
    type: ['array', 'null'],
    prefixItems: [{}],
  })
  const tool = toolOf(
    read(openapi(taking({ type: 'object', properties: { a: { type: ['array', 'null'] } } }))),
    'postA',
  )
  t.same(
    [{ a: [1] }, { a: null }, { a: {} }].map((args) => accepts(tool, args)),
    [true, true, false],
  )
})

t.test('types that no specification has are read as what their writers meant', async (t) => {
  t.same(normalised({ type: 'any' }), {})
  t.same(normalised({ type: [] }, '3.1.0'), {})
  t.same(normalised({ type: 'file' }), { type: 'string', format: 'binary' })
  t.same(normalised({ type: 'long', required: true }), { type: 'integer' })
})

t.test('what stands beside a $ref is ignored in 3.0, and heeded in 3.1', async (t) => {
  const schemas = { A: { type: 'object', properties: { a: { type: 'string' } } } }
  const beside = { $ref: '#/components/schemas/A', required: ['a'], description: 'D' }
  const at = (version: string) => answerOf(read(openapi(answering(beside), { schemas }, version)))
  t.same(at('3.0.3'), { $ref: '#/components/schemas/A', description: 'D' })
  t.same(at('3.1.0'), beside)
})

t.test('values are not schemas: examples, defaults, enums and extensions stay as they are', async (t) => {
  const data = { type: 'string', nullable: true, exclusiveMinimum: true, $ref: '#/x' }
  const schema = {
    type: 'object',
    default: data,
    example: data,
    enum: [data],
    'x-note': data,
    properties: { nullable: { type: 'boolean' }, default: { type: 'string', nullable: true }, type: { enum: [data] } },
  }
  t.same(normalised(schema), {
    ...schema,
    properties: { ...schema.properties, default: { type: ['string', 'null'] } },
  })
})

t.test('a schema that stands in several places is changed once', async (t) => {
  const shared = { type: 'integer', nullable: true, minimum: 1, exclusiveMinimum: true }
  const parsed: JsonObject = {
    openapi: '3.0.3',
    paths: answering({ type: 'object', properties: { a: shared, b: shared } }) as unknown as JsonObject,
  }
  const wanted = { type: ['integer', 'null'], exclusiveMinimum: 1 }
  t.match(answerOf(read(parsed)), { properties: { a: wanted, b: wanted } })
})

t.test('readOnly and writeOnly: one is never sent, the other never received', async (t) => {
  const schema = {
    type: 'object',
    required: ['id', 'secret'],
    properties: {
      id: { type: 'string', readOnly: true },
      secret: { type: 'string', writeOnly: true },
      when: { readOnly: true, nullable: true, allOf: [{ type: 'string' }] },
    },
  }
  for (const version of ['3.0.3', '3.1.0']) {
    const sent = toolOf(read(openapi(taking(schema), {}, version)), 'postA').published.inputSchema
    t.same([Object.keys(sent.properties as object), sent.required], [['secret'], ['secret']], version)
    const got = toolOf(read(openapi(answering(schema), {}, version)), 'getA').published.outputSchema as JsonObject
    t.same(Object.keys(got.properties as object), ['id', 'when'], version)
  }
})

t.test('OpenAPI 3.2: references to media types are followed, other methods are told', async (t) => {
  const document = read(
    openapi(
      {
        '/a': {
          get: {
            operationId: 'getA',
            responses: { 200: { content: { 'application/json': { $ref: '#/components/mediaTypes/M' } } } },
          },
          query: { operationId: 'q', responses: {} },
          additionalOperations: { COPY: { responses: {} } },
        },
      },
      { mediaTypes: { M: { schema: { type: 'string', nullable: true } } } },
      '3.2.0',
    ),
  )
  t.same(answerOf(document), { type: ['string', 'null'] })
  t.match(document.leftOut, [{ operation: 'QUERY /a' }, { operation: 'COPY /a', reason: /COPY is not offered/ }])
  t.match(document.root.openapi, /^3\.1/)
})

t.test('\u0024{} in descriptions is text: nothing is ever interpolated', async (t) => {
  process.env.HANDRAIL_TEST_SECRET = 'must-not-show'
  const text = '\u0024{process.env.HANDRAIL_TEST_SECRET} {{HANDRAIL_TEST_SECRET}} $HANDRAIL_TEST_SECRET `id` %s'
  const schema = { type: 'object', properties: { a: { type: 'string', description: text } } }
  const tool = toolOf(
    read(openapi({ '/a': { post: { ...taking(schema)['/a'].post, description: text, summary: text } } })),
    'postA',
  )
  delete process.env.HANDRAIL_TEST_SECRET
  t.equal(tool.published.description, text)
  t.equal(tool.published.title, text)
  t.match(tool.published.inputSchema, { properties: { a: { description: text } } })
  t.notMatch(JSON.stringify(tool.published), 'must-not-show')
})
