import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { isTrustworthy, type KeySource } from './issuers.ts'

/** The keys cannot be fetched, and those that are known are too old to go on with. */
export class KeysUnavailable extends Error {
  /** Seconds until it is tried again. */
  readonly retryAfter: number
  constructor(retryAfter: number, cause?: unknown) {
    super('the keys of an identity provider cannot be fetched', { cause })
    this.retryAfter = retryAfter
  }
}

export interface IssuerKeys {
  /** Finds the key that a token names. @throws KeysUnavailable, or an error of jose where there is none */
  find: JWTVerifyGetKey
  /** Changes whenever other keys than before were fetched: what the old ones proved has to be proved again. */
  generation(): number
}

/** Keys younger than this are taken as they are. */
const FRESH_MS = 10 * 60_000
/** While the provider does not answer, its keys are good for so long. */
const MOST_STALE_MS = 6 * 60 * 60_000
/** An unknown key makes the set be fetched anew, but no more often than this, whatever tokens name. */
const COOLDOWN_MS = 30_000
/** After a fetch that failed. */
const RETRY_MS = 2_000
const TIMEOUT_MS = 3_000
const MOST_BYTES = 256 * 1024

export interface KeyTimes {
  freshMs?: number
  staleMs?: number
  cooldownMs?: number
  retryMs?: number
  now?: () => number
}

/** Keys that are given once. */
function fixedKeys(jwks: JSONWebKeySet): IssuerKeys {
  return { find: createLocalJWKSet(jwks), generation: () => 0 }
}

/** @param source given keys, or where they are fetched from */
export function keysOf(source: KeySource, times?: KeyTimes): IssuerKeys {
  return 'jwks' in source
    ? fixedKeys(source.jwks as unknown as JSONWebKeySet)
    : fetchedKeys(async () => source.jwksUri, times)
}

/** The keys of an issuer, discovered where their address is not given. */
export function issuerKeys({ issuer, jwksUri }: { issuer: string; jwksUri: string | undefined }, times?: KeyTimes) {
  return fetchedKeys(async () => jwksUri ?? (await discover(issuer)), times)
}

/**
 * Keys are fetched at the first need, then kept: old ones are renewed beside the requests that use them, unknown ones
 * make the set be fetched once more, and a provider that does not answer is forgiven for hours.
 */
function fetchedKeys(address: () => Promise<string>, times: KeyTimes = {}): IssuerKeys {
  const { freshMs = FRESH_MS, staleMs = MOST_STALE_MS, cooldownMs = COOLDOWN_MS, retryMs = RETRY_MS } = times
  const now = times.now ?? Date.now
  let keys: JWTVerifyGetKey | undefined
  let text = ''
  let generation = 0
  let fetchedAt = Number.NEGATIVE_INFINITY
  let failedAt = Number.NEGATIVE_INFINITY
  let failure: unknown
  let loading: Promise<void> | undefined

  async function load(): Promise<void> {
    try {
      const jwks = await getJson(await address())
      if (!Array.isArray(jwks.keys)) throw new Error('the answer is no set of keys')
      const found = createLocalJWKSet(jwks as unknown as JSONWebKeySet)
      const read = JSON.stringify(jwks.keys)
      if (read !== text) generation += 1
      ;[keys, text, fetchedAt, failedAt] = [found, read, now(), Number.NEGATIVE_INFINITY]
    } catch (error) {
      ;[failure, failedAt] = [error, now()]
    }
  }
  /** One fetch at a time, and none right after one that failed. */
  function reload(): Promise<void> {
    if (now() - failedAt < retryMs) return Promise.resolve()
    loading ??= load().finally(() => {
      loading = undefined
    })
    return loading
  }
  const failing = () => failedAt > fetchedAt
  const unavailable = () => new KeysUnavailable(Math.max(1, Math.ceil((failedAt + retryMs - now()) / 1000)), failure)

  return {
    generation: () => generation,
    async find(header, token) {
      const age = now() - fetchedAt
      if (age > staleMs) await reload()
      else if (age > freshMs) void reload()
      if (!keys || now() - fetchedAt > staleMs) throw unavailable()
      try {
        return await keys(header, token)
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
        if (now() - fetchedAt >= cooldownMs || failing()) await reload()
        // A key that nobody can look up may be a new one: that is not the caller's fault.
        if (failing()) throw unavailable()
        return keys(header, token)
      }
    },
  }
}

/** RFC 8414 section 3.1 puts the well-known part before the path, OpenID Connect Discovery behind it. */
async function discover(issuer: string): Promise<string> {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]
  let failure: unknown
  for (const place of places) {
    try {
      const { issuer: named, jwks_uri } = await getJson(place)
      // RFC 8414 section 3.3: metadata that names another issuer must not be used.
      if (named !== issuer) throw new Error(`${place} speaks of another issuer`)
      if (!isTrustworthy(jwks_uri)) throw new Error(`${place} names no jwks_uri with https`)
      return jwks_uri
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

/** Redirects are not followed: what was configured is what is asked. */
async function getJson(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json, application/jwk-set+json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel()
    throw new Error(`${url} answered ${response.status}`)
  }
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body) {
    size += part.byteLength
    if (size > MOST_BYTES) throw new Error(`${url} answers with too much`)
    parts.push(part)
  }
  const parsed: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'))
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`${url} answers with no object`)
  return parsed as Record<string, unknown>
}
