import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { Caller } from '../domain/call.ts'
import type { Resource } from '../domain/resources.ts'
import type { CedarQuestion } from './engine.ts'
import type { Question } from './policy.ts'

/** From the least to the most; each may do what the ones before it may. */
export const ROLES = ['customer', 'support', 'manager', 'admin'] as const

/** A role is named with all those below it, so that Cedar need not be told how they stand to each other each time. */
const MEMBERSHIPS = new Map<string, EntityJson['parents']>(
  ROLES.map((role, rank) => [role, ROLES.slice(0, rank + 1).map((id) => ({ type: 'Role', id }))]),
)

/** The id of what has none, such as the service itself. */
export const THE_ONE = 'handrail'

/** @returns a question as Cedar wants it */
export function toCedar({ caller, action, resource, context }: Question): CedarQuestion {
  return {
    principal: { type: 'User', id: caller.userId },
    action: { type: 'Action', id: action },
    resource: uid(resource),
    context: {
      action,
      scopes: caller.scopes,
      fields: context.fields ?? [],
      requestedScopes: context.requestedScopes ?? [],
      risk: context.risk ?? 'low',
      issuer: { __entity: { type: 'User', id: caller.issuedBy } },
      approved: context.approved ?? false,
      ...(context.amount !== undefined && { amount: context.amount }),
      ...(caller.agentId !== undefined && { agent: caller.agentId }),
    },
    entities: entities(caller, resource),
    validateRequest: true,
  }
}

/**
 * A text that is the same for questions that must get the same answer. Cedar compares ids and sees nothing else of them,
 * so where no rule names one, all that matters is which of them are the same.
 */
export function keyOf({ caller, action, resource, context }: Question, namesThings: boolean): string {
  const { userId, role, status, agentId, scopes, issuedBy } = caller
  const { type, id, ownerId, ...rest } = { id: THE_ONE, ownerId: undefined, ...resource }
  const people = type === 'User' ? [userId, issuedBy, id] : [userId, issuedBy, ownerId]
  const ids = namesThings ? [...people, id] : people.map((each) => people.indexOf(each))
  return JSON.stringify([ids, ownerId !== undefined, role, status, agentId, scopes, action, type, rest, context])
}

function entities(caller: Caller, resource: Resource): EntityJson[] {
  const person: EntityJson = {
    uid: { type: 'User', id: caller.userId },
    attrs: { status: caller.status, role: caller.role },
    parents: MEMBERSHIPS.get(caller.role) ?? [],
  }
  const own = resource.type === 'User' && resource.id === caller.userId
  return own ? [person] : [person, { uid: uid(resource), attrs: attributes(resource), parents: [] }]
}

const uid = (resource: Resource) => ({ type: resource.type, id: 'id' in resource ? resource.id : THE_ONE })

function attributes(resource: Resource): Record<string, CedarValueJson> {
  if ('ownerId' in resource && resource.type !== 'User') {
    return { owner: { __entity: { type: 'User', id: resource.ownerId } } }
  }
  if (resource.type === 'Channel') return { team: resource.team }
  // A new account is an active customer's, and so is the sample that stands for somebody's.
  return resource.type === 'User' ? { status: resource.status ?? 'active', role: resource.role ?? 'customer' } : {}
}
