import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Call, Caller } from '../../src/domain/call.ts'
import { CodedError } from '../../src/domain/errors.ts'
import { TokenRefused } from '../../src/identity/access-token.ts'
import type { ApiKeys } from '../../src/identity/api-keys.ts'
import { KeysUnavailable } from '../../src/identity/issuer-keys.ts'
import type { Tokens } from '../../src/identity/tokens.ts'
import type { Storage } from '../../src/storage/storage.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, and with what; set once the caller is known. */
    call: Call | undefined
  }
}

/** RFC 6750 section 2.1; the scheme's case does not matter. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i
/** What API keys start with; any other credential can only be an access token. */
const KEY_PREFIX = 'hr_'

/** A client's signed statement for whom it calls (src/identity/assertions.ts). */
const ASSERTION = 'handrail-assertion'

/** W3C Trace Context section 3.2; a trace id of zeros is none. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}$/

export interface Credentials {
  apiKeys: ApiKeys
  /** Undefined where no issuer is configured. */
  tokens?: Tokens | undefined
  storage: Storage
}

/** Every operation wants a caller: an API key or an access token, as a bearer token in the header. */
export function registerAuthentication(app: FastifyInstance, { apiKeys, tokens, storage }: Credentials): void {
  app.decorateRequest('call', undefined)
  app.decorate('tokens', tokens)

  async function callerOf(request: FastifyRequest, reply: FastifyReply, now: Date): Promise<Caller> {
    const credential = credentialOf(request)
    const assertion = request.headers[ASSERTION]?.toString()
    if (!tokens || credential.startsWith(KEY_PREFIX)) {
      // Whoever vouches for somebody has to learn that nobody listened.
      if (assertion !== undefined) throw new CodedError('unauthenticated', 'An assertion goes with an access token.')
      const caller = await apiKeys.authenticate(storage.sql, credential, now)
      if (!caller) throw new CodedError('unauthenticated', 'The key is unknown, revoked or expired.')
      return caller
    }
    try {
      return await tokens.authenticate(storage.sql, credential, now, assertion)
    } catch (error) {
      if (error instanceof TokenRefused) throw new CodedError('unauthenticated', error.message)
      if (!(error instanceof KeysUnavailable)) throw error
      // Nobody knows whether the token is good: neither a yes nor a no would be true.
      reply.header('retry-after', error.retryAfter)
      reply.log.warn({ err: error }, 'the keys of an identity provider are not to be had')
      throw new CodedError('unavailable', 'The identity provider cannot be reached, so the token cannot be checked.')
    }
  }

  app.addHook('onRequest', async (request, reply) => {
    if (!request.routeOptions.config.operation) return
    const now = new Date()
    const caller = await callerOf(request, reply, now)
    const traceId = TRACEPARENT.exec(String(request.headers.traceparent ?? ''))?.[1]
    const { db, sql } = storage
    request.call = { caller, db, sql, now, requestId: request.id, outbox: [], jobs: [], ...(traceId && { traceId }) }
  })
}

/**
 * @returns the one credential of a request
 * @throws CodedError token-in-query for one in the URL (OAuth 2.1 section 5.1.1), unauthenticated for none or several
 */
function credentialOf(request: FastifyRequest): string {
  if (Object.hasOwn(request.query as object, 'access_token')) throw new CodedError('token-in-query')
  // Node keeps the first of several and drops the others: a proxy may have looked at another one.
  const { rawHeaders } = request.raw
  const sent = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization').length
  if (sent > 1) throw new CodedError('unauthenticated', 'The request carries more than one Authorization header.')
  const { authorization } = request.headers
  if (authorization === undefined) throw new CodedError('unauthenticated', 'The request carries no bearer token.')
  const [, token] = BEARER.exec(authorization) ?? []
  if (!token) throw new CodedError('unauthenticated', 'The Authorization header is not `Bearer` and one token.')
  return token
}
