import type { FastifyInstance } from 'fastify'

/** One line a request. The route's template stands for the URL, which may hold personal data; bodies never appear. */
export function registerLog(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const { operation } = request.routeOptions.config
    request.log.info(
      {
        operation: operation?.operationId,
        callerId: request.call?.caller.userId,
        agentId: request.call?.caller.agentId,
        credentialId: request.call?.caller.credentialId,
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 100) / 100,
      },
      'request',
    )
  })
}

/** What a logged object may never show, wherever it stands. */
export const REDACTED = ['authorization', 'cookie', 'key', 'secret', 'token', 'password', 'connectionString'].flatMap(
  (name) => [name, `*.${name}`, `*.*.${name}`],
)
