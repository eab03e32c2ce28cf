import type { Log } from '../log.ts'
import { createDownstream } from './downstream.ts'
import { forwarded, type Identity } from './identity.ts'
import { createKeys } from './keys.ts'
import { createDiscovery, createProviderClient } from './provider.ts'
import type { AuthRule } from './rule.ts'
import { createVerifier, InvalidToken } from './verify.ts'

/** Tells who is calling. */
export interface Gate {
  rule: AuthRule
  /** The endpoint's public URL. */
  resource(): string
  /** Throws InvalidToken for a token that is not taken, ProviderUnavailable when nobody can tell. */
  identify(token: string): Promise<Identity>
  close(): Promise<void>
}

/** A gate by a rule. `ownUrl` is where the endpoint listens, which counts where no public URL is configured. */
export function createGate(rule: AuthRule, { ownUrl, log }: { ownUrl: () => string; log: Log }): Gate {
  const resource = () => rule.resource ?? ownUrl()
  const client = createProviderClient()
  const discoveries = new Map(rule.issuers.map((issuer) => [issuer.issuer, createDiscovery(client, issuer)]))
  const metadataOf = async (issuer: string) => (await discoveries.get(issuer)?.()) ?? {}
  const keys = new Map(
    rule.issuers.map(({ issuer, jwks }) => {
      const place = async () => (jwks === undefined ? metadataOf(issuer) : { jwks })
      return [issuer, createKeys(client, place, rule.keys)] as const
    }),
  )
  const verifier = createVerifier(rule, keys, () => rule.audience ?? resource())
  const downstream = rule.exchange && createDownstream(rule.exchange, { client, metadataOf, log })

  async function identify(token: string): Promise<Identity> {
    if (rule.apiKeyPrefix !== undefined && token.startsWith(rule.apiKeyPrefix)) return forwarded(token)
    const caller = await verifier.verify(token).catch((error: unknown) => {
      if (error instanceof InvalidToken) log.info({ cause: error.message }, 'a token is refused')
      throw error
    })
    // A person stays the same when their token is renewed.
    const owner = JSON.stringify([caller.issuer, caller.subject, caller.clientId ?? null, caller.actor ?? null])
    const { scopes } = caller
    if (!downstream) return { ...forwarded(token, owner), scopes }
    return {
      owner,
      isForwarded: false,
      scopes,
      credential: (needed, signal) => downstream.credentialFor(caller, needed, signal),
    }
  }
  return { rule, resource, identify, close: () => client.close() }
}
