import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs'
import { ACTIONS, type Action, ALL_ACTIONS } from '../domain/actions.ts'
import type { Caller, Visibility } from '../domain/call.ts'
import { ERRORS, type ErrorCode } from '../domain/errors.ts'
import { type Resource, type ResourceType, sampleOf } from '../domain/resources.ts'
import { loadRules } from './engine.ts'

export interface Decision {
  allow: boolean
  /** Why not, where a forbid with a code decided. `approval-required`: it would be allowed with a person's consent. */
  code?: ErrorCode
  /** The policies that decided, by their @id. */
  policies: string[]
}

/** What the request says beside who, what and on what. */
export interface RequestContext {
  /** The top-level fields of the body. */
  fields?: string[]
  /** The scopes that a new key would get. */
  requestedScopes?: string[]
  /** What the operation declares; `low` where it is left out. */
  risk?: 'low' | 'medium' | 'high'
  /** Minor units, where money moves. */
  amount?: number
  /** Whether a person consented to exactly this. */
  approved?: boolean
}

export interface Policy {
  /** Names the rules that decide. */
  hash: string
  /** @returns allow only where a policy permits, none forbids and none fails */
  check(caller: Caller, action: Action, resource: Resource, context?: RequestContext): Promise<Decision>
  /**
   * What of a list the caller may see. The rules themselves are asked, once about somebody's resource and once about
   * the caller's own, so a list shows what single reads show as long as the rules look at nothing but the owner.
   * @returns no `visible` where the caller may see nothing at all
   */
  visible(caller: Caller, action: Action): Promise<{ visible?: Visibility; decision: Decision }>
  /** @returns the actions that the caller may take on something, some of them only with a person's consent */
  actions(caller: Caller): Promise<Action[]>
}

const ROLES: EntityJson[] = ['customer', 'support', 'manager', 'admin'].map((role, rank, all) => ({
  uid: { type: 'Role', id: role },
  attrs: {},
  parents: rank === 0 ? [] : [{ type: 'Role', id: all[rank - 1] as string }],
}))

/** Nobody's id: a resource that belongs to some other person. */
const SOMEBODY = 'somebody'
const MOST_CACHED = 10_000

/**
 * The decision point: Cedar, in process.
 * @param folder holds the policies and their schema
 * @throws Error when the policies are broken or speak of other actions than the code
 */
export function createPolicy(folder: string): Policy {
  const rules = loadRules(folder)
  const missing = ACTIONS.filter((action) => !rules.resourceTypes.has(action))
  const unknown = [...rules.resourceTypes.keys()].filter((action) => !(ACTIONS as readonly string[]).includes(action))
  if (missing.length + unknown.length > 0) {
    throw new Error(`handrail.cedarschema and src/domain/actions.ts differ in: ${[...missing, ...unknown].join(', ')}`)
  }
  for (const code of rules.codes.values()) {
    if (!(code in ERRORS)) throw new Error(`handrail.cedar names the unknown error code ${code}`)
  }

  // A decision depends on nothing but its question, and the rules do not change while the process lives.
  const known = new Map<string, Decision>()

  function decide(caller: Caller, action: Action, resource: Resource, context: RequestContext): Decision {
    const question = JSON.stringify([
      caller.userId,
      caller.role,
      caller.status,
      caller.agentId,
      caller.scopes,
      caller.issuedBy,
      action,
      resource,
      context,
    ])
    const before = known.get(question)
    if (before) return before
    const decision = askWithConsent(caller, action, resource, context)
    if (known.size >= MOST_CACHED) known.delete(known.keys().next().value as string)
    known.set(question, decision)
    return decision
  }

  /** A forbid that only lacks consent speaks last: what consent would not help is refused for its own reason. */
  function askWithConsent(caller: Caller, action: Action, resource: Resource, context: RequestContext): Decision {
    const decision = ask(caller, action, resource, context)
    if (decision.code !== 'approval-required' || context.approved) return decision
    const approved = ask(caller, action, resource, { ...context, approved: true })
    return approved.allow ? decision : approved
  }

  function ask(caller: Caller, action: Action, resource: Resource, context: RequestContext): Decision {
    const { decision, diagnostics } = rules.evaluate({
      principal: { type: 'User', id: caller.userId },
      action: { type: 'Action', id: action },
      resource: { type: resource.type, id: idOf(resource) },
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
    })
    // A forbid whose condition fails is skipped by Cedar, which could turn a no into a yes: any failure means no.
    const allow = decision === 'allow' && diagnostics.errors.length === 0
    // Several may forbid; the first one in the file speaks.
    const [, code] = [...rules.codes].find(([id]) => diagnostics.reason.includes(id)) ?? []
    return { allow, policies: diagnostics.reason, ...(!allow && code && { code: code as ErrorCode }) }
  }

  return {
    hash: rules.hash,
    async check(caller, action, resource, context = {}) {
      return decide(caller, action, resource, context)
    },
    async visible(caller, action) {
      const type = rules.resourceTypes.get(action) as ResourceType
      const any = decide(caller, action, sampleOf(type, SOMEBODY), {})
      if (any.allow) return { visible: { all: true }, decision: any }
      const own = decide(caller, action, sampleOf(type, caller.userId), {})
      return own.allow ? { visible: { all: false, ownerId: caller.userId }, decision: own } : { decision: own }
    },
    async actions(caller) {
      return ACTIONS.filter((action) =>
        [SOMEBODY, caller.userId].some((owner) => {
          const resource = sampleOf(rules.resourceTypes.get(action) as ResourceType, owner)
          const { allow, code } = decide(caller, action, resource, {})
          return allow || code === 'approval-required'
        }),
      )
    },
  }
}

/** @returns the caller with every scope and no agent: what the person could see, whatever the credential allows */
export function asPerson({ agentId: _, ...caller }: Caller): Caller {
  return { ...caller, scopes: [ALL_ACTIONS] }
}

const idOf = (resource: Resource) => ('id' in resource ? resource.id : 'handrail')

function entities(caller: Caller, resource: Resource): EntityJson[] {
  const person: EntityJson = {
    uid: { type: 'User', id: caller.userId },
    attrs: { status: caller.status, role: caller.role },
    parents: [{ type: 'Role', id: caller.role }],
  }
  const own = resource.type === 'User' && resource.id === caller.userId
  return own ? [...ROLES, person] : [...ROLES, person, { uid: uid(resource), attrs: attributes(resource), parents: [] }]
}

const uid = (resource: Resource) => ({ type: resource.type, id: idOf(resource) })

function attributes(resource: Resource): Record<string, CedarValueJson> {
  if ('ownerId' in resource && resource.type !== 'User') {
    return { owner: { __entity: { type: 'User', id: resource.ownerId } } }
  }
  if (resource.type === 'Channel') return { team: resource.team }
  // A new account is an active customer's, and so is the sample that stands for somebody's.
  return resource.type === 'User' ? { status: resource.status ?? 'active', role: resource.role ?? 'customer' } : {}
}
