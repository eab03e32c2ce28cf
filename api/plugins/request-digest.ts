import type { FastifyRequest } from 'fastify'
import { canonicalize } from '../../src/canonical.ts'
import type { Vault } from '../../src/identity/vault.ts'

/**
 * Names what exactly a request asks for: method, route, parameters, body and precondition, in canonical form
 * (RFC 8785). Keyed, so that nobody who reads it can try out what was in it.
 */
export function digestOf(request: FastifyRequest, vault: Vault): Uint8Array<ArrayBuffer> {
  const { dryRun: _, ...query } = (request.query ?? {}) as Record<string, unknown>
  const text = canonicalize({
    method: request.method,
    route: request.routeOptions.url,
    path: request.params ?? {},
    query,
    body: request.body ?? null,
    ifMatch: request.headers['if-match'] ?? null,
  })
  return vault.digest('request', text)
}
