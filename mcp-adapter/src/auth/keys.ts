import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { createSingleFlight } from './cache.ts'
import { type ProviderClient, type ProviderMetadata, ProviderUnavailable } from './provider.ts'

/** How long keys are used without asking again, and how often an unknown key may make us ask, in milliseconds. */
interface KeyTiming {
  maxAgeMs: number
  cooldownMs: number
}

export interface Keys {
  /** The key of a token, for jose. Throws JWKSNoMatchingKey, or ProviderUnavailable when there are no keys to try. */
  find: JWTVerifyGetKey
  /** Grows with each set of keys that differs from the one before: what an earlier set proved is to be proved anew. */
  readonly generation: number
}

interface KnownKeys {
  find: ReturnType<typeof createLocalJWKSet>
  text: string
  at: number
}

/** Keys of a provider that cannot be reached are used so long beyond their age, so that it may be down for a while. */
const GRACE_MS = 60 * 60_000

/** The public keys of one issuer: fetched at first use, kept, fetched again when old or when a token names another. */
export function createKeys(
  client: ProviderClient,
  place: () => Promise<ProviderMetadata>,
  { maxAgeMs, cooldownMs }: KeyTiming,
): Keys {
  const once = createSingleFlight<KnownKeys>()
  let known: KnownKeys | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  let generation = 0

  async function load(): Promise<KnownKeys> {
    askedAt = performance.now()
    const { jwks } = await place()
    if (jwks === undefined) throw new ProviderUnavailable('The metadata of the issuer names no keys')
    const { status, body } = await client.ask(jwks)
    if (status !== 200 || !Array.isArray(body.keys)) throw new ProviderUnavailable(`The keys at ${jwks} cannot be read`)
    const text = JSON.stringify(body)
    if (text !== known?.text) generation += 1
    known = { find: createLocalJWKSet(body as unknown as JSONWebKeySet), text, at: performance.now() }
    return known
  }

  async function refresh(): Promise<void> {
    const age = known ? performance.now() - known.at : Number.POSITIVE_INFINITY
    if (age < maxAgeMs) return
    const rests = performance.now() - askedAt < cooldownMs
    if (rests && age < maxAgeMs + GRACE_MS) return
    try {
      await once('', load)
    } catch (error) {
      if (age >= maxAgeMs + GRACE_MS) throw error
    }
  }

  return {
    get generation() {
      return generation
    },
    async find(header, token) {
      await refresh()
      const keys = known
      if (!keys) throw new ProviderUnavailable('There are no keys')
      try {
        return await keys.find(header, token)
      } catch (error) {
        const mayAsk = performance.now() - askedAt >= cooldownMs
        if (!(error instanceof errors.JWKSNoMatchingKey) || !mayAsk) throw error
        // The issuer may have a new key. Whether this one is forged is not known unless the issuer says so.
        const fresh = await once('', load)
        return await fresh.find(header, token)
      }
    },
  }
}
