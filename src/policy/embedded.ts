import { randomUUID } from 'node:crypto'
import { ACTIONS } from '../domain/actions.ts'
import { ERRORS, type ErrorCode } from '../domain/errors.ts'
import { typeOf } from '../domain/resources.ts'
import { policyOf } from './asking.ts'
import { parseRules, type Rules, readTexts, type Texts } from './engine.ts'
import { keyOf, toCedar } from './entities.ts'
import type { Decision, Policy, PolicyHealth, Question } from './policy.ts'

/** Cedar, in process. */
export interface LocalPolicy extends Policy {
  /** @returns what decides at the moment */
  current(): Rules
  /**
   * Puts new rules in the place of the old ones, for all questions from now on.
   * @throws Error when they are broken; then the old ones go on deciding, and `health` says so
   */
  load(texts: Texts): void
  /** Tells `health` that the files cannot even be read. */
  fail(): void
  health(): Promise<PolicyHealth>
}

const MOST_CACHED = 10_000
/** How much of a hash tells rules apart for a person. */
const SHOWN = 12

/**
 * The decision point in this process.
 * @param folder holds the policies and their schema
 * @throws Error when the policies are broken or speak of other actions than the code
 */
export function createPolicy(folder: string): LocalPolicy {
  const instance = randomUUID()
  let generation = 0
  let broken = false
  /** Cedar keeps what it was given for good: two names in turn bound how much that is. */
  const read = (texts: Texts) => accepted(parseRules(texts, `${instance}/${generation % 2}`))
  let rules = read(readTexts(folder))
  generation += 1
  // A decision depends on nothing but its question and the rules; the least recently used ones make room.
  let known = new Map<string, Decision>()

  function decide(question: Question): Decision {
    const key = keyOf(question, rules.namesThings)
    const before = known.get(key)
    if (before) {
      known.delete(key)
      known.set(key, before)
      return before
    }
    const decision = askWithConsent(rules, question)
    if (known.size >= MOST_CACHED) known.delete(known.keys().next().value as string)
    known.set(key, decision)
    return decision
  }

  async function health(): Promise<PolicyHealth> {
    const detail = rules.hash.slice(0, SHOWN)
    if (!broken) return { status: 'ok', detail }
    return { status: 'degraded', detail: `${detail} goes on deciding: the files on disk are broken` }
  }

  const point = {
    get hash() {
      return rules.hash
    },
    decide: async (questions: Question[]) => questions.map(decide),
    health,
  }
  return Object.assign(policyOf(point), {
    health,
    current: () => rules,
    load(texts: Texts) {
      broken = true
      // Only what was read whole takes the place of what is there.
      const next = read(texts)
      generation += 1
      rules = next
      known = new Map()
      broken = false
    },
    fail() {
      broken = true
    },
  })
}

/** @throws Error when the rules speak of other actions or codes than the code of the service */
function accepted(rules: Rules): Rules {
  const { resourceTypes } = rules
  const missing = ACTIONS.filter((action) => !resourceTypes.has(action))
  const unknown = [...resourceTypes.keys()].filter((action) => !(ACTIONS as readonly string[]).includes(action))
  if (missing.length + unknown.length > 0) {
    throw new Error(`handrail.cedarschema and src/domain/actions.ts differ in: ${[...missing, ...unknown].join(', ')}`)
  }
  for (const action of ACTIONS) {
    if (resourceTypes.get(action) === typeOf(action)) continue
    throw new Error(`handrail.cedarschema: ${action} must apply to ${typeOf(action)}`)
  }
  for (const { code } of rules.rules) {
    if (code && !Object.hasOwn(ERRORS, code)) throw new Error(`handrail.cedar names the unknown error code ${code}`)
  }
  return rules
}

/** A forbid that only lacks consent speaks last: what consent would not help is refused for its own reason. */
function askWithConsent(rules: Rules, question: Question): Decision {
  const decision = ask(rules, question)
  if (decision.code !== 'approval-required' || question.context.approved) return decision
  const approved = ask(rules, { ...question, context: { ...question.context, approved: true } })
  return approved.allow ? decision : approved
}

function ask(rules: Rules, question: Question): Decision {
  const { decision, diagnostics } = rules.evaluate(toCedar(question))
  // A forbid whose condition fails is skipped by Cedar, which could turn a no into a yes: any failure means no.
  const allow = decision === 'allow' && diagnostics.errors.length === 0
  // In the order of the file: Cedar tells them in none. Several may forbid; the first one speaks.
  const decided = rules.rules.filter(({ id }) => diagnostics.reason.includes(id))
  const code = allow ? undefined : decided.find((rule) => rule.code)?.code
  const policies = decided.map(({ id }) => id)
  const failed = diagnostics.errors.map(({ policyId }) => policyId)
  return {
    allow,
    policies,
    ...(code && { code: code as ErrorCode }),
    ...(failed.length > 0 && { failed }),
    hash: rules.hash,
  }
}
