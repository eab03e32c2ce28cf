import t from 'tap'
import { bodyOf, operationOf } from './fixtures/operation.ts'

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
