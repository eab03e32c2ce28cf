import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Action } from '../../src/domain/actions.ts'
import type { Call, Visibility } from '../../src/domain/call.ts'
import { CodedError, type ErrorCode } from '../../src/domain/errors.ts'
import { type Resource, service } from '../../src/domain/resources.ts'
import { asPerson, type Decision, type Policy } from '../../src/policy/policy.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What of a list the caller may see. */
    visible: Visibility
  }
}

const NOTHING: Visibility = { all: false, ownerId: '' }

/** Asks policy before the handler runs: about the resource, or about what of a list is visible. */
export function registerAuthorization(app: FastifyInstance, policy: Policy): void {
  app.decorateRequest('visible')
  app.addHook('preHandler', async (request) => {
    const { operation } = request.routeOptions.config
    const { call } = request
    if (!operation || !call) return
    // Asked before anything is looked up, so that a suspended account learns nothing of what exists.
    const standing = await policy.check(asPerson(call.caller), 'caller:read', service)
    if (!standing.allow) throw refusal(standing)
    if (operation.on === 'list') {
      const { visible, decision } = await policy.visible(call.caller, operation.action)
      if (!visible) throw refusal(decision)
      request.visible = visible
      return
    }
    request.visible = NOTHING
    const resource = await operation.on(call, input(request))
    const body = operation.body ? (request.body as Record<string, unknown>) : undefined
    const decision = await policy.check(call.caller, operation.action, resource, {
      fields: Object.keys(body ?? {}),
      requestedScopes: body && operation.requestedScopes ? operation.requestedScopes(body) : [],
    })
    if (!decision.allow) throw await hidden(policy, call, resource, refusal(decision))
  })
}

/** The request as the operation's own functions see it, after validation. */
export const input = (request: FastifyRequest) => ({
  params: request.params,
  query: request.query,
  body: request.body,
})

/** What the person could not even read does not exist for the caller: 404, as for an id that was never given. */
async function hidden(policy: Policy, { caller }: Call, resource: Resource, refused: CodedError): Promise<CodedError> {
  if (resource.type === 'Service' || resource.id === 'new') return refused
  const [action, code] = READS[resource.type]
  const { allow } = await policy.check(asPerson(caller), action, resource)
  return allow ? refused : new CodedError(code)
}

const READS: Record<Exclude<Resource['type'], 'Service'>, [Action, ErrorCode]> = {
  User: ['user:read', 'user-not-found'],
  Product: ['product:read', 'product-not-found'],
  Order: ['order:read', 'order-not-found'],
  ApiKey: ['api-key:read', 'api-key-not-found'],
}

const refusal = (decision: Decision) => new CodedError(decision.code ?? 'forbidden')
