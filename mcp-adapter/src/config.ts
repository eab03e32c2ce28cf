import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ConfigError, messageOf } from './errors.ts'
import { atPointer } from './json.ts'
import { didYouMean } from './nearest.ts'

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
      stateSecret?: string
    }
  | { name: 'stdio'; configFile: string; apiUrl?: string; credential: string; stateSecret?: string }

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

function readTokenFile(place: string): string {
  const [path, pointer] = place.split('#', 2) as [string, string | undefined]
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`HANDRAIL_TOKEN_FILE: ${messageOf(error)}`)
  }
  if (pointer === undefined) return text.trim()
  let value: unknown
  try {
    value = atPointer(JSON.parse(text), pointer)
  } catch {
    // The parser's message quotes the file, which holds secrets.
    throw new ConfigError(`HANDRAIL_TOKEN_FILE: ${path} is not JSON, or "${pointer}" is not a JSON Pointer.`)
  }
  if (typeof value !== 'string') throw new ConfigError(`HANDRAIL_TOKEN_FILE: ${path} has no string at ${pointer}.`)
  return value
}

function readCredential(env: Environment): string {
  const direct = given(env.HANDRAIL_TOKEN)
  const file = given(env.HANDRAIL_TOKEN_FILE)
  if (direct === undefined && file === undefined) {
    throw new ConfigError(
      'stdio needs a credential: set HANDRAIL_TOKEN, or HANDRAIL_TOKEN_FILE to a file that holds it.',
    )
  }
  const token = (direct ?? readTokenFile(file as string)).trim()
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
    return { name: 'stdio', ...common, credential: readCredential(env) }
  }
  return {
    name: 'serve',
    ...common,
    host: given(values.host) ?? given(env.MCP_HOST) ?? '127.0.0.1',
    port: readPort(given(values.port) ?? given(env.MCP_PORT) ?? '3001'),
    allowedHosts: list(env.MCP_ALLOWED_HOSTS),
    allowedOrigins: list(env.MCP_ALLOWED_ORIGINS),
  }
}
