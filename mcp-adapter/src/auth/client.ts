import { randomUUID } from 'node:crypto'
import { importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import type { Json } from '../json.ts'
import { type ProviderClient, ProviderUnavailable } from './provider.ts'
import type { ExchangeRule } from './rule.ts'

/** The identity provider refused. `code` is one of RFC 6749's, or `unusable` for an answer that cannot be taken. */
export class GrantRefused extends Error {
  override name = 'GrantRefused'
  constructor(readonly code: string) {
    super(code)
  }
}

/** A token that the identity provider issued to us. */
export interface IssuedToken {
  token: string
  /** Seconds. */
  lifetimeS: number
  scope?: string
}

const ASSERTION_LIFETIME_S = 60
const DEFAULT_LIFETIME_S = 60
const ALGORITHMS: Record<string, string> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', Ed25519: 'EdDSA' }

/** The algorithm that a private key signs with, or undefined when it is none that we use. */
export function algorithmOf(key: JWK): string | undefined {
  return key.alg ?? (key.kty === 'RSA' ? 'PS256' : ALGORITHMS[key.crv ?? ''])
}

/** Signs a JWT that lives for 60 seconds and says once that it was made. */
export async function signAssertion(key: JWK, claims: JWTPayload, typ?: string): Promise<string> {
  const alg = algorithmOf(key) as string
  return new SignJWT({ ...claims, jti: randomUUID() })
    .setProtectedHeader({ alg, ...(typ && { typ }), ...(key.kid !== undefined && { kid: key.kid }) })
    .setIssuedAt()
    .setExpirationTime(`${ASSERTION_LIFETIME_S}s`)
    .sign(await importJWK(key, alg))
}

/** Names and secrets are form-encoded before they become a Basic credential (RFC 6749, section 2.3.1). */
const formEncoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1)

function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`
}

const BEARER = /^[A-Za-z0-9._~+/-]+=*$/

/**
 * Asks a token endpoint for a token, as the client that the rule names. Throws GrantRefused, or ProviderUnavailable.
 * Neither holds anything that was sent, nor the answer's free text.
 */
export async function requestToken(
  client: ProviderClient,
  { clientId, authentication }: Pick<ExchangeRule, 'clientId' | 'authentication'>,
  { issuer, tokenEndpoint }: { issuer: string; tokenEndpoint: string | undefined },
  parameters: Record<string, string>,
): Promise<IssuedToken> {
  if (tokenEndpoint === undefined) throw new ProviderUnavailable('The metadata of the issuer names no token endpoint')
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' }
  const form = new URLSearchParams(parameters)
  if (authentication.method === 'client_secret_basic') headers.authorization = basic(clientId, authentication.secret)
  else {
    const claims = { iss: clientId, sub: clientId, aud: issuer }
    form.set('client_id', clientId)
    form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    form.set('client_assertion', await signAssertion(authentication.key, claims))
  }
  const { status, body } = await client.ask(tokenEndpoint, { headers, body: form.toString() })
  if (status !== 200) throw new GrantRefused(codeOf(body.error))
  const { access_token: token, token_type: type, expires_in: lifetime, scope } = body
  const isBearer = typeof type === 'string' && type.toLowerCase() === 'bearer'
  if (typeof token !== 'string' || !BEARER.test(token) || !isBearer) throw new GrantRefused('unusable')
  const lifetimeS = typeof lifetime === 'number' && lifetime > 0 ? lifetime : DEFAULT_LIFETIME_S
  return { token, lifetimeS, ...(typeof scope === 'string' && { scope }) }
}

/** Only what looks like a code is repeated. */
function codeOf(error: Json | undefined): string {
  return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : 'unusable'
}
