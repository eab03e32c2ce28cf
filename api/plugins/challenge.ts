import type { FastifyRequest } from 'fastify'
import type { CodedError, ErrorCode } from '../../src/domain/errors.ts'
import type { Tokens } from '../../src/identity/tokens.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Set where access tokens are accepted. */
    tokens: Tokens | undefined
  }
}

/** Where the metadata of a protected resource is, before its path (RFC 9728 section 3.1). */
export const WELL_KNOWN = '/.well-known/oauth-protected-resource'
/** The part of the service that tokens are for. */
export const RESOURCE_PATH = '/api/v1'

/** All that an operation needs at once, in the words of the caller's provider where there is one. */
export function neededScopes(request: FastifyRequest): string[] {
  const { operation } = request.routeOptions.config
  if (!operation) return []
  const { tokens } = request.server
  const caller = request.call?.caller
  // Of an API key the scopes are the actions themselves.
  const byKey = caller !== undefined && caller.issuer === undefined
  return [tokens && !byKey ? tokens.scopeFor(operation.action, caller?.issuer) : operation.action]
}

/**
 * The challenge (RFC 6750 section 3, RFC 9728 section 5.1) that goes with a refusal: where tokens come from, which
 * scopes to ask for, and what was wrong with the one that was sent. A request without a credential gets no error code.
 */
export function challengeOf(request: FastifyRequest, error: CodedError): string | undefined {
  const codes: Partial<Record<ErrorCode, string | undefined>> = {
    unauthenticated: request.headers.authorization ? 'invalid_token' : undefined,
    'token-in-query': 'invalid_request',
    'scope-missing': 'insufficient_scope',
  }
  if (!(error.code in codes)) return undefined
  const { tokens } = request.server
  const code = codes[error.code]
  const scopes = tokens || code === 'insufficient_scope' ? neededScopes(request) : []
  const parameters = {
    realm: 'handrail',
    ...(code && { error: code }),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(tokens && { resource_metadata: `${tokens.publicUrl}${WELL_KNOWN}${RESOURCE_PATH}` }),
  }
  // Every value is ours or a setting's, checked to hold neither quotes nor controls.
  return `Bearer ${Object.entries(parameters)
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ')}`
}
