import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import t from 'tap'
import { startEdge } from '../support/edge.ts'
import { addReport } from '../support/sales.ts'
import { holds, type Json, type Place, type Sampled, samplesOf, stringsOf, withAt } from '../support/samples.ts'
import { PEOPLE } from '../support/service.ts'

/**
 * Injection: what parsers of other languages would carry out stands in every string field of every operation and tool.
 * It is refused, or it is stored as the text that it is and read back unchanged.
 */
const PAYLOADS = [
  "'; DROP TABLE users; --",
  '" OR 1=1) --',
  `\${7*7}{{7*7}}<%= 7*7 %>#{7*7}`,
  '$(touch /tmp/handrail-was-here)`id`; id | sh && id',
  '<img src=x onerror=alert(1)>',
  '../../../../etc/passwd',
  '=HYPERLINK("http://127.0.0.1/")',
  '%00%0d%0aSet-Cookie: a=b',
  '{"$ne": null}',
  '__proto__',
]

const edge = await startEdge(t)
const { service } = edge
const { storage, keys } = service
await storage.db.product.updateMany({ data: { stock: 100_000 } })

/** Fresh things for the parameters of a path, so that no request is in the way of the next. */
const THINGS: Record<string, () => Promise<string>> = {
  userId: () => service.user(),
  orderId: () => service.order('ada'),
  keyId: async () => (await service.call('ada', 'POST', '/api-keys', { name: 'k', scopes: ['*'] })).body.id,
  approvalId: () => service.approval(),
  channelId: () => service.channel(),
  messageId: () => service.deadLetter(),
  reportId: () => addReport(storage, 'done'),
  entryId: async () => (await service.call('admin', 'GET', '/audit-entries?limit=1')).body.items[0].id,
  sku: async () => 'LAMP',
}
/** What must be new each time. */
const fresh = (body: Json): Json => {
  const tag = randomUUID().replaceAll('-', '').slice(0, 12)
  return {
    ...body,
    ...(body.email && { email: `${tag}@example.com` }),
    ...(body.username && { username: tag }),
    ...(body.kind && { id: tag }),
    ...(body.stock && body.sku && { sku: tag.toUpperCase() }),
  }
}

async function fill(path: string, other: Record<string, string> = {}): Promise<string> {
  let filled = path
  for (const [whole, name = ''] of path.matchAll(/\{([^}]+)\}/g)) {
    if (!THINGS[name]) throw new Error(`There is no sample of ${name}: add one to THINGS`)
    filled = filled.replace(whole, encodeURIComponent(other[name] ?? (await THINGS[name]())))
  }
  return filled
}

/** What has to look like something else is refused by its looks; two of them show that. */
const payloadsFor = ({ pattern, format, enum: words }: Json) =>
  pattern || format || words ? PAYLOADS.slice(0, 2) : PAYLOADS

const operations = samplesOf(service.document)

/** The version that a change of this thing names; everything else is new each time. */
async function versionOf(path: string): Promise<string> {
  return path.includes('{sku}') ? String((await service.call('admin', 'GET', '/products/LAMP')).headers.etag) : '"1"'
}

/** What was made, as its own operation shows it. */
async function readBack({ path }: Sampled, { id }: { id: string }): Promise<unknown> {
  const list = path.split('/')[1] ?? ''
  const one = operations.find((each) => each.method === 'GET' && new RegExp(`^/${list}/\\{[^/]+\\}$`).test(each.path))
  return one && (await service.call('admin', 'GET', `/${list}/${id}`)).body
}

t.test('in a path or a query it finds nothing, and is no wildcard', async (t) => {
  for (const { operationId, method, path, parameters, body } of operations) {
    const wrong: string[] = []
    for (const { name, in: place, schema } of parameters) {
      if (place === 'header' || ![schema.type].flat().includes('string')) continue
      for (const payload of [...payloadsFor(schema), '%', '_', '*', '.*']) {
        const query = `?${name}=${encodeURIComponent(payload)}`
        const url = place === 'path' ? await fill(path, { [name]: payload }) : `${await fill(path)}${query}`
        const headers = method === 'GET' ? {} : { 'if-match': '"1"', 'idempotency-key': randomUUID() }
        const { status, body: answer } = await service.call('admin', method, url, body, headers)
        const right = place === 'path' ? [400, 404].includes(status) : status === 400 || answer.items?.length === 0
        if (!right) wrong.push(`${name} ${payload}: ${status}`)
      }
    }
    t.same(wrong, [], operationId)
  }
})

t.test('in a body it is refused, or kept as it is', async (t) => {
  const kept = new Set<string>()
  for (const operation of operations.filter(({ schema }) => schema)) {
    const wrong: string[] = []
    const strings = new Map(stringsOf(operation.schema).map((each) => [each.place.join('/'), each]))
    for (const [name, { place, schema }] of strings) {
      for (const payload of payloadsFor(schema)) {
        const path = await fill(operation.path)
        const headers = { 'if-match': await versionOf(operation.path), 'idempotency-key': randomUUID() }
        const body = withAt(fresh(operation.body), place as Place, payload)
        const { status, body: answer } = await service.call('admin', operation.method, path, body, headers)
        const where = `${name} ${payload}: ${status} ${answer.error ?? ''}`
        if (status >= 400) {
          if (![400, 422].includes(status)) wrong.push(where)
          continue
        }
        kept.add(`${operation.operationId} ${name}`)
        const read = answer.id ? await readBack(operation, answer) : undefined
        if (!holds(answer, payload) && !holds(read, payload)) wrong.push(`${where} is not read back`)
      }
    }
    t.same(wrong, [], operation.operationId)
  }
  for (const each of ['createOrder note', 'createUser profile/fullName', 'sendMessage text', 'deny note'])
    t.ok(kept.has(each), `${each} takes any text`)
})

t.test('in the arguments of a tool it is refused, or kept as it is', async (t) => {
  const bodies = Object.assign({}, ...operations.map(({ body }) => body))
  // Ids, keys and versions look the same to every tool, and are refused before it matters which one it is.
  const tried = new Set<string>()
  for (const { name, inputSchema } of await edge.tools(keys.admin)) {
    const wrong: string[] = []
    for (const { place, schema } of stringsOf(resolvedIn(inputSchema))) {
      const isFree = payloadsFor(schema) === PAYLOADS
      const seen = `${place.join('/')} ${JSON.stringify(schema)}`
      if (!isFree && tried.has(seen)) continue
      tried.add(seen)
      for (const payload of payloadsFor(schema)) {
        const args: Record<string, unknown> = {}
        for (const argument of inputSchema.required ?? []) {
          args[argument] = THINGS[argument] ? await THINGS[argument]() : bodies[argument]
          if (argument === 'if_match') args[argument] = await versionOf(name === 'update_product' ? '{sku}' : '')
        }
        const { message, text } = await edge.callTool(keys.admin, name, withAt(args, place, payload))
        const { isError, structuredContent } = message.result
        const right = isError
          ? /invalid-arguments|validation-failed|invalid-cursor|unknown-product|-not-found/.test(text)
          : isEmptyList(structuredContent) || holds(structuredContent, payload) || (await isStored(payload))
        if (!right) wrong.push(`${place.join('/')} ${payload}: ${text.slice(0, 300)}`)
      }
    }
    t.same(wrong, [], name)
  }
})

const resolvedIn = (schema: Json) => resolvedFrom(schema, schema)
function resolvedFrom(schema: Json, root: Json): Json {
  if (Array.isArray(schema)) return schema.map((each) => resolvedFrom(each, root))
  if (typeof schema !== 'object' || schema === null) return schema
  if (schema.$ref) return resolvedFrom(root.$defs[schema.$ref.split('/').at(-1)], root)
  return Object.fromEntries(Object.entries(schema).map(([key, each]) => [key, resolvedFrom(each, root)]))
}
const isEmptyList = (content: Json) => Array.isArray(content?.items) && content.items.length === 0
const isStored = async (reason: string) => (await storage.db.orderEvent.count({ where: { reason } })) > 0

t.test('nothing of it was carried out', async (t) => {
  t.notOk(existsSync('/tmp/handrail-was-here'))
  t.equal((await storage.db.user.findUniqueOrThrow({ where: { id: PEOPLE.ada.id } })).role, 'customer')
  t.equal(await storage.db.user.count({ where: { id: { in: Object.values(PEOPLE).map(({ id }) => id) } } }), 6)
  t.equal(({} as Record<string, unknown>).polluted, undefined)
  t.equal((await service.call('ada', 'GET', '/me')).status, 200)
})
