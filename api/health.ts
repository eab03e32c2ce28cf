import type { FastifyInstance } from 'fastify'
import type { Services } from './app.ts'

/**
 * Unversioned probes. /livez says that the process runs and depends on nothing, so that a database outage does not
 * restart it; /readyz says whether requests can be served.
 */
export function registerHealth(app: FastifyInstance, { storage, policy }: Services): void {
  app.get('/livez', async () => ({ status: 'ok' }))
  app.get('/readyz', async (request, reply) => {
    const database = await storage.ping().then(
      () => 'ok',
      (error: unknown) => {
        request.log.warn({ err: error }, 'the database does not answer')
        return 'failed'
      },
    )
    // Migrations are applied before the service listens, and broken policies stop the start.
    const checks = { database, migrations: 'ok', policies: policy.hash.slice(0, 12) }
    return reply.code(database === 'ok' ? 200 : 503).send({ status: database === 'ok' ? 'ok' : 'unready', checks })
  })
}
