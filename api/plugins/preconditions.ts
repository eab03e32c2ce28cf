import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { CodedError, invalid } from '../../src/domain/errors.ts'
import { UUID } from '../../src/domain/page.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The version in If-Match; 0 where the operation wants none. */
    version: number
    /** The consent that the request refers to. */
    approvalId: string | undefined
  }
}

/** Versions are 1 and up, as a strong entity tag: "3". */
const VERSION_TAG = /^"([1-9]\d{0,9})"$/
/** The largest version that the database can hold. */
const LAST_VERSION = 2 ** 31 - 1

export const toTag = (version: number) => `"${version}"`

/** Conditional requests (RFC 9110 section 13): If-Match guards changes, If-None-Match saves the body of a read. */
export function registerPreconditions(app: FastifyInstance): void {
  app.decorateRequest('version', 0)
  app.decorateRequest('approvalId', undefined)
  app.addHook('preValidation', async (request) => {
    const header = request.headers['approval-id']
    if (header === undefined) return
    const id = String(header).trim().toLowerCase()
    if (!UUID.test(id)) throw invalid('/header/approval-id', 'format', 'must be the id of an approval')
    request.approvalId = id
  })
  app.addHook('preHandler', async (request) => {
    if (!request.routeOptions.config.operation?.ifMatch) return
    const header = request.headers['if-match']
    if (header === undefined) throw new CodedError('precondition-required')
    const [, version] = VERSION_TAG.exec(header.trim()) ?? []
    if (!version || Number(version) > LAST_VERSION) {
      throw new CodedError('precondition-failed', 'If-Match must be the one ETag that the resource was read with.', [
        { pointer: '/header/if-match', code: 'etag', message: 'must be an ETag of this resource, such as "3"' },
      ])
    }
    request.version = Number(version)
  })
  app.addHook('onSend', async (request, reply, payload) => {
    if (!request.routeOptions.config.operation) return payload
    // What one caller sees is not what another sees, and it may change at any time.
    reply.header('cache-control', 'private, no-cache').header('vary', 'authorization')
    if (!['GET', 'HEAD'].includes(request.method) || reply.statusCode !== 200 || typeof payload !== 'string')
      return payload
    if (!reply.hasHeader('etag')) reply.header('etag', `"${createHash('sha256').update(payload).digest('base64url')}"`)
    if (!matches(request.headers['if-none-match'], String(reply.getHeader('etag')))) return payload
    reply.code(304).removeHeader('content-type').removeHeader('content-length')
    return null
  })
}

/** Weak comparison, RFC 9110 section 8.8.3.2. */
function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === tag)
}
