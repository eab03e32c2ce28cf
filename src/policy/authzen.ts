import type { Action } from '../domain/actions.ts'
import type { Caller } from '../domain/call.ts'
import { ERRORS, type ErrorCode, invalid } from '../domain/errors.ts'
import { type Resource, type ResourceType, typeOf } from '../domain/resources.ts'
import { THE_ONE } from './entities.ts'
import type { Decision, Question, RequestContext } from './policy.ts'

/** A question as OpenID AuthZEN 1.0 has it (Access Evaluation API). Types and names are those of the Cedar schema. */
export interface Evaluation {
  subject: {
    type: 'User'
    id: string
    properties: {
      role: Caller['role']
      status: Caller['status']
      /** What the credential allows. */
      scopes: string[]
      /** The agent that acts for the subject. */
      agent?: string
      /** Who put the credential into the world; the subject, where it is left out. */
      issuer?: string
    }
  }
  action: { name: Action }
  resource: { type: ResourceType; id: string; properties?: Properties }
  context?: RequestContext
}

interface Properties {
  owner?: string
  role?: Caller['role']
  status?: Caller['status']
  team?: boolean
}

/** A decision as AuthZEN has it; what is in `context` is ours. */
export interface Answer {
  decision: boolean
  context: {
    /** The error code of a denial; `approval-required` where a person's consent would make it a yes. */
    reason?: string
    /** The policies that decided. */
    policies: string[]
    /** Names the rules that decided. */
    policyHash?: string
  }
}

/** So many evaluations are asked and answered at once. */
export const MOST_EVALUATIONS = 50

export function toEvaluation({ caller, action, resource, context }: Question): Evaluation {
  const properties = propertiesOf(resource)
  return {
    subject: {
      type: 'User',
      id: caller.userId,
      properties: {
        role: caller.role,
        status: caller.status,
        scopes: caller.scopes,
        ...(caller.agentId !== undefined && { agent: caller.agentId }),
        issuer: caller.issuedBy,
      },
    },
    action: { name: action },
    resource: {
      type: resource.type,
      id: 'id' in resource ? resource.id : THE_ONE,
      ...(Object.keys(properties).length > 0 && { properties }),
    },
    context,
  }
}

function propertiesOf(resource: Resource): Properties {
  if (resource.type === 'User') {
    const { role, status } = resource
    return { ...(role && { role }), ...(status && { status }) }
  }
  if (resource.type === 'Channel') return { team: resource.team }
  return 'ownerId' in resource ? { owner: resource.ownerId } : {}
}

/** The properties that a kind of thing may have, and the one that it must have. */
const PROPERTIES: Record<ResourceType, { may: (keyof Properties)[]; must?: keyof Properties }> = {
  Service: { may: [] },
  AuditTrail: { may: [] },
  Product: { may: [] },
  DeadLetter: { may: [] },
  User: { may: ['role', 'status'] },
  Channel: { may: ['team'], must: 'team' },
  Order: { may: ['owner'], must: 'owner' },
  ApiKey: { may: ['owner'], must: 'owner' },
  Message: { may: ['owner'], must: 'owner' },
  Report: { may: ['owner'], must: 'owner' },
  Approval: { may: ['owner'], must: 'owner' },
}

/**
 * Reads an evaluation whose fields have been checked one by one; here they are checked against each other.
 * @param pointer where the evaluation stands in the request
 * @throws CodedError validation-failed
 */
export function fromEvaluation({ subject, action, resource, context }: Evaluation, pointer = '/body'): Question {
  const { type, id, properties = {} } = resource
  if (typeOf(action.name) !== type) {
    throw invalid(`${pointer}/resource/type`, 'enum', `must be ${typeOf(action.name)} for ${action.name}`)
  }
  const { may, must } = PROPERTIES[type]
  const at = `${pointer}/resource/properties`
  for (const name of Object.keys(properties) as (keyof Properties)[]) {
    if (!may.includes(name)) throw invalid(`${at}/${name}`, 'additionalProperties', `says nothing of ${type}`)
  }
  if (must && properties[must] === undefined) throw invalid(`${at}/${must}`, 'required', 'is required')
  const { role, status, scopes, agent, issuer } = subject.properties
  return {
    caller: {
      userId: subject.id,
      role,
      status,
      scopes,
      ...(agent !== undefined && { agentId: agent }),
      issuedBy: issuer ?? subject.id,
      credentialId: '',
    },
    action: action.name,
    resource: toResource(type, id, properties),
    context: context ?? {},
  }
}

function toResource(type: ResourceType, id: string, { owner = '', role, status, team = false }: Properties): Resource {
  switch (type) {
    case 'Service':
    case 'AuditTrail':
      return { type }
    case 'User':
      return { type, id, ownerId: id, ...(role && { role }), ...(status && { status }) }
    case 'Product':
    case 'DeadLetter':
      return { type, id }
    case 'Channel':
      return { type, id, team }
    default:
      return { type, id, ownerId: owner }
  }
}

export function toAnswer({ allow, code, policies, hash }: Decision): Answer {
  return {
    decision: allow,
    context: {
      ...(!allow && code && { reason: code }),
      policies,
      ...(hash && { policyHash: hash }),
    },
  }
}

/** An answer that is none: nothing may be concluded from it. */
export class MalformedAnswer extends Error {}

const VERSION = /^[\x21-\x7e]{1,128}$/
const MOST_POLICIES = 100
const LONGEST_ID = 200

/**
 * Reads what a decision point answered. A reason that is no code of ours is one that callers could not act on: the
 * denial stands without it.
 * @throws MalformedAnswer
 */
export function fromAnswer(answer: unknown): Decision {
  const { decision, context = {} } = recordOf(answer, 'the answer')
  if (typeof decision !== 'boolean') throw new MalformedAnswer('`decision` is not a boolean')
  const { reason, policies, policyHash } = recordOf(context, '`context`')
  return {
    allow: decision,
    policies: idsOf(policies),
    ...(!decision && isDenial(reason) && { code: reason }),
    ...(typeof policyHash === 'string' && VERSION.test(policyHash) && { hash: policyHash }),
  }
}

/** @returns the decisions, as many as were asked for @throws MalformedAnswer */
export function fromAnswers(answer: unknown, count: number): Decision[] {
  const { evaluations } = recordOf(answer, 'the answer')
  if (!Array.isArray(evaluations)) throw new MalformedAnswer('`evaluations` is not a list')
  if (evaluations.length !== count) {
    throw new MalformedAnswer(`${evaluations.length} evaluations answer ${count} questions`)
  }
  return evaluations.map(fromAnswer)
}

function recordOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new MalformedAnswer(`${name} is not an object`)
}

const idsOf = (policies: unknown) =>
  Array.isArray(policies)
    ? policies.filter((id) => typeof id === 'string' && id.length <= LONGEST_ID).slice(0, MOST_POLICIES)
    : []

/** What a decision can be refused for; a decision point cannot make the service say that it has failed. */
const isDenial = (reason: unknown): reason is ErrorCode =>
  typeof reason === 'string' &&
  Object.hasOwn(ERRORS, reason) &&
  !ERRORS[reason as ErrorCode].retryable &&
  reason !== 'internal'
