import { type Action, ALL_ACTIONS } from '../domain/actions.ts'
import type { Caller, Visibility } from '../domain/call.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { Resource } from '../domain/resources.ts'

export { createPolicy, type LocalPolicy } from './embedded.ts'

export interface Decision {
  allow: boolean
  /** Why not, where a forbid with a code decided. `approval-required`: it would be allowed with a person's consent. */
  code?: ErrorCode
  /** The policies that decided, by their @id. */
  policies: string[]
  /** Policies that could not be evaluated: one is enough for a no. */
  failed?: string[]
  /** Names the rules that decided. */
  hash?: string
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

/** Who, what, on what, and what else there is to know. */
export interface Question {
  caller: Caller
  action: Action
  resource: Resource
  context: RequestContext
}

export interface Policy {
  /** Names the rules that decide at the moment. */
  readonly hash: string
  /** Somebody else decides, over the network. */
  readonly remote?: boolean
  /**
   * @returns allow only where a policy permits, none forbids and none fails
   * @throws CodedError unavailable, when a remote decision point does not answer
   */
  check(caller: Caller, action: Action, resource: Resource, context?: RequestContext): Promise<Decision>
  /**
   * What of a list the caller may see. The rules themselves are asked, once about somebody's resource and once about
   * the caller's own, so a list shows what single reads show as long as the rules look at nothing but the owner.
   * @returns no `visible` where the caller may see nothing at all
   */
  visible(caller: Caller, action: Action): Promise<{ visible?: Visibility; decision: Decision }>
  /** @returns the actions that the caller may take on something, some of them only with a person's consent */
  actions(caller: Caller): Promise<Action[]>
  /** Whether decisions can be had. `degraded`: they can, by rules that are older than the files on disk. */
  health?(): Promise<PolicyHealth>
}

export interface PolicyHealth {
  status: 'ok' | 'degraded' | 'failed'
  /** For the operator: which rules decide, or what is wrong. */
  detail: string
}

/** @returns the caller with every scope and no agent: what the person could see, whatever the credential allows */
export function asPerson({ agentId: _, ...caller }: Caller): Caller {
  return { ...caller, scopes: [ALL_ACTIONS] }
}
