import t from 'tap'
import { compile } from '../src/checks/validation.ts'
import type { JsonObject } from '../src/json.ts'
import { loadTools } from '../src/tools/catalog.ts'
import { connect } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { answerOf, mapped, toolFor } from './fixtures/mapped.ts'
import { startOne, writeOperation } from './fixtures/one-operation.ts'
import { fenced } from './support.ts'

const schemas = {
  Order: {
    type: 'object',
    required: ['id', 'customer', 'items'],
    properties: {
      id: { type: 'string' },
      secret: { type: 'string' },
      customer: { $ref: '#/components/schemas/Customer' },
      items: { type: 'array', items: { anyOf: [{ $ref: '#/components/schemas/Item' }, { type: 'null' }] } },
      parent: { $ref: '#/components/schemas/Order' },
    },
  },
  Customer: {
    allOf: [
      { type: 'object', required: ['name'], properties: { name: { type: 'string' }, email: { type: 'string' } } },
      { type: 'object', properties: { age: { type: 'integer' } } },
    ],
  },
  Item: {
    type: 'object',
    required: ['sku', 'price'],
    properties: { sku: { type: 'string' }, price: { type: 'number' } },
  },
}
const order = {
  id: 'o1',
  secret: 's',
  customer: { name: 'Ada', email: 'ada@example.org', age: 36 },
  items: [{ sku: 'A', price: 1 }, null],
  parent: { id: 'o0', secret: 't', customer: { name: 'B' }, items: [] },
}
const schema = { $ref: '#/components/schemas/Order' }

t.test('select keeps the fields that it names, in results and in outputSchema alike', async (t) => {
  const select = ['id', 'customer.name', 'items[].sku', 'parent.customer']
  const tool = toolFor({ schema, schemas, curated: { select }, results: { strict: true } })
  const { result, drift } = mapped(tool, answerOf(order))
  const kept = { id: 'o1', customer: { name: 'Ada' }, items: [{ sku: 'A' }, null], parent: { customer: { name: 'B' } } }
  t.same(result.structuredContent, kept)
  t.equal(drift, '')
  const published = tool.published.outputSchema as JsonObject
  t.same(Object.keys(published.properties as JsonObject), ['id', 'customer', 'items', 'parent'])
  t.notMatch(JSON.stringify(published), /secret|price/)
  t.same(published.required, ['id', 'customer', 'items'])
  t.same(compile(published)(kept), [])
})

t.test('select goes through lists at the root, and spares answers without content', async (t) => {
  const responses = {
    '200': { content: { 'application/json': { schema: { type: 'array', items: schema } } } },
    '204': { description: 'None' },
  }
  const tool = toolFor({ responses, schemas, curated: { select: ['[].id'] } })
  t.same(mapped(tool, answerOf([order, order])).result.structuredContent, { result: [{ id: 'o1' }, { id: 'o1' }] })
  t.same(mapped(tool, answerOf('', { status: 204, headers: { 'content-type': '' } })).result.structuredContent, {
    status: 204,
  })
})

t.test('redact hides texts and leaves the rest out, in results, in the schema, and in errors', async (t) => {
  const redact = ['customer.email', 'customer.age', 'items[].price', 'secret']
  const tool = toolFor({ schema, schemas, curated: { redact }, results: { strict: true } })
  const { result, texts, drift } = mapped(tool, answerOf(order))
  t.match(result.structuredContent, { secret: '[redacted]', customer: { name: 'Ada', email: '[redacted]' } })
  t.notMatch(texts.join(), /ada@example|"age"|"price"/)
  t.equal(drift, '')
  t.same(compile(tool.published.outputSchema as JsonObject)(result.structuredContent), [])
  const refused = mapped(
    tool,
    answerOf({ message: 'no', sent: [{ email: 'ada@example.org', age: 3 }] }, { status: 422 }),
  )
  t.match(refused.result.structuredContent, { message: 'no', sent: [{ email: '[redacted]' }] })
  t.notMatch(JSON.stringify(refused.result), /ada@example|"age"/)
})

t.test('a field that the answer does not have is an error at the start, with the nearest name', async (t) => {
  const shape = { type: 'object', properties: { id: {}, customer: { type: 'object', properties: { name: {} } } } }
  const wrong = (tool: object) =>
    loadTools({ configFile: writeOperation(t, { schema: shape, tool }), apiUrl: 'http://127.0.0.1:9' })
  await t.rejects(wrong({ select: ['id', 'customer.nmae'] }), {
    message: /tools\.yaml:1:\d+: "customer\.nmae": the answer has no field "nmae" there\. Did you mean "name"\?/,
  })
  await t.rejects(wrong({ redact: ['custmer'] }), { message: /no field "custmer" there\. Did you mean "customer"\?/ })
  await t.resolves(wrong({ select: ['customer.name'] }))
  const open = { type: 'object', properties: { any: {}, map: { type: 'object', additionalProperties: {} } } }
  await t.resolves(
    loadTools({
      configFile: writeOperation(t, { schema: open, tool: { select: ['any.x', 'map.y'] } }),
      apiUrl: 'http://127.0.0.1:9',
    }),
  )
})

t.test('every client takes what is selected and hidden', async (t) => {
  const { adapter } = await startOne(t, {
    schema,
    schemas,
    tool: { select: ['id', 'secret'], redact: ['secret'] },
    reply: () => ({ body: order }),
  })
  for (const flavour of FLAVOURS) {
    const client = await connect(t, adapter.url, flavour)
    await client.list()
    const result = await client.call('ask')
    t.same(result.structuredContent, { id: 'o1', secret: '[redacted]' })
    t.same(fenced(result.content[0]?.text), result.structuredContent)
    const [whole] = await client.read('handrail://tools/ask/e30')
    t.same(JSON.parse(whole?.text ?? ''), result.structuredContent, 'also when it is read as a resource')
  }
})

t.test('what is kept of a long answer has no more than was shown of it', async (t) => {
  const tool = toolFor({ method: 'post', schema, schemas, curated: { redact: ['secret'], budget: 50 } })
  const kept: string[] = []
  const keep = ({ body }: { body: Buffer }) => {
    kept.push(body.toString())
    return 'handrail://kept/x'
  }
  const { result } = mapped(tool, answerOf({ id: 'o1'.repeat(900), secret: 'hunter2' }), { keep })
  t.match(result.content.at(-1), { type: 'resource_link', uri: 'handrail://kept/x' })
  t.match(JSON.parse(kept[0] ?? ''), { secret: '[redacted]' })
  t.notMatch(kept.join(), /hunter2/)
})

t.test('an answer whose fields cannot be told apart is not shown where some are hidden', async (t) => {
  const responses = { '200': { content: { 'application/json': { schema: {} }, 'text/plain': {} } } }
  const secret = '{"secret":"hunter2"}'
  for (const output of ['resource', undefined] as const) {
    for (const whole of [true, false]) {
      for (const type of ['text/plain', 'text/json', 'application/octet-stream', 'image/png', 'text/html']) {
        for (const described of [{ responses }, { schema: {} }]) {
          const tool = toolFor({ ...described, curated: { redact: ['secret'], ...(output && { output }) } })
          const { result } = mapped(tool, answerOf(secret, { headers: { 'content-type': type } }), { whole })
          t.match(result, { isError: true, structuredContent: { error: 'unexpected-response' } })
          t.notMatch(JSON.stringify(result), /hunter2|aHVudGVy|handrail:/, `${type} ${whole}`)
        }
      }
    }
  }
  const tool = toolFor({ responses, curated: { redact: ['secret'] } })
  const refused = mapped(tool, answerOf(secret, { status: 400, headers: { 'content-type': 'text/plain' } }))
  t.match(refused.result.structuredContent, { error: 'http-400', body: null })
  t.notMatch(JSON.stringify(refused.result), /hunter2/)
})

t.test('definitions that each use the next one twice are refused, not written out', async (t) => {
  const twice: Record<string, object> = { D40: { type: 'object', properties: { id: {}, secret: { type: 'string' } } } }
  for (let i = 0; i < 40; i++) {
    const next = { $ref: `#/components/schemas/D${i + 1}` }
    twice[`D${i}`] = { anyOf: [next, next] }
  }
  const described = { schema: { $ref: '#/components/schemas/D0' }, schemas: twice }
  for (const curated of [{ select: ['id'] }, { redact: ['secret'] }])
    t.throws(() => toolFor({ ...described, curated }), { message: /too many schemas for "select" or "redact"/ })
})
