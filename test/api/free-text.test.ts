import { randomUUID } from 'node:crypto'
import t from 'tap'
import { startService } from '../support/service.ts'

const service = await startService(t)
const { app, call, document, keys } = service

interface Schema {
  type?: string | string[]
  $ref?: string
  properties?: Record<string, Schema>
  items?: Schema
  minLength?: number
  maxLength?: number
  [rule: string]: unknown
}

/** Where a string stands that is held to no form. */
interface Field {
  path: string[]
  minLength: number
  maxLength: number
}

/** Found in the published document, by other code than the one that cleans. */
function freeTexts(schema: Schema, path: string[] = []): Field[] {
  if (schema.$ref)
    return freeTexts(document.components.schemas[schema.$ref.split('/').at(-1) as string] as Schema, path)
  const { type, properties = {}, items, minLength = 0, maxLength = 0 } = schema
  const held = ['pattern', 'format', 'enum', 'const'].some((rule) => schema[rule] !== undefined)
  const own = [type].flat().includes('string') && !held ? [{ path, minLength, maxLength }] : []
  const below = Object.entries(properties).flatMap(([name, each]) => freeTexts(each, [...path, name]))
  return [...own, ...below, ...(items ? freeTexts(items, [...path, '0']) : [])]
}

function put(target: Record<string, unknown>, [name, ...rest]: string[], value: unknown): object {
  const key = name as string
  if (rest.length === 0) return { ...target, [key]: value }
  return { ...target, [key]: put((target[key] ?? {}) as Record<string, unknown>, rest, value) }
}

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => {
    const url = path.replaceAll(/\{(\w+)\}/g, (_, name) =>
      String(operation.parameters?.find((each) => each.name === name)?.example),
    )
    const media = operation.requestBody?.content['application/json']
    const query = (operation.parameters ?? []).filter((each) => each.in === 'query')
    return { method, url, operationId: operation.operationId, media, query }
  }),
)

t.test('every text that is held to no form is cleaned before it is measured', async (t) => {
  const seen: string[] = []
  for (const { method, url, operationId, media, query } of operations) {
    const send = async (inQuery: string, body: object | undefined) => {
      const response = await app.inject({
        method: method as 'POST',
        url: `${url}?${inQuery}`,
        headers: { authorization: `Bearer ${keys.admin}` },
        ...(body && { payload: body }),
      })
      const problem = response.statusCode >= 400 ? response.json() : {}
      return (problem.errors ?? []).map((each: { pointer: string; code: string }) => `${each.pointer} ${each.code}`)
    }
    const inBody = media ? freeTexts(media.schema as Schema) : []
    const inQuery = query.flatMap((each) => freeTexts(each.schema as Schema, [each.name]))
    const sendWith = (field: Field, value: string) =>
      inBody.includes(field)
        ? send('', put((media?.example ?? {}) as Record<string, unknown>, field.path, value))
        : send(`${field.path[0]}=${encodeURIComponent(value)}`, undefined)
    for (const field of [...inBody, ...inQuery]) {
      const pointer = `/${inBody.includes(field) ? 'body' : 'query'}/${field.path.join('/')}`
      const hidden = '\u200B\u202E'
      const long = `a${hidden.repeat(field.maxLength)}`
      t.notOk(
        (await sendWith(field, long)).includes(`${pointer} maxLength`),
        `${operationId} ${pointer} counts what is kept`,
      )
      const tooLong = await sendWith(field, 'a'.repeat(field.maxLength + 1))
      t.ok(tooLong.includes(`${pointer} maxLength`), `${operationId} ${pointer} is bounded`)
      if (field.minLength > 0) {
        const empty = await sendWith(field, hidden)
        t.ok(empty.includes(`${pointer} minLength`), `${operationId} ${pointer} is refused where nothing is left`)
      }
      seen.push(`${operationId} ${pointer}`)
    }
  }
  for (const known of [
    'createOrder /body/note',
    'cancelOrder /body/reason',
    'sendMessage /body/text',
    'createUser /body/profile/fullName',
    'updateProduct /body/description',
    'approve /body/note',
    'listUsers /query/search',
  ]) {
    t.ok(seen.includes(known), known)
  }
})

t.test('what is kept, shown and found is the clean text', async (t) => {
  const items = [{ sku: 'LAMP', quantity: 1 }]
  const note = 'Zoe\u0308\u202E says\r\nhello\u200B \u{E0069}\u{E0067}👩‍🚀 می‌خواهم'
  const { body } = await call('ada', 'POST', '/orders', { items, note })
  t.equal(body.note, 'Zoë says\nhello 👩‍🚀 می‌خواهم')
  const profile = { fullName: 'Zoe\u0308\u2060 Mu\u0308ller' }
  await call('admin', 'POST', '/users', { email: 'zoe@example.com', username: 'Zoe_M', profile })
  for (const search of ['Zoe\u0308 Mü', 'Zoë\u200B Mu\u0308', 'ｚｏｅ＿ｍ', 'ZOE@Example', 'ｚｏｅ@ｅｘａｍｐｌｅ']) {
    const { body: found } = await call('admin', 'GET', `/users?search=${encodeURIComponent(search)}`)
    t.match(found.items, [{ username: 'Zoe_M', profile: { fullName: 'Zoë Müller' } }], search)
  }
  const { body: products } = await call('ada', 'GET', `/products?search=${encodeURIComponent('ＬＡＭＰ')}`)
  t.match(products.items, [{ sku: 'LAMP' }])
})

t.test('identifiers and words of a set are not changed, so hidden characters make them wrong', async (t) => {
  const items = [{ sku: 'LAMP\u200B', quantity: 1 }]
  t.match((await call('ada', 'POST', '/orders', { items })).body.errors, [
    { pointer: '/body/items/0/sku', code: 'pattern' },
  ])
  const status = encodeURIComponent('placed\u200B')
  t.match((await call('ada', 'GET', `/orders?status=${status}`)).body.errors, [
    { pointer: '/query/status', code: 'enum' },
  ])
})

t.test('two spellings that are kept as the same text are the same request', async (t) => {
  const items = [{ sku: 'LAMP', quantity: 1 }]
  const headers = { 'idempotency-key': randomUUID() }
  const first = await call('ada', 'POST', '/orders', { items, note: 'Caf\u00e9' }, headers)
  const again = await call('ada', 'POST', '/orders', { items, note: 'Cafe\u0301\u200B' }, headers)
  t.equal(again.headers['idempotent-replayed'], 'true')
  t.equal(again.body.id, first.body.id)
})

t.test('what a person consents to is the clean text', async (t) => {
  const { body: order } = await call('ada', 'POST', '/orders', { items: [{ sku: 'LAMP', quantity: 3 }] })
  const { body } = await call('support', 'POST', `/orders/${order.id}/refund`, { reason: 'bro\u202Eken' })
  t.match(body, { status: 'pending', request: { body: { reason: 'broken' } } })
})

t.test('numbers and booleans of a query are read from plain notation only', async (t) => {
  for (const limit of ['0x10', '1e1', '010', '+5', ' 5', '5.0', '', '٥', 'Infinity', '5&limit=6']) {
    const { status, body } = await call('ada', 'GET', `/products?limit=${limit}`)
    t.equal(status, 400, `limit=${limit}`)
    t.match(body.errors, [{ pointer: '/query/limit', code: 'type' }], `limit=${limit}`)
  }
  t.match((await call('ada', 'GET', '/products?limit=-1')).body.errors, [{ pointer: '/query/limit', code: 'minimum' }])
  t.equal((await call('ada', 'GET', '/products?limit=2')).body.items.length, 2)
  for (const dryRun of ['1', 'TRUE', 'yes', '']) {
    const { body } = await call('ada', 'POST', `/orders?dryRun=${dryRun}`, { items: [{ sku: 'LAMP', quantity: 1 }] })
    t.match(body.errors, [{ pointer: '/query/dryRun', code: 'type' }], `dryRun=${dryRun}`)
  }
})

t.test('bodies are never coerced, unknown fields are told and never dropped', async (t) => {
  const stock = (await call('admin', 'GET', '/products/LAMP')).body.stock
  const wrong: [object, string][] = [
    [{ items: [{ sku: 'LAMP', quantity: '1' }] }, '/body/items/0/quantity type'],
    [{ items: [{ sku: 'LAMP', quantity: true }] }, '/body/items/0/quantity type'],
    [{ items: { sku: 'LAMP', quantity: 1 } }, '/body/items type'],
    [{ items: [{ sku: 'LAMP', quantity: 1 }], note: 7 }, '/body/note type'],
    [{ items: [{ sku: 'LAMP', quantity: 1 }], note: ['x'] }, '/body/note type'],
    [{ items: [{ sku: 'LAMP', quantity: 1 }], note: null }, '/body/note type'],
    [{ items: [{ sku: 'LAMP', quantity: 1, price: 1 }] }, '/body/items/0/price additionalProperties'],
    [{ items: [{ sku: 'LAMP', quantity: 1 }], isAdmin: true }, '/body/isAdmin additionalProperties'],
  ]
  for (const [body, expected] of wrong) {
    const answer = await call('ada', 'POST', '/orders', body)
    t.equal(answer.status, 400)
    t.equal(`${answer.body.errors[0].pointer} ${answer.body.errors[0].code}`, expected)
  }
  t.equal((await call('admin', 'GET', '/products/LAMP')).body.stock, stock, 'nothing was ordered')
})

t.test('an unknown field is told with the one that was probably meant', async (t) => {
  const told = async (method: string, path: string, body?: object) =>
    (await call('admin', method, path, body)).body.errors.map((each: { message: string }) => each.message)
  const items = [{ sku: 'LAMP', quantity: 1 }]
  t.same(await told('POST', '/orders', { items, notes: 'x' }), ['is not a known field; did you mean note?'])
  t.same(await told('POST', '/orders', { items, user_id: 'x' }), ['is not a known field; did you mean userId?'])
  t.same(await told('POST', '/orders', { items: [{ ...items[0], quantiyt: 2 }] }), [
    'is not a known field; did you mean quantity?',
  ])
  t.same(await told('GET', '/products?serach=lamp'), ['is not a known field; did you mean search?'])
  t.same(await told('GET', '/products?colour=red'), ['is not a known field'], 'nothing is near')
  t.same(await told('GET', `/products?${'x'.repeat(5000)}=1`), ['is not a known field'])
})
