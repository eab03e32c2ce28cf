import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { redact } from '../../src/privacy/redact.ts'

/** Ids from outside go into logs, the trail and answers, so only plain characters pass, and nothing that is a secret. */
const VALID = /^[A-Za-z0-9._-]{8,128}$/
/** What nearly all of them are, and needs no closer look. */
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/** Keeps a valid inbound X-Request-Id, so that one id follows a request through several services. */
export function requestId(message: Pick<IncomingMessage, 'headers'>): string {
  const inbound = message.headers['x-request-id']
  return typeof inbound === 'string' && isTellable(inbound) ? inbound : randomUUID()
}

const isTellable = (id: string) => VALID.test(id) && (UUID.test(id) || redact(id).found.length === 0)

export function registerHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
  })
}
