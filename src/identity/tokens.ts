import { createHash } from 'node:crypto'
import type { Action } from '../domain/actions.ts'
import type { Caller } from '../domain/call.ts'
import type { Sql } from '../storage/sql.ts'
import { type AccessToken, namedIssuer, TokenRefused, verifyAccessToken } from './access-token.ts'
import { type Assertions, createAssertions } from './assertions.ts'
import { type IssuerKeys, issuerKeys, type KeyTimes } from './issuer-keys.ts'
import type { IssuerSettings } from './issuers.ts'
import { toActions, toScope } from './scopes.ts'
import { findUser, type UserKey } from './subjects.ts'

/** The API as an OAuth 2.1 resource server. */
export interface Tokens {
  /** The API's own address, without a path. */
  publicUrl: string
  issuers: string[]
  /** What to ask a provider for, to be allowed an action: of the caller's provider, or of the first. */
  scopeFor(action: Action, issuer?: string): string
  /**
   * @param assertion what the token's client says of the person that it calls for, where it sent such a statement
   * @returns who a JWT access token stands for
   * @throws TokenRefused when it is not valid here, KeysUnavailable when that cannot be found out
   */
  authenticate(sql: Sql, token: string, now: Date, assertion?: string): Promise<Caller>
  /** How many verified tokens are remembered. */
  remembered(): number
}

export interface TokenOptions {
  publicUrl: string
  issuers: IssuerSettings[]
  /** For tests: how long keys are good for, and by which clock. */
  keyTimes?: KeyTimes
  /** How many verified tokens are remembered at the most. */
  mostRemembered?: number
}

const MOST_REMEMBERED = 5000
/** A token is verified anew after this time, so that keys that were withdrawn are noticed. */
const REMEMBERED_MS = 5 * 60_000

interface Known {
  token: AccessToken
  generation: number
  until: number
}

interface Issuer {
  settings: IssuerSettings
  audiences: string[]
  keys: IssuerKeys
  assertions: Assertions
}

/** @param options the issuers whose tokens are accepted, and the address that the tokens have to be for */
export function createTokens({ publicUrl, issuers, keyTimes, mostRemembered = MOST_REMEMBERED }: TokenOptions): Tokens {
  // Clients write an address without a path with a slash or without; the metadata at /api/v1 names the third.
  const own = [publicUrl, `${publicUrl}/`, `${publicUrl}/api/v1`]
  const known = new Map(
    issuers.map((settings): [string, Issuer] => [
      settings.issuer,
      {
        settings,
        audiences: settings.audiences ?? own,
        keys: issuerKeys(settings, keyTimes),
        assertions: createAssertions(settings.assertionKeys, keyTimes),
      },
    ]),
  )
  const remembered = new Map<string, Known>()

  /** Verifying costs more than the rest of a request: what was verified is remembered by its SHA-256. */
  async function verified(token: string, now: Date): Promise<AccessToken> {
    const digest = createHash('sha256').update(token).digest('base64')
    const before = remembered.get(digest)
    if (before) {
      const { keys } = known.get(before.token.issuer) as Issuer
      if (before.until > now.getTime() && before.generation === keys.generation()) return before.token
      remembered.delete(digest)
    }
    const issuer = known.get(namedIssuer(token))
    if (!issuer) throw new TokenRefused('The access token is of an issuer that is not accepted here.')
    const { settings, audiences, keys } = issuer
    const found = await verifyAccessToken(token, { ...settings, audiences }, keys.find, now)
    const until = Math.min((found.expiresAt + settings.clockToleranceSeconds) * 1000, now.getTime() + REMEMBERED_MS)
    if (remembered.size >= mostRemembered) remembered.delete(remembered.keys().next().value as string)
    remembered.set(digest, { token: found, generation: keys.generation(), until })
    return found
  }

  return {
    publicUrl,
    issuers: [...known.keys()],
    scopeFor: (action, issuer) =>
      toScope(action, (known.get(issuer ?? '') ?? [...known.values()][0])?.settings.scopes ?? {}),
    remembered: () => remembered.size,
    async authenticate(sql, text, now, assertion) {
      const token = await verified(text, now)
      const { settings, audiences, assertions } = known.get(token.issuer) as Issuer
      if (assertion === undefined) return toCaller(sql, token, settings)
      if (token.claims.sub !== token.clientId) {
        throw new TokenRefused('An assertion goes with a token of the client itself, not with one of a person.')
      }
      const { claims, actor } = await assertions.verify(token.clientId, assertion, { ...settings, audiences }, now)
      return toCaller(sql, { ...token, claims, actor }, settings)
    },
  }
}

/** The person is read anew at every request: an account that was suspended is so at once, whatever its tokens say. */
async function toCaller(sql: Sql, token: AccessToken, settings: IssuerSettings): Promise<Caller> {
  const user = await findUser(sql, personOf(token, settings))
  if (!user) throw new TokenRefused('The token is of nobody who has an account here.')
  // Deny by default: only what is known to be a person's own app is the person.
  const agentId = token.actor ?? (settings.firstPartyClients.includes(token.clientId) ? undefined : token.clientId)
  return {
    userId: user.id,
    role: user.role,
    status: user.status,
    scopes: toActions(token.scopes, settings.scopes),
    credentialId: `${token.clientId}@${token.issuer}`,
    issuer: token.issuer,
    issuedBy: user.id,
    ...(agentId !== undefined && { agentId }),
  }
}

/** @throws TokenRefused where nobody stands behind the token */
function personOf({ claims, clientId }: AccessToken, { subject, serviceClients }: IssuerSettings): UserKey {
  // RFC 9068 section 2.2: a client that calls for itself is its own subject.
  if (claims.sub === clientId) {
    const user = Object.hasOwn(serviceClients, clientId) ? serviceClients[clientId] : undefined
    if (user === undefined) throw new TokenRefused('The token is of a client that acts for nobody.')
    return { match: 'id-or-username', value: user }
  }
  const value = claims[subject.claim]
  if (typeof value !== 'string') throw new TokenRefused('The token does not say which user it is of.')
  if (subject.match === 'email' && claims.email_verified !== true) {
    throw new TokenRefused('The token names an email address that its issuer has not verified.')
  }
  return { match: subject.match, value }
}
