import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { BY_NAME } from '../../src/privacy/mask.ts'
import { ROOT } from '../../src/root.ts'

interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  pattern?: string
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
  enum?: unknown[]
  const?: unknown
  'x-pii'?: string
  'x-untrusted'?: boolean
  [keyword: string]: unknown
}

const document = JSON.parse(readFileSync(join(ROOT, 'openapi', 'v1.json'), 'utf8'))
const schemas: Record<string, Schema> = document.components.schemas

/** The components that answers are made of. */
function answered(): Set<string> {
  const found = new Set<string>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, each] of Object.entries(value)) {
      if (key !== '$ref' || typeof each !== 'string') visit(each)
      else if (each.startsWith('#/components/schemas/')) {
        const name = each.split('/').at(-1) as string
        if (!found.has(name)) {
          found.add(name)
          visit(schemas[name])
        }
      }
    }
  }
  for (const path of Object.values(document.paths) as Record<string, { responses: object }>[]) {
    for (const { responses } of Object.values(path)) visit(responses)
  }
  return found
}

/** Every text that an answer can hold, by its place, and what no schema describes. */
function texts(): Map<string, Schema> {
  const found = new Map<string, Schema>()
  const visit = (schema: Schema, where: string): void => {
    const types = [schema.type ?? []].flat()
    const open = types.includes('object') && !schema.properties
    if (open || (types.includes('string') && !schema.enum && schema.const === undefined)) found.set(where, schema)
    for (const [name, each] of Object.entries(schema.properties ?? {})) visit(each, `${where}.${name}`)
    if (schema.items) visit(schema.items, `${where}[]`)
    for (const each of schema.anyOf ?? []) visit(each, where)
  }
  for (const name of answered()) visit(schemas[name] as Schema, name)
  return found
}

/** By its format or pattern a text can hold nothing but an id, a time, a code or a hash. */
const isClosed = ({ format, pattern }: Schema) =>
  ['uuid', 'date-time', 'date', 'uri'].includes(format ?? '') || (pattern !== undefined && !/\\\+/.test(pattern))

/** Texts that have no pattern and that people do not write: names of the service's own making, ids of others. */
const OWN_WORDS = [
  /^Problem\./,
  /^\w+Page\.nextCursor$/,
  /^CurrentCaller\.(agentId|scopes\[\])$/,
  // An agent's name is held to a pattern where it comes in.
  /\.(by|requestedBy|sentBy)\.agentId$/,
  /^Approval\.(operationId|action|reasons\[\])$/,
  /^Approval\.resource\.(type|id)$/,
  /^DryRun\.(operationId|approval\.reasons\[\])$/,
  /^Message\.event$/,
  // The id of a Slack channel, or the origin of a URL.
  /^Channel(WithSecret)?\.target$/,
  // Shown to their makers, once.
  /^CreatedApiKey\.key$/,
  /^ChannelWithSecret\.secret$/,
  // The trail holds ids, codes and digests: its own tests say so.
  /^(Proven)?AuditEntry\./,
  // What a time zone is, the runtime says.
  /^User\.preferences\.timeZone$/,
]

/** What is marked, by its place: personal by kind, or (`open`) without a schema and masked by names and recognisers. */
const MARKED: Record<string, string> = {
  'User.email': 'email',
  'User.profile.fullName': 'name',
  'User.profile.phone': 'phone',
  'Order.note': 'text',
  'Order.refunds[].reason': 'text',
  'Order.timeline[].reason': 'text',
  'Message.text': 'text',
  'Message.error': 'text',
  'Report.error': 'text',
  'ReportResult.rows[].name': 'text',
  ReportCsv: 'text',
  'ApiKey.name': 'text',
  'CreatedApiKey.name': 'text',
  'Channel.name': 'text',
  'ChannelWithSecret.name': 'text',
  'Approval.note': 'text',
  'Approval.request.path': 'open',
  'Approval.request.query': 'open',
  'Approval.request.body': 'open',
  'Approval.effect.before': 'open',
  'Approval.effect.after': 'open',
  'DryRun.effect.before': 'open',
  'DryRun.effect.after': 'open',
}

/** Written by people, shown to everybody who sees the thing: user names, the catalogue, what a receiver answers. */
const PUBLIC = ['User.username', 'Product.name', 'Product.description', 'Order.items[].name', 'Message.receipt']

t.test('every text of an answer is closed, the service’s own, public, or marked as personal', async (t) => {
  const marked: Record<string, string> = {}
  const unknown: string[] = []
  for (const [where, schema] of texts()) {
    const kind = schema['x-pii'] ?? ([schema.type].flat().includes('string') ? undefined : 'open')
    if (kind) marked[where] = kind
    else if (!PUBLIC.includes(where) && !isClosed(schema) && !OWN_WORDS.some((each) => each.test(where))) {
      unknown.push(where)
    }
  }
  t.same(marked, MARKED)
  t.same(unknown, [], 'each of these is to be marked, or to be judged here')
})

t.test('what people write is marked as untrusted, and nothing else', async (t) => {
  const untrusted = [...texts()].filter(([, schema]) => schema['x-untrusted']).map(([where]) => where)
  t.same(untrusted.sort(), [...Object.keys(MARKED), ...PUBLIC].sort())
})

t.test('no field with a personal name goes unmarked, wherever it is', async (t) => {
  const PERSONAL = /mail|phone|fullName|firstName|lastName|address(?!Digest)|birth|note|reason$|^text$/i
  const visit = (schema: Schema, where: string): void => {
    for (const [name, each] of Object.entries(schema.properties ?? {})) {
      const isText = [each.type].flat().includes('string') && !each.enum
      if (isText && PERSONAL.test(name)) t.ok(each['x-pii'], `${where}.${name}`)
      visit(each, `${where}.${name}`)
    }
    if (schema.items) visit(schema.items, `${where}[]`)
  }
  for (const [name, schema] of Object.entries(schemas)) visit(schema, name)
})

t.test(
  'where no schema describes a value, personal fields are known by the names that the schemas give them',
  async (t) => {
    const names = [...texts()].flatMap(([where, { 'x-pii': kind }]) =>
      kind && kind !== 'text' ? [[where.split('.').at(-1), kind]] : [],
    )
    t.same(Object.fromEntries(names), BY_NAME)
  },
)
