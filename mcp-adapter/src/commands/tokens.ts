import type { JWK } from 'jose'
import { algorithmOf } from '../auth/client.ts'
import type { AuthSettings } from '../auth/settings.ts'
import { ConfigError } from '../errors.ts'
import { isObject } from '../json.ts'
import type { Environment } from './command.ts'
import { readSecretFile } from './credential.ts'
import { given, list, readText } from './values.ts'

const DOWNSTREAM = ['same-audience', 'token-exchange', 'client-credentials'] as const

function readDownstream(value: string | undefined): AuthSettings['downstream'] {
  if (value === undefined) return undefined
  const known = DOWNSTREAM.find((each) => each === value)
  if (!known) throw new ConfigError(`MCP_DOWNSTREAM must be one of ${DOWNSTREAM.join(', ')}, not "${value}".`)
  return known
}

function readClientKey(path: string): JWK {
  const text = readText('MCP_CLIENT_KEY_FILE', path)
  let key: unknown
  try {
    key = JSON.parse(text)
  } catch {
    key = undefined
  }
  const isPrivate = isObject(key) && typeof key.d === 'string' && algorithmOf(key as JWK) !== undefined
  // Neither the parser's message nor the key is quoted.
  if (!isPrivate) throw new ConfigError(`MCP_CLIENT_KEY_FILE: ${path} is not a private key as a JWK (EC, OKP, RSA).`)
  return key as JWK
}

/** What the environment says about access tokens. Only what is set is there. Throws ConfigError without any secret. */
export function readAuth(env: Environment): AuthSettings {
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
