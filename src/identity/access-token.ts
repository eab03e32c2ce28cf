import { decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'

/** A credential that is none of ours, is over, or does not hold. The message tells the caller which, and no secret. */
export class TokenRefused extends Error {}

/** What an access token says (RFC 9068), once its signature and its claims hold. */
export interface AccessToken {
  claims: JWTPayload
  issuer: string
  clientId: string
  scopes: string[]
  /** The outermost actor (RFC 8693 section 4.1), where somebody acts for the subject. */
  actor: string | undefined
  /** Seconds since 1970. */
  expiresAt: number
}

/** What a token is held against. */
export interface Expected {
  issuer: string
  audiences: string[]
  algorithms: string[]
  clockToleranceSeconds: number
}

const MOST_BYTES = 8192
const REQUIRED = ['sub', 'client_id', 'exp', 'iat', 'jti', 'scope', 'aud']
/** Names of clients and actors go into logs, the trail and policy: plain characters only, no spaces. */
const NAME = /^[\x21-\x7e]{1,255}$/
const SCOPES = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/

/**
 * Looks into a token that proves nothing yet.
 * @returns the issuer that it names, so that its keys can be found
 * @throws TokenRefused for what is too large, no signed JWT, or wants extensions
 */
export function namedIssuer(token: string): string {
  if (token.length > MOST_BYTES) throw new TokenRefused(`The access token is larger than ${MOST_BYTES} bytes.`)
  const [, payload, signature, ...rest] = token.split('.')
  if (!payload || !signature || rest.length > 0) throw new TokenRefused('The credential is neither a key nor a JWT.')
  refuseExtensions(token)
  try {
    const { iss } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    if (typeof iss === 'string') return iss
  } catch {
    // Said below.
  }
  throw new TokenRefused('The access token names no issuer.')
}

/** `crit` and `b64` (RFC 7515, RFC 7797) ask to be read otherwise than plainly; nothing here needs them. */
export function refuseExtensions(token: string): void {
  let header: object
  try {
    header = decodeProtectedHeader(token)
  } catch {
    throw new TokenRefused('The header of the token cannot be read.')
  }
  if ('crit' in header || 'b64' in header) throw new TokenRefused('The token wants extensions that are not supported.')
}

/**
 * Holds a token against what is expected of its issuer. Keys come from the issuer alone: `jwk`, `jku`, `x5c` and `x5u`
 * in a header are never looked at.
 * @throws TokenRefused, or KeysUnavailable of the keys
 */
export async function verifyAccessToken(
  token: string,
  expected: Expected,
  keys: JWTVerifyGetKey,
  now: Date,
): Promise<AccessToken> {
  const { payload } = await verifyJwt(token, keys, {
    issuer: expected.issuer,
    audience: expected.audiences,
    algorithms: expected.algorithms,
    clockTolerance: expected.clockToleranceSeconds,
    requiredClaims: REQUIRED,
    typ: 'at+jwt',
    currentDate: now,
  })
  const { sub, client_id: clientId, jti, scope, iat = 0, exp = 0 } = payload
  if (!isName(clientId) || !isText(sub) || !isText(jti)) throw new TokenRefused('A claim of the token is malformed.')
  if (typeof scope !== 'string' || !SCOPES.test(scope)) throw new TokenRefused('The claim scope is malformed.')
  if (iat > now.getTime() / 1000 + expected.clockToleranceSeconds) {
    throw new TokenRefused('The access token was issued in the future.')
  }
  // A token that is bound to a key of its holder proves nothing by itself (RFC 7800): here nobody asks for that proof.
  if (payload.cnf !== undefined) throw new TokenRefused('Sender-constrained tokens are not supported.')
  return {
    claims: payload,
    issuer: expected.issuer,
    clientId,
    scopes: scope.split(' '),
    actor: actorOf(payload.act),
    expiresAt: exp,
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length < 256
/** @returns whether it can name a client or an agent */
export const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value)

/** Somebody acts, so it has to be known who. */
export function actorOf(act: unknown): string | undefined {
  if (act === undefined) return undefined
  const sub = typeof act === 'object' && act !== null ? (act as { sub?: unknown }).sub : undefined
  if (!isName(sub)) throw new TokenRefused('The claim act names no actor.')
  return sub
}

/** Verifies a JWT with jose, whose errors become the words that the caller gets. */
export async function verifyJwt(token: string, keys: JWTVerifyGetKey, options: Parameters<typeof jwtVerify>[2]) {
  try {
    return await jwtVerify(token, keys, options)
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new TokenRefused('The token has expired.')
    if (error instanceof errors.JWTClaimValidationFailed) throw new TokenRefused(wrongClaim(error))
    // What else jose says is about the signature, its key or its algorithm. (An unusable key is a TypeError.)
    if (error instanceof errors.JOSEError || error instanceof TypeError) {
      throw new TokenRefused('The signature of the token does not hold.')
    }
    throw error
  }
}

function wrongClaim({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === 'missing') return `The token lacks the claim ${claim}.`
  if (claim === 'nbf') return 'The token is not valid yet.'
  if (claim === 'aud') return 'The token is for another audience.'
  if (claim === 'typ') return 'The token is of another kind: its typ is not the expected one.'
  return `The claim ${claim} of the token is not the expected one.`
}
