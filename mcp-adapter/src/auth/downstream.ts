import { decodeJwt, type JWTPayload } from 'jose'
import type { Cancellation } from '../cancellation.ts'
import { isObject } from '../json.ts'
import type { Log } from '../log.ts'
import { CredentialRefused, type Problem, ProblemResult } from '../results/problem.ts'
import { createExpiringCache, createSingleFlight, waitFor } from './cache.ts'
import { GrantRefused, type IssuedToken, requestToken, signAssertion } from './client.ts'
import type { Credential } from './identity.ts'
import { type ProviderClient, type ProviderMetadata, ProviderUnavailable } from './provider.ts'
import type { ExchangeRule } from './rule.ts'
import type { VerifiedToken } from './verify.ts'

/** Speaks to the API for callers, with credentials of the adapter's own. */
interface Downstream {
  /** Throws ProblemResult, and the reason of `signal`. The caller's own token is never what comes back. */
  credentialFor(caller: VerifiedToken, scopes: readonly string[], signal: Cancellation): Promise<Credential>
}

interface DownstreamServices {
  client: ProviderClient
  /** Where an issuer's endpoints are. */
  metadataOf(issuer: string): Promise<ProviderMetadata>
  log: Log
}

const MOST_KEPT = 10_000
/** A token is used no longer than this, whatever the provider allows. */
const LONGEST_S = 120
/** What is left of a token when it is not begun with any more, at most. */
const MARGIN_S = 15
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** The software that acts for the person: an actor that the token names, or else the client that it was issued to. */
function agentOf({ actor, clientId }: VerifiedToken): string | undefined {
  return typeof actor?.sub === 'string' ? actor.sub : clientId
}

function unavailable(): Problem {
  return {
    error: 'identity-provider-unavailable',
    message: 'The identity provider does not answer, so the API cannot be told who is calling. Nothing was sent.',
    hint: 'Wait a moment before calling again.',
    retryable: true,
    retryAfter: 5,
  }
}

function refused(code: string): Problem {
  return {
    error: 'identity-refused',
    message: `The identity provider gave no token for the API on behalf of this caller (${code}). Nothing was sent.`,
    hint: 'Signing in again may help; otherwise tell the operator.',
    retryable: false,
  }
}

/** A token that is over, or was taken back, is the caller's to replace; all else is not. */
function failure(error: GrantRefused | ProviderUnavailable): ProblemResult {
  if (error instanceof ProviderUnavailable) return new ProblemResult(unavailable())
  return new (error.code === 'invalid_grant' ? CredentialRefused : ProblemResult)(refused(error.code))
}

const words = (scope: unknown) => (typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [])

/**
 * Holds an exchanged token against what was asked for, as far as it can be read: a provider that is set up wrongly must
 * not make an agent more than it is. Throws GrantRefused.
 */
function checkExchanged(issued: IssuedToken, caller: VerifiedToken, scopes: readonly string[], rule: ExchangeRule) {
  const isWider = (scope: unknown) => words(scope).some((each) => !scopes.includes(each))
  if (issued.token === caller.token || isWider(issued.scope)) throw new GrantRefused('unusable')
  let claims: JWTPayload & { scope?: unknown; act?: unknown }
  try {
    claims = decodeJwt(issued.token)
  } catch {
    return // Opaque: the API alone can read it.
  }
  const actor = isObject(claims.act) ? claims.act.sub : undefined
  const isRight =
    [claims.aud].flat().includes(rule.audience) &&
    claims.sub === caller.subject &&
    (actor === agentOf(caller) || actor === rule.clientId) &&
    actor !== undefined &&
    !isWider(claims.scope)
  if (!isRight) throw new GrantRefused('unusable')
}

/** Exchanges tokens, or vouches with assertions, as the rule says. Answers are kept per caller's token and scopes. */
export function createDownstream(rule: ExchangeRule, { client, metadataOf, log }: DownstreamServices): Downstream {
  const cache = createExpiringCache<string>(MOST_KEPT)
  const once = createSingleFlight<string>()

  async function request(issuer: string, parameters: Record<string, string>): Promise<IssuedToken> {
    const { tokenEndpoint } = await metadataOf(issuer)
    const issued = await requestToken(client, rule, { issuer, tokenEndpoint }, parameters)
    if (issued.lifetimeS > LONGEST_S)
      log.warn({ lifetimeS: issued.lifetimeS }, 'the identity provider gives tokens for the API that live long')
    return issued
  }

  async function exchange(caller: VerifiedToken, scopes: readonly string[]): Promise<IssuedToken> {
    const issued = await request(caller.issuer, {
      grant_type: EXCHANGE,
      subject_token: caller.token,
      subject_token_type: ACCESS_TOKEN,
      requested_token_type: ACCESS_TOKEN,
      resource: rule.audience,
      audience: rule.audience,
      scope: scopes.join(' '),
    })
    checkExchanged(issued, caller, scopes, rule)
    return issued
  }

  const own = ({ issuer }: VerifiedToken, scopes: readonly string[]) =>
    request(issuer, { grant_type: 'client_credentials', resource: rule.audience, scope: scopes.join(' ') })

  /** Says for whom the adapter asks: a signature of its own, for one request. */
  async function assertion(caller: VerifiedToken): Promise<Record<string, string>> {
    if (!rule.key) throw new Error('There is no key to sign assertions with')
    const repeated = rule.claims.map((name) => [name, caller.claims[name]])
    const claims = {
      ...Object.fromEntries(repeated),
      iss: rule.clientId,
      sub: caller.subject,
      aud: rule.audience,
      act: { ...caller.actor, sub: agentOf(caller) ?? rule.clientId },
    }
    return { 'handrail-assertion': await signAssertion(rule.key, claims, 'handrail-assertion+jwt') }
  }

  async function obtain(key: string, get: () => Promise<IssuedToken>, until: number): Promise<string> {
    const { token, lifetimeS } = await get()
    const usableS = Math.min(lifetimeS, LONGEST_S)
    const marginS = Math.min(MARGIN_S, usableS / 4)
    cache.set(key, token, Math.min(Date.now() + (usableS - marginS) * 1000, until))
    return token
  }

  async function credentialFor(caller: VerifiedToken, scopes: readonly string[], signal: Cancellation) {
    const sorted = [...scopes].sort()
    if (sorted.some((scope) => !caller.scopes.has(scope))) throw new ProblemResult(refused('insufficient_scope'))
    const vouches = rule.grant === 'client-credentials'
    const key = `${vouches ? caller.issuer : caller.digest} ${sorted.join(' ')}`
    let token = cache.get(key)
    const wasKept = token !== undefined
    if (token === undefined) {
      const get = () => (vouches ? own(caller, sorted) : exchange(caller, sorted))
      const until = vouches ? Number.POSITIVE_INFINITY : caller.expiresAt
      try {
        token = await waitFor(
          once(key, () => obtain(key, get, until)),
          signal,
        )
      } catch (error) {
        if (!(error instanceof ProviderUnavailable || error instanceof GrantRefused)) throw error
        log.warn({ grant: rule.grant, cause: error.message }, 'there is no token for the API')
        throw failure(error)
      }
    }
    return {
      token,
      ...(vouches && { headers: () => assertion(caller) }),
      discard() {
        cache.delete(key)
        return wasKept
      },
    }
  }
  return { credentialFor }
}
