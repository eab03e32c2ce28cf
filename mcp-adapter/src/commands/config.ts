import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { JWK } from 'jose'
import { algorithmOf } from '../auth/client.ts'
import type { AuthSettings } from '../auth/settings.ts'
import { ConfigError, messageOf } from '../errors.ts'
import { atPointer, isObject } from '../json.ts'
import { didYouMean } from '../nearest.ts'

/** The command line and the environment, read and checked in this file only. */
export type Command =
  | { name: 'help' | 'version' }
  | {
      name: 'serve'
      configFile: string
      apiUrl?: string
      host: string
      port: number
      allowedHosts: string[]
      allowedOrigins: string[]
      maxInFlight?: number
      auth: AuthSettings
      stateSecret?: string
    }
  | { name: 'stdio'; configFile: string; apiUrl?: string; credential?: string; stateSecret?: string }

export const HELP = `Shows a curated part of an OpenAPI backend to agents, as MCP tools.

  handrail-mcp serve --config tools.yaml [--host 127.0.0.1] [--port 3001] [--api URL]
      Streamable HTTP at /mcp. Every request carries its caller's own "Authorization: Bearer".
  handrail-mcp stdio --config tools.yaml [--api URL]
      One caller over stdin and stdout, with the credential of HANDRAIL_TOKEN or HANDRAIL_TOKEN_FILE.

  --config FILE   the curation file
  --api URL       where the API is; goes over HANDRAIL_API_URL and the file's backend.url
  --host, --port  where to listen (serve)
  --help, --version

Environment
  HANDRAIL_API_URL     base URL of the API
  HANDRAIL_TOKEN       the credential (stdio)
  HANDRAIL_TOKEN_FILE  a file that holds it: <path>, or <path>#/json/pointer for a string in a JSON file (stdio)
  MCP_HOST, MCP_PORT   where to listen (serve)
  MCP_ALLOWED_HOSTS, MCP_ALLOWED_ORIGINS
                       further host names, separated by commas (serve); loopback names are always allowed
  HANDRAIL_MCP_STATE_SECRET
                       seals the questions that people are asked before a tool acts; 32 characters or more, the same
                       for all replicas (default: a random one of this process)
  MCP_MAX_IN_FLIGHT    so many requests are answered at a time (serve; default 256)

Access tokens (serve; each goes over "auth" of the curation file)
  MCP_ISSUERS          authorization servers whose tokens are taken, separated by commas; without any, it is off
  MCP_RESOURCE_URL     the endpoint's public URL (default: the one that it listens at)
  MCP_AUDIENCE         what tokens must be for (default: the resource)
  MCP_DOWNSTREAM       what the API gets: same-audience, token-exchange or client-credentials
  MCP_API_AUDIENCE     the API, as its tokens name it
  MCP_CLIENT_ID        the adapter, as the issuer knows it
  MCP_CLIENT_SECRET, MCP_CLIENT_SECRET_FILE
                       its secret, or a file that holds it: <path>, or <path>#/json/pointer
  MCP_CLIENT_KEY_FILE  a file with its private key as a JWK: instead of a secret, and for signed assertions
`

const FLAGS = ['config', 'api', 'host', 'port', 'help', 'version']
type Environment = Record<string, string | undefined>

const given = (value: string | undefined) => (value === undefined || value === '' ? undefined : value)
const list = (value: string | undefined) => (value ?? '').split(',').flatMap((name) => given(name.trim()) ?? [])

function readFlags(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        api: { type: 'string' },
        host: { type: 'string' },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    })
  } catch (error) {
    const unknown = /Unknown option '-*([^']+)'/.exec(messageOf(error))?.[1]
    if (unknown === undefined) throw new ConfigError(messageOf(error))
    throw new ConfigError(`Unknown option --${unknown}.${didYouMean(unknown, FLAGS)} See handrail-mcp --help.`)
  }
}

function readPort(value: string): number {
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65535) return Number(value)
  throw new ConfigError(`The port must be a number from 0 to 65535, not "${value}" (--port or MCP_PORT).`)
}

function readText(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`${setting}: ${messageOf(error)}`)
  }
}

/** The secret at a place: a file, or a string in a JSON file. */
function readSecretFile(setting: string, place: string): string {
  const [path, pointer] = place.split('#', 2) as [string, string | undefined]
  const text = readText(setting, path)
  if (pointer === undefined) return text.trim()
  let value: unknown
  try {
    value = atPointer(JSON.parse(text), pointer)
  } catch {
    // The parser's message quotes the file, which holds secrets.
    throw new ConfigError(`${setting}: ${path} is not JSON, or "${pointer}" is not a JSON Pointer.`)
  }
  if (typeof value !== 'string') throw new ConfigError(`${setting}: ${path} has no string at ${pointer}.`)
  return value
}

/** Whether one is needed depends on what the APIs get, which the curation file says. */
function readCredential(env: Environment): string | undefined {
  const direct = given(env.HANDRAIL_TOKEN)
  const file = given(env.HANDRAIL_TOKEN_FILE)
  if (direct === undefined && file === undefined) return undefined
  const token = (direct ?? readSecretFile('HANDRAIL_TOKEN_FILE', file as string)).trim()
  // The characters of a bearer token (RFC 6750, section 2.1): a whole JSON file, for one, is not a credential.
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) {
    throw new ConfigError(
      `${direct === undefined ? 'HANDRAIL_TOKEN_FILE' : 'HANDRAIL_TOKEN'} does not hold a credential.`,
    )
  }
  return token
}

function readStateSecret(env: Environment): string | undefined {
  const secret = given(env.HANDRAIL_MCP_STATE_SECRET)
  if (secret !== undefined && secret.length < 32)
    throw new ConfigError('HANDRAIL_MCP_STATE_SECRET must have 32 characters or more.')
  return secret
}

const DOWNSTREAM = ['same-audience', 'token-exchange', 'client-credentials'] as const

function readDownstream(value: string | undefined): AuthSettings['downstream'] {
  if (value === undefined) return undefined
  const known = DOWNSTREAM.find((each) => each === value)
  if (!known) throw new ConfigError(`MCP_DOWNSTREAM must be one of ${DOWNSTREAM.join(', ')}, not "${value}".`)
  return known
}

function readClientKey(path: string): JWK {
  let key: unknown
  try {
    key = JSON.parse(readText('MCP_CLIENT_KEY_FILE', path))
  } catch (error) {
    if (error instanceof ConfigError) throw error
    key = undefined
  }
  const isPrivate = isObject(key) && typeof key.d === 'string' && algorithmOf(key as JWK) !== undefined
  // Neither the parser's message nor the key is quoted.
  if (!isPrivate) throw new ConfigError(`MCP_CLIENT_KEY_FILE: ${path} is not a private key as a JWK (EC, OKP, RSA).`)
  return key as JWK
}

/** What the environment says about access tokens. Only what is set is there. */
function readAuth(env: Environment): AuthSettings {
  const issuers = list(env.MCP_ISSUERS)
  const secretFile = given(env.MCP_CLIENT_SECRET_FILE)
  const keyFile = given(env.MCP_CLIENT_KEY_FILE)
  const settings = {
    resource: given(env.MCP_RESOURCE_URL),
    issuers: issuers.length > 0 ? issuers : undefined,
    audience: given(env.MCP_AUDIENCE),
    downstream: readDownstream(given(env.MCP_DOWNSTREAM)),
    apiAudience: given(env.MCP_API_AUDIENCE),
    clientId: given(env.MCP_CLIENT_ID),
    clientSecret: given(env.MCP_CLIENT_SECRET) ?? (secretFile && readSecretFile('MCP_CLIENT_SECRET_FILE', secretFile)),
    clientKey: keyFile === undefined ? undefined : readClientKey(keyFile),
  }
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

function readMaxInFlight(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value)
  throw new ConfigError(`MCP_MAX_IN_FLIGHT must be a number from 1 to 999999, not "${value}".`)
}

/** What the command line and the environment ask for. Throws ConfigError, which never quotes a credential. */
export function readCommand(argv: string[], env: Environment): Command {
  const { values, positionals } = readFlags(argv)
  if (values.help) return { name: 'help' }
  if (values.version) return { name: 'version' }
  const [command, ...rest] = positionals
  if (command !== 'serve' && command !== 'stdio') {
    const said = command === undefined ? 'Say what to do' : `Unknown command "${command}"`
    throw new ConfigError(`${said}: handrail-mcp serve or handrail-mcp stdio. See handrail-mcp --help.`)
  }
  if (rest.length > 0) throw new ConfigError(`Unexpected "${rest[0]}". See handrail-mcp --help.`)
  const configFile = given(values.config)
  if (configFile === undefined) throw new ConfigError('--config is missing: the curation file, for example tools.yaml.')
  const apiUrl = given(values.api) ?? given(env.HANDRAIL_API_URL)
  const stateSecret = readStateSecret(env)
  const common = {
    configFile,
    ...(apiUrl !== undefined && { apiUrl }),
    ...(stateSecret !== undefined && { stateSecret }),
  }
  if (command === 'stdio') {
    if (values.host !== undefined || values.port !== undefined)
      throw new ConfigError('--host and --port belong to serve.')
    const credential = readCredential(env)
    return { name: 'stdio', ...common, ...(credential !== undefined && { credential }) }
  }
  const maxInFlight = readMaxInFlight(given(env.MCP_MAX_IN_FLIGHT))
  return {
    name: 'serve',
    ...common,
    ...(maxInFlight !== undefined && { maxInFlight }),
    auth: readAuth(env),
    host: given(values.host) ?? given(env.MCP_HOST) ?? '127.0.0.1',
    port: readPort(given(values.port) ?? given(env.MCP_PORT) ?? '3001'),
    allowedHosts: list(env.MCP_ALLOWED_HOSTS),
    allowedOrigins: list(env.MCP_ALLOWED_ORIGINS),
  }
}
