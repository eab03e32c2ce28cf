import { createHash } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import { isObject, type JsonObject } from '../json.ts'
import { createExpiringCache } from './cache.ts'
import type { Keys } from './keys.ts'
import type { AuthRule } from './rule.ts'

/** What a token said that was verified. */
export interface VerifiedToken {
  token: string
  /** Names the token where it must not be kept itself. */
  digest: string
  issuer: string
  subject: string
  /** The software that the person uses. */
  clientId?: string
  /** An actor that the token names already (RFC 8693, section 4.1). */
  actor?: JsonObject
  scopes: ReadonlySet<string>
  /** All that it says. */
  claims: JWTPayload
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** The token is not one that is taken here. The message is for the log and holds nothing of the token. */
export class InvalidToken extends Error {
  override name = 'InvalidToken'
}

interface Verifier {
  /** Throws InvalidToken, or ProviderUnavailable when nobody can tell. */
  verify(token: string): Promise<VerifiedToken>
}

/** Longest token that is looked at, in characters. */
const MAX_TOKEN_LENGTH = 8192
const CLOCK_TOLERANCE_S = 5
const MOST_KEPT = 10_000
/** What was verified is verified again after this time, at the latest. */
const KEPT_MS = 60_000

const digestOf = (token: string) => createHash('sha256').update(token).digest('base64url')

/** Which issuer a token claims to be from. Nothing of it is believed before the signature of that issuer is checked. */
function claimedIssuer(token: string): string | undefined {
  if (token.length > MAX_TOKEN_LENGTH) throw new InvalidToken('too long')
  try {
    decodeProtectedHeader(token)
    return decodeJwt(token).iss
  } catch {
    throw new InvalidToken('not a JWT')
  }
}

function read(token: string, digest: string, claims: JWTPayload): VerifiedToken {
  const { iss, sub, exp, scope, client_id: clientId, act, cnf } = claims as JWTPayload & Record<string, unknown>
  if (!iss || !sub || exp === undefined) throw new InvalidToken('a claim is empty')
  // A token that is bound to a key must not work without it, and we do not check such proofs.
  if (cnf !== undefined) throw new InvalidToken('bound to a key')
  if (scope !== undefined && typeof scope !== 'string') throw new InvalidToken('scope is not a string')
  return {
    token,
    digest,
    issuer: iss,
    subject: sub,
    ...(typeof clientId === 'string' && { clientId }),
    ...(isObject(act) && { actor: act }),
    claims,
    scopes: new Set((scope ?? '').split(' ').filter(Boolean)),
    expiresAt: exp * 1000,
  }
}

/**
 * Verifies access tokens (RFC 9068, section 4): issuer, signature by one of its keys with an allowed algorithm, type,
 * audience, time, required claims. What was verified is remembered by digest, bounded in number, no longer than the
 * token lives, and only as long as the issuer's keys stay the same.
 */
export function createVerifier(
  rule: Pick<AuthRule, 'algorithms' | 'requiredClaims'>,
  issuers: ReadonlyMap<string, Keys>,
  audience: () => string,
): Verifier {
  const cache = createExpiringCache<{ verified: VerifiedToken; generation: number }>(MOST_KEPT)
  return {
    async verify(token) {
      const digest = digestOf(token)
      const kept = cache.get(digest)
      if (kept && issuers.get(kept.verified.issuer)?.generation === kept.generation) return kept.verified
      const issuer = claimedIssuer(token)
      const keys = issuer === undefined ? undefined : issuers.get(issuer)
      if (!keys || issuer === undefined) throw new InvalidToken('of an issuer that is not trusted')
      try {
        const { payload } = await jwtVerify(token, keys.find, {
          issuer,
          audience: audience(),
          typ: 'at+jwt',
          algorithms: rule.algorithms,
          requiredClaims: rule.requiredClaims,
          clockTolerance: CLOCK_TOLERANCE_S,
        })
        const verified = read(token, digest, payload)
        cache.set(digest, { verified, generation: keys.generation }, Math.min(verified.expiresAt, Date.now() + KEPT_MS))
        return verified
      } catch (error) {
        if (error instanceof errors.JWTClaimValidationFailed) throw new InvalidToken(`${error.code} ${error.claim}`)
        if (error instanceof errors.JOSEError) throw new InvalidToken(error.code)
        // A key of a form that the runtime does not take, or a signature of one.
        if (error instanceof TypeError || error instanceof DOMException) throw new InvalidToken('of an unusable key')
        throw error
      }
    },
  }
}
