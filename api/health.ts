import type { FastifyInstance } from 'fastify'
import type { Services } from './app.ts'

/**
 * Unversioned probes. /livez says that the process runs and depends on nothing, so that a database outage does not
 * restart it; /readyz says whether requests can be served.
 */
export function registerHealth(app: FastifyInstance, { storage, policy, limits }: Services): void {
  app.get('/livez', async () => ({ status: 'ok' }))
  app.get('/readyz', async (request, reply) => {
    const migrated = await storage.isMigrated().catch((error: unknown) => {
      request.log.warn({ err: error }, 'the database does not answer')
      return undefined
    })
    const redis = limits.health()
    const { status, detail } = (await policy.health?.()) ?? { status: 'ok', detail: policy.hash.slice(0, 12) }
    const checks = {
      database: migrated === undefined ? 'failed' : 'ok',
      migrations: migrated ? 'ok' : 'failed',
      // Which rules decide; a file that is broken takes nothing from the ones that do.
      policies: detail,
      // Without it requests are served, with a part of the quotas.
      ...(redis && { redis }),
    }
    const ready = migrated && status !== 'failed'
    const health = redis === 'degraded' ? redis : status
    return reply.code(ready ? 200 : 503).send({ status: ready ? health : 'unready', checks })
  })
}
