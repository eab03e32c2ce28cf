import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { FastifyInstance, InjectOptions } from 'fastify'
import pino, { type LoggerOptions } from 'pino'
import type { Test } from 'tap'
import { createApp, type Services } from '../../api/app.ts'
import type { Document } from '../../api/openapi.ts'
import { LOG_RULES } from '../../api/plugins/log.ts'
import { createSealer, type Sealer } from '../../src/audit/sealer.ts'
import type { Seals } from '../../src/audit/seals.ts'
import type { Action } from '../../src/domain/actions.ts'
import { createApiKeys } from '../../src/identity/api-keys.ts'
import type { Tokens } from '../../src/identity/tokens.ts'
import { createVault } from '../../src/identity/vault.ts'
import { createLimits, type LimitSettings, NO_LIMITS } from '../../src/limits/limits.ts'
import type { SharedCounters } from '../../src/limits/redis.ts'
import { createPolicy } from '../../src/policy/policy.ts'
import { ROOT } from '../../src/root.ts'
import type { AccountStatus, Role } from '../../src/storage/generated/enums.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { createSenders, type DeliverySettings, NOTHING_SET_UP } from '../../src/work/deliveries/deliveries.ts'
import { createQueue } from '../../src/work/queue.ts'
import { type Answer, createContract } from './contract.ts'
import { type DatabaseKind, openTestStorage, quickest } from './database.ts'
import { openTestSeals } from './seals.ts'

const id = (last: number) => `019a0000-0000-7000-8000-00000000000${last}`

/** The people of the tests. */
export const PEOPLE = {
  admin: { id: id(1), role: 'admin', status: 'active' },
  manager: { id: id(2), role: 'manager', status: 'active' },
  support: { id: id(3), role: 'support', status: 'active' },
  ada: { id: id(4), role: 'customer', status: 'active' },
  bob: { id: id(5), role: 'customer', status: 'active' },
  suspended: { id: id(6), role: 'customer', status: 'suspended' },
} as const satisfies Record<string, { id: string; role: Role; status: AccountStatus }>

export type Person = keyof typeof PEOPLE
/** Besides the people: an agent of the support person that may read and cancel, and one of Ada's that may do it all. */
export type Credential = Person | 'agent' | 'adaAgent'

const AGENT_SCOPES: Action[] = ['caller:read', 'user:read', 'product:read', 'order:read', 'order:cancel']
export const UNKNOWN_ID = '019a0000-0000-7000-8000-0000000000ff'

export interface Service {
  app: FastifyInstance
  services: Services
  storage: Storage
  document: Document
  keys: Record<Credential, string>
  /** Links and seals when it is told to. */
  sealer: Sealer
  seals: Seals
  /** The lines that the service logged. */
  log: Record<string, unknown>[]
  /** Sends a request below /api/v1; its answer is held against the published document. */
  call(who: Credential | undefined, method: string, path: string, body?: unknown, headers?: object): Promise<Answer>
  /** Places an order of one lamp. */
  order(who: Credential, sku?: string, quantity?: number): Promise<string>
  /** Asks, as the support person, for a refund that needs consent. */
  approval(): Promise<string>
  /** Makes a customer that nobody else uses. */
  user(): Promise<string>
  /** Makes a webhook outside the team. */
  channel(): Promise<string>
  /** Sends a message to the team, as the support person; no worker takes it. */
  message(channel?: string): Promise<string>
  /** Has such a message be a dead letter. */
  deadLetter(channel?: string): Promise<string>
}

export interface ServiceOptions {
  /** The quickest one where the test does not care; see database.ts. */
  database?: DatabaseKind
  requestsPerMinute?: number
  trustedProxies?: string[]
  keepAnswersMs?: number
  production?: boolean
  /** How messages leave; no Slack and no private receivers unless told otherwise. Nothing is sent by itself. */
  deliveries?: DeliverySettings
  /** Where access tokens are accepted. */
  tokens?: Tokens
  /** Quotas and the like; none that a test meets by chance unless told otherwise. */
  limits?: Partial<LimitSettings>
  /** Where several services count together. */
  counters?: SharedCounters
  /** How much is logged; `info` unless told otherwise. */
  logLevel?: string
  /** Puts another service in the place of a real one, to see what happens when it fails. */
  replace?: (services: Services) => Partial<Services>
}

// What is the same for every service is made once in a file.
const policy = createPolicy(join(ROOT, 'src', 'policy'))
let published: Document | undefined
let contract: ReturnType<typeof createContract> | undefined

/** Starts the service on a database of its own, with people, keys and three products. */
export async function startService(t: Test, options: ServiceOptions = {}): Promise<Service> {
  const database = options.database ?? (await quickest())
  const storage = await openTestStorage(t, database)
  const apiKeys = createApiKeys('a pepper for tests, 32 characters', options.production ?? false)
  const vault = createVault('a secret for tests, 32 characters')
  const seals = await openTestSeals(t)
  const sealer = createSealer(storage, seals, { report: (error) => t.fail('the sealer failed', { error }) })
  const real: Services = {
    channels: createSenders(options.deliveries ?? NOTHING_SET_UP, vault).setup,
    storage,
    apiKeys,
    tokens: options.tokens,
    policy,
    vault,
    queue: createQueue(storage, { report: (error) => t.fail('the queue failed', { error }) }),
    findSeal: seals.find,
    limits: createLimits({ ...NO_LIMITS, ...options.limits }, options.counters),
  }
  if (database === 'postgres') await real.queue.prepare()
  t.teardown(() => real.queue.close())
  const keys = await fill(storage, apiKeys)
  const services = { ...real, ...options.replace?.(real) }
  const log: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log.push(JSON.parse(String(chunk)))
      done()
    },
  })
  const app = await createApp(services, {
    log: pino({ level: options.logLevel ?? 'info', ...LOG_RULES } as LoggerOptions, stream),
    requestsPerMinute: options.requestsPerMinute ?? 1_000_000,
    trustedProxies: options.trustedProxies ?? [],
    keepAnswersMs: options.keepAnswersMs ?? 60_000,
  })
  t.teardown(() => app.close())
  await app.ready()
  published ??= app.swagger() as unknown as Document
  contract ??= createContract(published)
  const document = published
  const { check } = contract

  const call: Service['call'] = async (who, method, path, body, headers = {}) => {
    const url = `/api/v1${path}`
    const given = {
      ...(who && { authorization: `Bearer ${keys[who]}` }),
      ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
      ...headers,
    }
    const request: InjectOptions = {
      method: method as 'GET',
      url,
      // A header given as undefined is one to leave out.
      headers: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      ...(body !== undefined && { payload: body as object }),
    }
    const response = await app.inject(request)
    const answer = {
      method,
      url,
      status: response.statusCode,
      headers: response.headers,
      body: /json/.test(String(response.headers['content-type'])) ? response.json() : response.body || undefined,
    }
    const departures = check(answer)
    if (departures.length > 0) t.fail('an answer departs from the document', { departures, answer })
    return answer
  }
  const message: Service['message'] = async (channel = 'team') =>
    (await call('support', 'POST', '/messages', { channel, text: 'Hello.' })).body.id
  return {
    app,
    services,
    storage,
    document,
    keys,
    sealer,
    seals,
    log,
    call,
    async order(who, sku = 'LAMP', quantity = 1) {
      const { body } = await call(who, 'POST', '/orders', { items: [{ sku, quantity }] })
      return body.id
    },
    async approval() {
      const { body: order } = await call('ada', 'POST', '/orders', { items: [{ sku: 'LAMP', quantity: 3 }] })
      const { body } = await call('support', 'POST', `/orders/${order.id}/refund`, { reason: 'broken' })
      return body.id
    },
    async user() {
      const name = `u${randomUUID().replaceAll('-', '').slice(0, 16)}`
      const profile = { fullName: 'Some Body' }
      return (await call('admin', 'POST', '/users', { email: `${name}@example.com`, username: name, profile })).body.id
    },
    async channel() {
      const id = `c${randomUUID()}`
      const target = 'https://receiver.example.com/hook?key=hidden'
      await call('admin', 'POST', '/channels', { id, kind: 'webhook', name: 'Receiver', team: false, target })
      return id
    },
    message,
    async deadLetter(channel) {
      const id = await message(channel)
      const data = { dead: true, status: 'failed', attempts: 12, nextAttemptAt: null, error: 'It failed.' } as const
      await storage.db.message.update({ where: { id }, data })
      return id
    },
  }
}

async function fill(storage: Storage, apiKeys: Services['apiKeys']): Promise<Record<Credential, string>> {
  const now = new Date()
  const time = { createdAt: now, updatedAt: now }
  await storage.db.user.createMany({
    data: Object.entries(PEOPLE).map(([name, person]) => ({
      ...person,
      ...time,
      username: name,
      usernameKey: name,
      email: `${name}@example.com`,
      fullName: `${name} Tester`,
    })),
  })
  await storage.db.product.createMany({
    data: [
      {
        sku: 'LAMP',
        name: 'Lamp',
        description: 'Gives light.',
        priceAmount: 4995,
        currency: 'EUR',
        stock: 50,
        ...time,
      },
      { sku: 'MUG', name: 'Mug', description: 'Holds tea.', priceAmount: 995, currency: 'EUR', stock: 1, ...time },
      { sku: 'FAN', name: 'Fan', description: 'Moves air.', priceAmount: 3000, currency: 'JPY', stock: 5, ...time },
    ],
  })
  const wanted: [Credential, Person, string | null, string[]][] = [
    ...(Object.keys(PEOPLE) as Person[]).map((name): [Credential, Person, null, string[]] => [name, name, null, ['*']]),
    ['agent', 'support', 'copilot', AGENT_SCOPES],
    ['adaAgent', 'ada', 'shopper', ['*']],
  ]
  const entries: [string, string][] = []
  for (const [credential, person, agentId, scopes] of wanted) {
    const { id: keyId, secretHash, text } = apiKeys.mint()
    const userId = PEOPLE[person].id
    const expiresAt = new Date(now.getTime() + 3_600_000)
    const data = {
      id: keyId,
      secretHash,
      name: credential,
      userId,
      agentId,
      scopes,
      createdBy: userId,
      issuedBy: userId,
      createdAt: now,
      expiresAt,
    }
    await storage.db.apiKey.create({ data })
    entries.push([credential, text])
  }
  return Object.fromEntries(entries) as Record<Credential, string>
}
