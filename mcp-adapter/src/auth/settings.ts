import type { JWK } from 'jose'
import type { AuthSection } from '../curation/read.ts'
import { ConfigError } from '../errors.ts'
import { type AuthRule, type ClientAuthentication, type ExchangeRule, isSafeUrl, type TrustedIssuer } from './rule.ts'

/** What belongs to a deployment. Each member goes over the curation file's. */
export interface AuthSettings {
  /** The endpoint's public URL. */
  resource?: string
  /** Authorization servers whose tokens are taken. */
  issuers?: string[]
  /** What `aud` must hold. */
  audience?: string
  /** What the API gets: the same token, an exchanged one, or the adapter's own with an assertion. */
  downstream?: 'same-audience' | 'token-exchange' | 'client-credentials'
  /** The API, as its tokens name it. */
  apiAudience?: string
  clientId?: string
  clientSecret?: string
  /** A private key as a JWK: proves who the adapter is where there is no secret, and signs assertions. */
  clientKey?: JWK
}

const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'PS256', 'PS384', 'PS512', 'RS256']
/** RFC 9068, section 2.2, beside `iss` and `aud`, which are always wanted. */
const CLAIMS = ['exp', 'iat', 'sub', 'client_id', 'jti']
const MAX_AGE_S = 600
const COOLDOWN_S = 30

function safe(value: string, what: string): string {
  if (!isSafeUrl(value)) throw new ConfigError(`${what} must be an https URL, or an http one of this machine: ${value}`)
  return value
}

function issuersOf(section: AuthSection | undefined, named: string[] | undefined): TrustedIssuer[] {
  const listed = section?.issuers ?? []
  const all = named?.map((issuer) => listed.find((each) => each.issuer === issuer) ?? { issuer }) ?? listed
  for (const { issuer, jwks, tokenEndpoint } of all) {
    safe(issuer, 'An issuer')
    if (jwks !== undefined) safe(jwks, 'The place of keys')
    if (tokenEndpoint !== undefined) safe(tokenEndpoint, 'A token endpoint')
  }
  return all
}

function authenticationOf({ clientSecret, clientKey }: AuthSettings): ClientAuthentication {
  if (clientSecret !== undefined) return { method: 'client_secret_basic', secret: clientSecret }
  if (clientKey) return { method: 'private_key_jwt', key: clientKey }
  throw new ConfigError(
    'The adapter has to prove who it is: set MCP_CLIENT_SECRET, MCP_CLIENT_SECRET_FILE or MCP_CLIENT_KEY_FILE.',
  )
}

function exchangeOf(section: AuthSection, settings: AuthSettings, issuers: number): ExchangeRule {
  const { exchange } = section
  const { downstream } = settings
  const grant = downstream ?? exchange?.grant
  const audience = settings.apiAudience ?? exchange?.audience
  const clientId = settings.clientId ?? exchange?.clientId
  if (audience === undefined)
    throw new ConfigError('Exchange needs the audience of the API: auth.exchange.audience, or MCP_API_AUDIENCE.')
  if (clientId === undefined)
    throw new ConfigError('Exchange needs a client: auth.exchange.clientId, or MCP_CLIENT_ID.')
  const claims = exchange?.claims ?? []
  const rule = { audience, clientId, authentication: authenticationOf(settings), claims }
  if (grant !== 'client-credentials') return { grant: 'token-exchange', ...rule }
  // An assertion names a person by `sub` alone, which means something else to each issuer.
  if (issuers > 1) throw new ConfigError('client-credentials works with one issuer.')
  if (!settings.clientKey) throw new ConfigError('client-credentials needs a key for assertions: MCP_CLIENT_KEY_FILE.')
  return { grant: 'client-credentials', ...rule, key: settings.clientKey }
}

/** How callers are told to the API; undefined: with their own token. It is never guessed. */
function downstreamOf(section: AuthSection, settings: AuthSettings, issuers: number): ExchangeRule | undefined {
  const said = settings.downstream ?? section.passthrough ?? (section.exchange ? 'exchange' : undefined)
  if (said === undefined) {
    throw new ConfigError(
      'Say what the API gets of a caller: auth.passthrough: same-audience, auth.exchange, or MCP_DOWNSTREAM.',
    )
  }
  return said === 'same-audience' ? undefined : exchangeOf(section, settings, issuers)
}

/**
 * The curation file's `auth` and what the deployment says, in one; undefined when no issuer is named, and then the API
 * judges every credential. Throws ConfigError for half a configuration, which would be less safe than it looks.
 */
export function createAuthRule(
  section: AuthSection | undefined,
  settings: AuthSettings,
  baseScopes: string[],
): AuthRule | undefined {
  const issuers = issuersOf(section, settings.issuers)
  if (issuers.length === 0) {
    const alone = [...Object.keys(settings), ...Object.keys(section ?? {})].filter(
      (name) => !['scopes', 'apiKeys', 'algorithms', 'requiredClaims', 'keys', 'issuers'].includes(name),
    )
    if (alone.length > 0)
      throw new ConfigError(
        `Tokens are taken from nobody: name auth.issuers or MCP_ISSUERS (given: ${alone.join(', ')}).`,
      )
    return undefined
  }
  if (!section) {
    throw new ConfigError('The curation file has no "auth": it is not known which scopes the tools need.')
  }
  const resource = settings.resource ?? section.resource
  const audience = settings.audience ?? section.audience
  const exchange = downstreamOf(section, settings, issuers.length)
  const { maxAgeS = MAX_AGE_S, cooldownS = COOLDOWN_S } = section.keys ?? {}
  return {
    ...(resource !== undefined && { resource: safe(resource, 'The resource') }),
    issuers,
    ...(audience !== undefined && { audience }),
    algorithms: section.algorithms ?? ALGORITHMS,
    requiredClaims: [...new Set(['exp', 'sub', ...(section.requiredClaims ?? CLAIMS)])],
    keys: { maxAgeMs: maxAgeS * 1000, cooldownMs: cooldownS * 1000 },
    baseScopes,
    initialScopes: [...new Set([...baseScopes, ...(section.scopes.initial ?? [])])],
    offerMore: section.scopes.offer ?? false,
    ...(section.apiKeys && { apiKeyPrefix: section.apiKeys.prefix }),
    ...(exchange && { exchange }),
  }
}
