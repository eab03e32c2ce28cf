import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Call, Visibility } from '../../src/domain/call.ts'
import { CodedError, scopeMissing } from '../../src/domain/errors.ts'
import { HIDDEN, NEW, type Resource, service } from '../../src/domain/resources.ts'
import { asPerson, type Decision, type Policy, type RequestContext } from '../../src/policy/policy.ts'
import { isRead } from '../operation.ts'
import { neededScopes } from './challenge.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What of a list the caller may see. */
    visible: Visibility
    /** What policy was asked, and whether a person has to consent. */
    question: Question
  }
}

export interface Question {
  resource: Resource
  context: RequestContext
  consent: boolean
  /** The policies that ask for consent. */
  reasons: string[]
}

const NOTHING: Visibility = { all: false, ownerId: '' }

/** Asks policy before the handler runs: about the resource, or about what of a list is visible. */
export function registerAuthorization(app: FastifyInstance, policy: Policy): void {
  app.decorateRequest('visible')
  app.decorateRequest('question')
  app.addHook('preHandler', async (request) => {
    const { operation } = request.routeOptions.config
    const { call } = request
    if (!operation || !call) return
    // Asked before anything is looked up, so that a suspended account learns nothing of what exists.
    const standing = await policy.check(asPerson(call.caller), 'caller:read', service)
    if (!standing.allow) throw refusal(request, standing)
    if (operation.on === 'list') {
      const { visible, decision } = await policy.visible(call.caller, operation.action)
      if (!visible) throw refusal(request, decision)
      request.visible = visible
      return
    }
    request.visible = NOTHING
    const resource = await operation.on(call, input(request))
    const body = operation.body ? (request.body as Record<string, unknown>) : undefined
    const context: RequestContext = {
      fields: Object.keys(body ?? {}),
      requestedScopes: body && operation.requestedScopes ? operation.requestedScopes(body) : [],
      risk: operation.risk,
      ...(await operation.facts?.(call, input(request), false)),
    }
    const decision = await policy.check(call.caller, operation.action, resource, context)
    const consent = decision.code === 'approval-required' && !isRead(operation)
    request.question = { resource, context, consent, reasons: consent ? decision.policies : [] }
    if (!decision.allow && !consent) throw await hidden(policy, call, resource, refusal(request, decision))
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
  const hiding = HIDDEN[resource.type]
  if (!hiding || ('id' in resource && resource.id === NEW)) return refused
  const { allow } = await policy.check(asPerson(caller), hiding.read, resource)
  return allow ? refused : Object.assign(new CodedError(hiding.missing), { hides: true })
}

function refusal(request: FastifyRequest, { code = 'forbidden' }: Decision): CodedError {
  return code === 'scope-missing' ? scopeMissing(neededScopes(request)) : new CodedError(code)
}
