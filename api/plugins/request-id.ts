import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** Ids from outside go into logs and answers, so only plain characters pass. */
const VALID = /^[A-Za-z0-9._-]{8,128}$/

/** Keeps a valid inbound X-Request-Id, so that one id follows a request through several services. */
export function requestId(message: Pick<IncomingMessage, 'headers'>): string {
  const inbound = message.headers['x-request-id']
  return typeof inbound === 'string' && VALID.test(inbound) ? inbound : randomUUID()
}

export function registerHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
  })
}
