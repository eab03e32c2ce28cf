import { ACTIONS } from '../domain/actions.ts'
import { sampleOf, typeOf } from '../domain/resources.ts'
import type { Decision, Policy, Question } from './policy.ts'

/** Nobody's id: a resource that belongs to some other person. */
export const SOMEBODY = 'somebody'

/** Who decides: Cedar in this process, or a service elsewhere. */
export interface DecisionPoint extends Pick<Policy, 'remote' | 'hash' | 'health'> {
  /** @returns a decision for each question, in their order */
  decide(questions: Question[]): Promise<Decision[]>
}

/** What the rest of the service asks, as questions to a decision point. */
export function policyOf(point: DecisionPoint): Policy {
  return {
    get hash() {
      return point.hash
    },
    ...(point.remote && { remote: true }),
    async check(caller, action, resource, context = {}) {
      const [decision] = await point.decide([{ caller, action, resource, context }])
      return decision as Decision
    },
    async visible(caller, action) {
      const [any, own] = (await point.decide(
        [SOMEBODY, caller.userId].map((owner) => ({
          caller,
          action,
          resource: sampleOf(typeOf(action), owner),
          context: {},
        })),
      )) as [Decision, Decision]
      if (any.allow) return { visible: { all: true }, decision: any }
      return own.allow ? { visible: { all: false, ownerId: caller.userId }, decision: own } : { decision: own }
    },
    async actions(caller) {
      const questions = ACTIONS.flatMap((action): Question[] => {
        const [others, own] = [SOMEBODY, caller.userId].map((owner) => sampleOf(typeOf(action), owner))
        const things = others && 'ownerId' in others ? [others, own] : [others]
        return things.flatMap((resource) => (resource ? [{ caller, action, resource, context: {} }] : []))
      })
      const decisions = await point.decide(questions)
      const may = new Set(
        questions.flatMap(({ action }, index) => {
          const { allow, code } = decisions[index] as Decision
          return allow || code === 'approval-required' ? [action] : []
        }),
      )
      return ACTIONS.filter((action) => may.has(action))
    },
    ...(point.health && { health: () => (point.health as NonNullable<typeof point.health>)() }),
  }
}
