import type { FastifyInstance } from 'fastify'
import type { Call } from '../../src/domain/call.ts'
import { CodedError } from '../../src/domain/errors.ts'
import type { ApiKeys } from '../../src/identity/api-keys.ts'
import type { Storage } from '../../src/storage/storage.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, and with what; set once the caller is known. */
    call: Call | undefined
  }
}

/** RFC 6750 section 2.1; the scheme's case does not matter. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i

/** W3C Trace Context section 3.2; a trace id of zeros is none. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}$/

/** Every route below the plugin's scope wants a caller: an API key as a bearer token. */
export function registerAuthentication(app: FastifyInstance, apiKeys: ApiKeys, storage: Storage): void {
  app.decorateRequest('call', undefined)
  app.addHook('onRequest', async (request) => {
    if (!request.routeOptions.config.operation) return
    const [, token] = BEARER.exec(request.headers.authorization ?? '') ?? []
    if (!token) throw new CodedError('unauthenticated', 'The request carries no bearer token.')
    const now = new Date()
    const caller = await apiKeys.authenticate(storage.sql, token, now)
    if (!caller) throw new CodedError('unauthenticated', 'The key is unknown, revoked or expired.')
    const traceId = TRACEPARENT.exec(String(request.headers.traceparent ?? ''))?.[1]
    const { db, sql } = storage
    request.call = { caller, db, sql, now, requestId: request.id, outbox: [], jobs: [], ...(traceId && { traceId }) }
  })
}
