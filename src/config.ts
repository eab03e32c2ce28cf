import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { type IssuerSettings, readIssuers } from './identity/issuers.ts'
import { SHORTEST_SECRET } from './identity/secrets.ts'
import { ROOT } from './root.ts'

export interface Config {
  production: boolean
  host: string
  port: number
  mcpHost: string
  mcpPort: number
  dataDir: string
  /** Where the seals of the audit trail go: outside the database, one folder a replica. */
  sealsDir: string
  databaseUrl: string | undefined
  /** Names and origins under which the MCP endpoint may be reached, besides loopback. */
  mcpAllowedHosts: string[]
  mcpAllowedOrigins: string[]
  /** Requests that one address may send in a minute. */
  requestsPerMinute: number
  /** Addresses and networks of proxies whose X-Forwarded-For tells the address of the caller. */
  trustedProxies: string[]
  /** Keys the HMAC under which API keys are stored; made and kept in the data folder when not set. */
  keySecret: string | undefined
  /** How long the answer to a request is kept for whoever repeats it, in milliseconds. */
  keepAnswersMs: number
  /** A bot token, or an incoming webhook where there is none; without both there are no Slack channels. */
  slack: { botToken: string | undefined; webhookUrl: string | undefined; apiUrl: string }
  /** `host` or `host:port` of webhook receivers that may be private, or without TLS. */
  webhookHosts: string[]
  /** Whose access tokens are accepted, and the API's own address, which they have to be for. */
  oauth: { publicUrl: string; issuers: IssuerSettings[] } | undefined
  logLevel: string
  /** Whether to seed the demo data and keys into an empty database. */
  demo: boolean
}

/** The settings are incomplete or wrong; the message names each one. */
export class ConfigError extends Error {}

/** The MCP adapter runs here and passes its callers' addresses on. */
const LOOPBACK = ['127.0.0.1', '::1']
const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/**
 * Reads the environment once; nothing else in the service looks at it.
 * @throws ConfigError naming every setting that is missing or wrong
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const problems: string[] = []
  const text = (name: string) => env[name]?.trim() || undefined

  function whole(name: string, fallback: number, least: number, most: number): number {
    const value = text(name)
    if (value === undefined) return fallback
    if (/^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value)
    problems.push(`${name} must be a whole number from ${least} to ${most}, but is "${value}"`)
    return fallback
  }
  /** A number and a unit: 90s, 30m, 24h, 7d. */
  function duration(name: string, fallback: string): number {
    const read = (value: string) => {
      const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? []
      return Number(count ?? 0) * (UNITS[unit ?? ''] ?? 0)
    }
    const value = text(name) ?? fallback
    if (read(value) > 0) return read(value)
    problems.push(`${name} must be a number and a unit (s, m, h, d), such as ${fallback}, but is "${value}"`)
    return read(fallback)
  }
  const port = (name: string, fallback: number) => whole(name, fallback, 0, 65_535)
  const list = (name: string) => (text(name) ?? '').split(',').flatMap((each) => each.trim() || [])

  function choice(name: string, choices: string[], fallback: string): string {
    const value = text(name) ?? fallback
    if (!choices.includes(value)) problems.push(`${name} must be one of ${choices.join(', ')}, but is "${value}"`)
    return value
  }

  const production = text('NODE_ENV') === 'production'
  const dataDir = text('HANDRAIL_DATA_DIR')
  const databaseUrl = text('DATABASE_URL')
  const keySecret = text('HANDRAIL_KEY_SECRET')
  const trustedProxies = [...LOOPBACK, ...list('HANDRAIL_TRUSTED_PROXIES')]
  for (const proxy of trustedProxies) {
    if (!isNetwork(proxy)) problems.push(`HANDRAIL_TRUSTED_PROXIES must list addresses or networks, but has "${proxy}"`)
  }
  const wantsDemo = choice('HANDRAIL_DEMO', ['true', 'false'], 'true') === 'true'
  if (databaseUrl !== undefined && !isPostgresUrl(databaseUrl)) {
    problems.push('DATABASE_URL must be a URL that starts with postgres:// or postgresql://')
  }
  if (keySecret !== undefined && keySecret.length < SHORTEST_SECRET) {
    problems.push(`HANDRAIL_KEY_SECRET must have at least ${SHORTEST_SECRET} characters`)
  }
  const slack = {
    botToken: text('SLACK_BOT_TOKEN'),
    webhookUrl: text('SLACK_WEBHOOK_URL'),
    apiUrl: (text('SLACK_API_URL') ?? 'https://slack.com/api').replace(/\/+$/, ''),
  }
  if (slack.botToken !== undefined && !/^[\w.-]+$/.test(slack.botToken)) {
    problems.push('SLACK_BOT_TOKEN must be a token as Slack shows it, such as xoxb-...')
  }
  for (const [name, url] of [
    ['SLACK_WEBHOOK_URL', slack.webhookUrl],
    ['SLACK_API_URL', slack.apiUrl],
  ] as const) {
    if (url !== undefined && !isHttpUrl(url))
      problems.push(`${name} must be a URL that starts with https:// or http://`)
  }
  const webhookHosts = list('HANDRAIL_WEBHOOK_HOSTS')
  for (const host of webhookHosts) {
    if (isHost(host)) continue
    problems.push(`HANDRAIL_WEBHOOK_HOSTS must list hosts, or hosts with a port, but has "${host}"`)
  }
  const oauth = readOauth(text('HANDRAIL_OAUTH_ISSUERS'), text('HANDRAIL_PUBLIC_URL'), port('PORT', 3000), problems)
  if (production) {
    if (oauth && text('HANDRAIL_PUBLIC_URL') === undefined) {
      problems.push('HANDRAIL_PUBLIC_URL is missing: the address that access tokens have to be for')
    }
    if (databaseUrl === undefined && dataDir === undefined) {
      problems.push('DATABASE_URL is missing (or HANDRAIL_DATA_DIR, to use the embedded database in production)')
    }
    if (keySecret === undefined) {
      problems.push('HANDRAIL_KEY_SECRET is missing: a random secret, such as `openssl rand -base64 32` prints')
    }
  }
  const folder = dataDir === undefined ? join(ROOT, '.data') : resolve(dataDir)
  const config: Config = {
    production,
    host: text('HOST') ?? '127.0.0.1',
    port: port('PORT', 3000),
    mcpHost: text('MCP_HOST') ?? '127.0.0.1',
    mcpPort: port('MCP_PORT', 3001),
    dataDir: folder,
    sealsDir: resolve(text('HANDRAIL_SEALS_DIR') ?? join(folder, 'seals')),
    databaseUrl,
    mcpAllowedHosts: list('MCP_ALLOWED_HOSTS'),
    mcpAllowedOrigins: list('MCP_ALLOWED_ORIGINS'),
    requestsPerMinute: whole('HANDRAIL_REQUESTS_PER_MINUTE', 6000, 1, 999_999_999),
    trustedProxies,
    keySecret,
    keepAnswersMs: duration('HANDRAIL_IDEMPOTENCY_TTL', '24h'),
    slack,
    webhookHosts,
    oauth,
    logLevel: choice('LOG_LEVEL', LOG_LEVELS, 'info'),
    demo: wantsDemo && !production,
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return config
}

/** Tokens are for one address, so it has to be known: on this machine it follows from the port. */
function readOauth(setting: string | undefined, given: string | undefined, port: number, problems: string[]) {
  if (given !== undefined && !isOrigin(given)) {
    problems.push('HANDRAIL_PUBLIC_URL must be the address of the API without a path, such as https://api.example.com')
  }
  if (setting === undefined) return undefined
  const { issuers, problems: wrong } = readIssuers(setting)
  problems.push(...wrong.map((each) => `HANDRAIL_OAUTH_ISSUERS ${each}`))
  if (given === undefined && port === 0) problems.push('HANDRAIL_PUBLIC_URL is missing: tokens are for one address')
  return { publicUrl: new URL(given && isOrigin(given) ? given : `http://127.0.0.1:${port}`).origin, issuers }
}

/** An IP address, or one with a prefix length (CIDR). */
function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const bits = isIP(address) === 4 ? 32 : 128
  return (
    rest.length === 0 && isIP(address) > 0 && (prefix === undefined || (/^\d+$/.test(prefix) && Number(prefix) <= bits))
  )
}

function isPostgresUrl(text: string): boolean {
  try {
    return ['postgres:', 'postgresql:'].includes(new URL(text).protocol)
  } catch {
    return false
  }
}

const isHttpUrl = (text: string) => URL.canParse(text) && ['https:', 'http:'].includes(new URL(text).protocol)

const isOrigin = (text: string) => isHttpUrl(text) && [new URL(text).origin, `${new URL(text).origin}/`].includes(text)

/** A host as a URL has it, with or without a port. */
const isHost = (text: string) =>
  /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/.test(text) && URL.canParse(`http://${text}/`)
