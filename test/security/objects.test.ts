import { randomUUID } from 'node:crypto'
import t from 'tap'
import { startEdge } from '../support/edge.ts'
import { addReport } from '../support/sales.ts'
import { type Parameter, type Sampled, samplesOf, stringsOf, withAt } from '../support/samples.ts'
import { PEOPLE, UNKNOWN_ID } from '../support/service.ts'

/**
 * Object level: what of other people's things Bob, a customer, can read, change or learn of, with a key and with
 * tokens, by every operation of the document and every tool. It asks the same twice: for a thing of Ada's or of the
 * staff, and for one that is nowhere. The answers must not differ, and nothing of hers may change.
 */
const SECRET = 'Leave it with my neighbour Eve.'
const edge = await startEdge(t)
const { service } = edge
const { storage, call } = service
await storage.db.product.update({ where: { sku: 'LAMP' }, data: { stock: 10_000 } })

const { body: order } = await call('ada', 'POST', '/orders', { items: [{ sku: 'LAMP', quantity: 1 }], note: SECRET })
const { body: key } = await call('ada', 'POST', '/api-keys', { name: `Key of ${SECRET}`, scopes: ['order:read'] })
const approval = await service.approval()
const channel = await service.channel()
const letter = await service.deadLetter()
const report = await addReport(storage, 'done')
const { body: trail } = await call('admin', 'GET', '/audit-entries?limit=1')

/** By the name of a parameter or field: a thing that is there and not Bob's, and one that is not there. */
const THINGS: Record<string, [theirs: string, nowhere: string]> = {
  userId: [PEOPLE.ada.id, UNKNOWN_ID],
  orderId: [order.id, UNKNOWN_ID],
  keyId: [key.id, 'k3v9x2m7q1w8e5r4t6y0u3i9'],
  approvalId: [approval, UNKNOWN_ID],
  channelId: [channel, 'no-such-channel'],
  channel: [channel, 'no-such-channel'],
  messageId: [letter, UNKNOWN_ID],
  reportId: [report, UNKNOWN_ID],
  entryId: [trail.items[0].id, UNKNOWN_ID],
  resourceId: [order.id, UNKNOWN_ID],
}
/** Everybody may know these. */
const PUBLIC = new Set(['sku'])
const MARKS = [
  ...new Set(Object.values(THINGS).map(([theirs]) => theirs)),
  SECRET,
  'ada@example.com',
  'ada Tester',
  'receiver.example.com',
]

const operations = samplesOf(service.document)
const credentials: [string, string][] = [
  ['a key', service.keys.bob],
  ['a token', await edge.token('bob', 'api')],
  ['a token of an agent', await edge.token('bob', 'api', { client_id: 'assistant' })],
]

/** What an answer says, without what is new in each one and without the id that was asked for. */
function told(text: string, asked: string): string {
  return text
    .replaceAll(asked, '{asked}')
    .replaceAll(/"(requestId|timestamp|createdAt|updatedAt|expiresAt)":"[^"]*"/g, '"$1":""')
    .replaceAll(/Request id: [\w-]+|\[(end of )?data [\w-]{12}/g, '')
}

async function send(bearer: string, { method }: Sampled, path: string, body?: unknown) {
  const headers = {
    authorization: `Bearer ${bearer}`,
    'if-match': method === 'GET' ? undefined : '"1"',
    'idempotency-key': method === 'GET' ? undefined : randomUUID(),
  }
  const { status, headers: got, body: answer } = await call(undefined, method, path, body, headers)
  const kept = Object.entries(got).filter(([name]) => !/^(date|x-request-id|ratelimit.*)$/.test(name))
  return { status, text: JSON.stringify([status, kept, answer]) }
}

/** All that Bob did not make. */
async function world(): Promise<string> {
  const { db } = storage
  const others = { where: { NOT: { userId: PEOPLE.bob.id } } }
  const rows = await Promise.all([
    db.user.findMany({ where: { NOT: { id: PEOPLE.bob.id } }, orderBy: { id: 'asc' } }),
    db.order.findMany({ ...others, orderBy: { id: 'asc' } }),
    db.orderEvent.findMany({ ...others, orderBy: [{ orderId: 'asc' }, { at: 'asc' }] }),
    db.apiKey.findMany({ ...others, orderBy: { id: 'asc' } }),
    db.approval.findMany({ orderBy: { id: 'asc' } }),
    db.channel.findMany({ orderBy: { id: 'asc' } }),
    db.message.findMany({ ...others, orderBy: { id: 'asc' } }),
    db.report.findMany({ orderBy: { id: 'asc' } }),
    db.refund.count(),
    db.product.findMany({ orderBy: { sku: 'asc' }, select: { sku: true, name: true, priceAmount: true } }),
  ])
  return JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? String(value) : value))
}
const before = await world()

/** The paths of an operation with the things at `index`, and what was put in; the second one tries only. */
function pathsOf({ path, parameters }: Sampled, index: 0 | 1) {
  let asked = ''
  const filled = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    if (PUBLIC.has(name)) return 'LAMP'
    const thing = THINGS[name]
    if (!thing) throw new Error(`There is no sample of ${name}: add one to THINGS`)
    asked = thing[index]
    return asked
  })
  const tries = parameters.some(({ name }: Parameter) => name === 'dryRun')
  return { asked, paths: tries ? [filled, `${filled}?dryRun=true`] : [filled] }
}

t.test('every operation answers for what is somebody else’s as for what is not there', async (t) => {
  for (const operation of operations) {
    const { operationId, path, body } = operation
    const [theirs, nowhere] = [pathsOf(operation, 0), pathsOf(operation, 1)]
    if (theirs.asked === '') continue
    for (const [index, each] of theirs.paths.entries()) {
      for (const [what, bearer] of credentials) {
        const real = await send(bearer, operation, each, body)
        const none = await send(bearer, operation, nowhere.paths[index] as string, body)
        const name = `${operationId} ${path} with ${what}`
        t.ok(real.status === 404 || real.status === 403, `${name} is refused (${real.status})`)
        t.equal(told(real.text, theirs.asked), told(none.text, nowhere.asked), name)
      }
    }
    // That the two can be told apart at all: by whoever may see both.
    const [real, none] = [theirs, nowhere].map(({ paths }) =>
      send(service.keys.admin, operation, paths.at(-1) ?? '', body),
    )
    if (operation.method === 'GET' || theirs.paths.length > 1) {
      t.not((await real)?.status, (await none)?.status, `${operationId} tells an administrator`)
    }
  }
})

t.test('no filter and no field of a body tells whether somebody else’s thing is there', async (t) => {
  for (const operation of operations) {
    const { operationId, parameters, body, schema } = operation
    const { paths } = pathsOf(operation, 1)
    const filters = parameters.filter(({ in: place, name }) => place === 'query' && THINGS[name])
    const fields = schema ? stringsOf(schema).filter(({ place }) => THINGS[String(place.at(-1))]) : []
    for (const [what, bearer] of credentials) {
      for (const { name } of filters) {
        const [theirs, nowhere] = THINGS[name] as [string, string]
        const real = await send(bearer, operation, `${paths[0]}?${name}=${theirs}`)
        const none = await send(bearer, operation, `${paths[0]}?${name}=${nowhere}`)
        t.equal(told(real.text, theirs), told(none.text, nowhere), `${operationId}?${name} with ${what}`)
      }
      for (const { place } of fields) {
        const [theirs, nowhere] = THINGS[String(place.at(-1))] as [string, string]
        const real = await send(bearer, operation, paths[0] as string, withAt(body, place, theirs))
        const none = await send(bearer, operation, paths[0] as string, withAt(body, place, nowhere))
        t.ok(real.status >= 400, `${operationId} ${place.join('/')} is refused (${real.status})`)
        t.equal(told(real.text, theirs), told(none.text, nowhere), `${operationId} ${place.join('/')} with ${what}`)
      }
    }
  }
})

t.test('what Bob may list or make shows nothing of anybody else', async (t) => {
  const seen: string[] = []
  for (const operation of operations.filter(({ path }) => !/\{(?!sku)/.test(path))) {
    const { paths } = pathsOf(operation, 1)
    for (const [what, bearer] of credentials) {
      const { status, text } = await send(bearer, operation, paths[0] as string, operation.body)
      if (status < 300) seen.push(operation.operationId)
      const leaked = MARKS.filter((mark) => text.includes(mark))
      t.same(leaked, [], `${operation.operationId} with ${what}`)
    }
  }
  t.ok(new Set(seen).size >= 6, `he may do a few things: ${[...new Set(seen)]}`)
})

t.test('every tool answers for what is somebody else’s as for what is not there', async (t) => {
  const tools = await edge.tools(service.keys.admin)
  const bodies = Object.assign({}, ...operations.map(({ body }) => body))
  const given: Record<string, unknown> = { ...bodies, sku: 'LAMP', limit: 10, if_match: '"1"', about: undefined }
  const shown = new Set((await edge.tools(service.keys.bob)).map(({ name }) => name))
  const callers = [service.keys.bob, await edge.token('bob', 'mcp'), await edge.token('bob', 'mcp', { client_id: 'a' })]
  for (const { name, inputSchema } of tools) {
    const { properties, required = [] } = inputSchema
    const named = Object.keys(properties).filter((argument) => THINGS[argument])
    const base: Record<string, unknown> = {}
    for (const argument of required) {
      if (THINGS[argument] || given[argument] !== undefined) base[argument] = THINGS[argument]?.[1] ?? given[argument]
      else t.fail(`There is no sample of ${argument} of ${name}`)
    }
    for (const bearer of callers) {
      for (const argument of named) {
        const [theirs, nowhere] = THINGS[argument] as [string, string]
        const say = async (id: string) => {
          const { status, text } = await edge.callTool(bearer, name, { ...base, [argument]: id })
          return told(`${status} ${text}`.replaceAll('\\"', '"'), id).replaceAll(
            /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
            '',
          )
        }
        t.equal(await say(theirs), await say(nowhere), `${name} ${argument}`)
      }
      const { text, message } = await edge.callTool(bearer, name, base)
      if (bearer === service.keys.bob && !shown.has(name)) t.equal(message.error?.code, -32602, `${name} is not there`)
      t.same(
        MARKS.filter((mark) => text.includes(mark)),
        [],
        `${name} shows nothing of others`,
      )
    }
  }
  const own = await edge.callTool(service.keys.ada, 'get_order_by_id', { orderId: order.id })
  t.match(own.message.result.structuredContent, { id: order.id }, 'whose it is reads it')
})

t.test('after all of that everything of others is as it was', async (t) => {
  t.equal(await world(), before)
})
