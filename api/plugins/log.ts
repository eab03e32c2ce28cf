import type { FastifyInstance } from 'fastify'
import { redact } from '../../src/privacy/redact.ts'

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
const HIDDEN = ['authorization', 'cookie', 'key', 'secret', 'token', 'password', 'connectionString'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
])

const CAUSES = 3
/** Operators have to see which machine listens, or does not answer; the addresses of callers are not logged. */
const SPARED = new Set(['IP'])
const plain = (text: unknown) => (typeof text === 'string' ? redact(text, SPARED).text : undefined)

/** An error without what came with it: the values of a failed statement, say. Its words may quote anything. */
function tellError(error: unknown, causes = CAUSES): object | undefined {
  if (!(error instanceof Error)) return { message: plain(String(error)) }
  const { name, message, stack, cause, code } = error as Error & { code?: unknown }
  return {
    type: name,
    message: plain(message),
    stack: plain(stack),
    code,
    ...(cause !== undefined && causes > 0 && { cause: tellError(cause, causes - 1) }),
    ...(error instanceof AggregateError && { errors: error.errors.slice(0, CAUSES).map((each) => tellError(each, 0)) }),
  }
}

/** How the service's logger is set up (pino): no secrets, and no personal data in messages and errors. */
export const LOG_RULES = {
  redact: HIDDEN,
  serializers: { err: (error: unknown) => tellError(error) },
  hooks: {
    logMethod(this: unknown, args: unknown[], method: (...args: never[]) => void) {
      method.apply(this, args.map((each) => (typeof each === 'string' ? redact(each, SPARED).text : each)) as never[])
    },
  },
}
