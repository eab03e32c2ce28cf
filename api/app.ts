import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { FindSeal } from '../src/domain/audit.ts'
import type { ChannelSetup } from '../src/domain/channels.ts'
import { CodedError } from '../src/domain/errors.ts'
import type { ApiKeys } from '../src/identity/api-keys.ts'
import type { Tokens } from '../src/identity/tokens.ts'
import type { Vault } from '../src/identity/vault.ts'
import type { Limits } from '../src/limits/limits.ts'
import type { Policy } from '../src/policy/policy.ts'
import type { Storage } from '../src/storage/storage.ts'
import type { Queue } from '../src/work/queue.ts'
import { registerAccess } from './access/routes.ts'
import { registerApprovalsPage } from './approvals-page.ts'
import { registerDocs } from './docs.ts'
import { registerHealth } from './health.ts'
import { createRefusalRecorder } from './plugins/audit.ts'
import { registerAuthentication } from './plugins/authenticate.ts'
import { registerAuthorization } from './plugins/authorize.ts'
import { registerBodies } from './plugins/body.ts'
import { registerClosing } from './plugins/closing.ts'
import { createDisclosure } from './plugins/disclosure.ts'
import { answerBrokenSocket, answerExpectation, registerErrors, sendProblem, toCoded } from './plugins/errors.ts'
import { registerGone } from './plugins/gone.ts'
import { registerLimit } from './plugins/limit.ts'
import { registerLog } from './plugins/log.ts'
import { registerOverload } from './plugins/overload.ts'
import { registerPreconditions } from './plugins/preconditions.ts'
import { createAdmission, registerQuotas } from './plugins/quota.ts'
import { registerHeaders, requestId } from './plugins/request-id.ts'
import { registerTextRules } from './plugins/text.ts'
import { createUnitOfWork } from './plugins/unit-of-work.ts'
import { strictValidation } from './plugins/validate.ts'
import { registerProtectedResource } from './protected-resource.ts'
import { registerV1 } from './v1/index.ts'

export interface Services {
  storage: Storage
  policy: Policy
  apiKeys: ApiKeys
  /** Undefined where no issuer of access tokens is configured. */
  tokens?: Tokens | undefined
  vault: Vault
  queue: Queue
  /** What routes need to know of how messages leave. */
  channels: ChannelSetup
  findSeal: FindSeal
  limits: Limits
}

export interface AppOptions {
  log: Logger
  /** Requests that one address may send in a minute. */
  requestsPerMinute: number
  /** Addresses and networks of proxies whose X-Forwarded-For tells the address of the caller. */
  trustedProxies: string[]
  /** How long the answer to a request is kept for whoever repeats it, in milliseconds. */
  keepAnswersMs: number
}

const BODY_BYTES = 256 * 1024
const REQUEST_MS = 30_000
const LONGEST_PARAM = 200

/** Builds the service: first the safeguards, in the order that a request meets them, then what they guard. */
export async function createApp(services: Services, options: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: options.log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestId,
    bodyLimit: BODY_BYTES,
    // Ours answers with a problem; see plugins/closing.ts.
    return503OnClosing: false,
    trustProxy: options.trustedProxies.length > 0 ? options.trustedProxies : false,
    requestTimeout: REQUEST_MS,
    http: {
      // Node looks for requests that take too long every 30 s unless told otherwise.
      connectionsCheckingInterval: REQUEST_MS / 6,
      // Node would answer a missing Host with an empty 400; nothing here depends on the header.
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: LONGEST_PARAM },
    schemaController: strictValidation(),
    frameworkErrors: (error, request, reply) =>
      void sendProblem(request, reply.header('x-request-id', request.id), toCoded(error)),
    clientErrorHandler: (error, socket) => answerBrokenSocket(error, socket, randomUUID()),
  }) as unknown as FastifyInstance

  app.server.on('checkExpectation', answerExpectation)

  const urls = new Set<string>()
  app.addHook('onRoute', ({ url }) => void urls.add(url))

  registerErrors(app, createRefusalRecorder(services.storage, services.policy, services.vault))
  registerClosing(app)
  registerHeaders(app)
  registerLog(app)
  await registerOverload(app, services.limits)
  await registerLimit(app, options.requestsPerMinute, services.limits)
  registerAuthentication(app, services)
  registerQuotas(app, services.limits)
  registerGone(app)
  registerBodies(app)
  registerTextRules(app)
  registerAuthorization(app, services.policy)
  registerPreconditions(app)

  const disclosure = createDisclosure(services)
  const admit = createAdmission(services.limits)
  const change = createUnitOfWork({ ...services, disclosure, keepAnswersMs: options.keepAnswersMs, admit })
  await registerV1(app, services, change, disclosure)
  // Where somebody else decides, there are no policies here to ask.
  if (!services.policy.remote) registerAccess(app, services.policy)
  registerHealth(app, services)
  registerProtectedResource(app, services.tokens)
  await registerDocs(app)
  registerApprovalsPage(app)
  registerOtherMethods(app, [...urls])
  return app
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** A known route with an unknown method is 405 and says which methods there are (RFC 9110 section 15.5.6). */
function registerOtherMethods(app: FastifyInstance, urls: string[]): void {
  for (const url of urls) {
    const allowed = METHODS.filter((method) => app.hasRoute({ method, url }))
    app.route({
      url,
      method: METHODS.filter((method) => !allowed.includes(method)),
      handler: (request, reply) =>
        sendProblem(request, reply.header('allow', allowed.join(', ')), new CodedError('method-not-allowed')),
    })
  }
}
