import type { FastifyInstance } from 'fastify'
import { CodedError } from '../../src/domain/errors.ts'

const GRACE_MS = 5_000

/**
 * While the service closes, what is under way is finished and what still arrives on open connections is turned away,
 * with the same body as any failure and with the connection closed, so that a busy client cannot hold the close up.
 */
export function registerClosing(app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
    // A client that never finishes its request must not keep the database from being closed.
    setTimeout(() => app.server.closeAllConnections(), GRACE_MS).unref()
  })
  app.addHook('onRequest', async (_request, reply) => {
    if (!closing) return
    reply.header('connection', 'close')
    throw new CodedError('unavailable', 'The service is shutting down.')
  })
}
