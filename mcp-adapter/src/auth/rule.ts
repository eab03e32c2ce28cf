import type { JWK } from 'jose'

/** An authorization server whose tokens are taken. */
export interface TrustedIssuer {
  /** As it stands in `iss`. */
  issuer: string
  /** Where its keys are; default: its metadata says so. */
  jwks?: string
  /** Where tokens are exchanged; default: its metadata says so. */
  tokenEndpoint?: string
}

/** How the adapter proves to an authorization server who it is. */
export type ClientAuthentication =
  | { method: 'client_secret_basic'; secret: string }
  | { method: 'private_key_jwt'; key: JWK }

/** What the API gets instead of the caller's token. */
export interface ExchangeRule {
  grant: 'token-exchange' | 'client-credentials'
  /** The API, as its tokens name it. */
  audience: string
  clientId: string
  authentication: ClientAuthentication
  /** Signs assertions; there with `client-credentials`. */
  key?: JWK
  /** What assertions repeat of the caller's token, for an API that knows people by something else than `sub`. */
  claims: string[]
}

/** All that is needed to judge callers and to speak for them. */
export interface AuthRule {
  /** The endpoint's public URL. Default: the one that it listens at. */
  resource?: string
  issuers: TrustedIssuer[]
  /** What `aud` must hold. Default: the resource. */
  audience?: string
  algorithms: string[]
  requiredClaims: string[]
  keys: { maxAgeMs: number; cooldownMs: number }
  /** Needed for every list and call: what the question for the caller's rights needs. */
  baseScopes: string[]
  /** What a caller without a token is told to ask for. */
  initialScopes: string[]
  /** A list shows tools beyond the token's scopes too: calling one tells which are missing. */
  offerMore: boolean
  /** How API keys begin, which the API judges alone. */
  apiKeyPrefix?: string
  /** Absent: the API takes the same token (one audience). */
  exchange?: ExchangeRule
}

/** An https URL, or an http one of this machine: what tokens and keys may travel over. */
export function isSafeUrl(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  const { protocol, hostname, username, password, hash } = new URL(value)
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
  return (protocol === 'https:' || (protocol === 'http:' && isLocal)) && !username && !password && !hash
}
