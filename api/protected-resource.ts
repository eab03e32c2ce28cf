import type { FastifyInstance } from 'fastify'
import type { Tokens } from '../src/identity/tokens.ts'
import { RESOURCE_PATH, WELL_KNOWN } from './plugins/challenge.ts'

const MAX_AGE_SECONDS = 3600
/** What a new client starts with; the challenge of a refusal names what more an operation needs. */
const FIRST_SCOPES = ['caller:read', 'product:read', 'order:read'] as const

/**
 * Tells clients where to get tokens for this service (RFC 9728): for its address, and for the path of the API. There is
 * nothing to tell where no issuer is configured.
 */
export function registerProtectedResource(app: FastifyInstance, tokens: Tokens | undefined): void {
  if (!tokens) return
  for (const path of ['', RESOURCE_PATH]) {
    const metadata = {
      resource: `${tokens.publicUrl}${path}`,
      authorization_servers: tokens.issuers,
      scopes_supported: FIRST_SCOPES.map((action) => tokens.scopeFor(action)),
      bearer_methods_supported: ['header'],
      resource_name: 'Handrail',
      resource_documentation: `${tokens.publicUrl}/docs`,
    }
    app.get(`${WELL_KNOWN}${path}`, { schema: { hide: true } }, async (_request, reply) =>
      // Public, and read by clients in browsers too.
      reply
        .header('cache-control', `public, max-age=${MAX_AGE_SECONDS}`)
        .header('access-control-allow-origin', '*')
        .send(metadata),
    )
  }
}
