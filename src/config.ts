import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { SHORTEST_SECRET } from './identity/secrets.ts'
import { ROOT } from './root.ts'

export interface Config {
  production: boolean
  host: string
  port: number
  mcpHost: string
  mcpPort: number
  dataDir: string
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
  logLevel: string
  /** Whether to seed the demo data and keys into an empty database. */
  demo: boolean
}

/** The settings are incomplete or wrong; the message names each one. */
export class ConfigError extends Error {}

/** The MCP adapter runs here and passes its callers' addresses on. */
const LOOPBACK = ['127.0.0.1', '::1']
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
  if (production) {
    if (databaseUrl === undefined && dataDir === undefined) {
      problems.push('DATABASE_URL is missing (or HANDRAIL_DATA_DIR, to use the embedded database in production)')
    }
    if (keySecret === undefined) {
      problems.push('HANDRAIL_KEY_SECRET is missing: a random secret, such as `openssl rand -base64 32` prints')
    }
  }
  const config: Config = {
    production,
    host: text('HOST') ?? '127.0.0.1',
    port: port('PORT', 3000),
    mcpHost: text('MCP_HOST') ?? '127.0.0.1',
    mcpPort: port('MCP_PORT', 3001),
    dataDir: dataDir === undefined ? join(ROOT, '.data') : resolve(dataDir),
    databaseUrl,
    mcpAllowedHosts: list('MCP_ALLOWED_HOSTS'),
    mcpAllowedOrigins: list('MCP_ALLOWED_ORIGINS'),
    requestsPerMinute: whole('HANDRAIL_REQUESTS_PER_MINUTE', 6000, 1, 999_999_999),
    trustedProxies,
    keySecret,
    logLevel: choice('LOG_LEVEL', LOG_LEVELS, 'info'),
    demo: wantsDemo && !production,
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return config
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
