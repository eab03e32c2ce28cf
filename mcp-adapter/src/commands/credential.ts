import { ConfigError } from '../errors.ts'
import { atPointer } from '../json.ts'
import type { Environment } from './command.ts'
import { given, readText } from './values.ts'

/** The secret at a place: a file, or a string in a JSON file (`<path>#/json/pointer`). Throws ConfigError. */
export function readSecretFile(setting: string, place: string): string {
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

/**
 * The credential that a command calls the API with; undefined when none is set. Whether one is needed depends on what
 * the APIs get, which the curation file says. Throws ConfigError, which never quotes it.
 */
export function readCredential(env: Environment): string | undefined {
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

/** What seals questions to a person; undefined when it is not set. Throws ConfigError when it is short. */
export function readStateSecret(env: Environment): string | undefined {
  const secret = given(env.HANDRAIL_MCP_STATE_SECRET)
  if (secret !== undefined && secret.length < 32)
    throw new ConfigError('HANDRAIL_MCP_STATE_SECRET must have 32 characters or more.')
  return secret
}
