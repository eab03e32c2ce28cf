import { ROLES, THE_ONE } from './entities.ts'
import type { Decision, Policy, Question } from './policy.ts'
import { asPerson } from './policy.ts'
import type { Rule } from './rules.ts'

/** Why a decision is as it is, and what would make another of it. */
export interface Explanation {
  question: Question
  verdict: 'allowed' | 'denied' | 'needs approval'
  decision: Decision
  /** The policies that decided, as they stand in the file; only their ids where they are not ours. */
  deciding: (Pick<Rule, 'id'> & Partial<Pick<Rule, 'effect' | 'code' | 'text' | 'line'>>)[]
  /** Of a denial without a forbid: the permits that speak of the action, none of which holds. */
  mightPermit: Pick<Rule, 'id' | 'line'>[]
  /** Single changes after which the answer is another. */
  changes: { change: string; verdict: Explanation['verdict']; code?: string }[]
}

/**
 * Asks the policy, and asks again with one thing changed at a time.
 * @param rules those that the policy decides by, in the order of the file; none where it is a remote one
 */
export async function explain(policy: Policy, rules: Rule[], question: Question): Promise<Explanation> {
  const ask = ({ caller, action, resource, context }: Question) => policy.check(caller, action, resource, context)
  const decision = await ask(question)
  const verdict = verdictOf(decision)
  const changes: Explanation['changes'] = []
  for (const { change, instead } of verdict === 'allowed' ? [] : alternatives(question)) {
    const other = await ask(instead)
    const becomes = verdictOf(other)
    if (becomes === verdict && other.code === decision.code) continue
    changes.push({ change, verdict: becomes, ...(other.code && { code: other.code }) })
  }
  const byId = new Map(rules.map((rule) => [rule.id, rule]))
  return {
    question,
    verdict,
    decision,
    deciding: decision.policies.map((id) => {
      const { effect, code, text, line } = byId.get(id) ?? {}
      return { id, ...(effect && { effect }), ...(code && { code }), ...(text && { text }), ...(line && { line }) }
    }),
    mightPermit:
      decision.allow || decision.policies.length > 0
        ? []
        : rules
            .filter(
              ({ effect, actions }) => effect === 'permit' && (actions === 'all' || actions.includes(question.action)),
            )
            .map(({ id, line }) => ({ id, line })),
    changes,
  }
}

function verdictOf({ allow, code }: Decision): Explanation['verdict'] {
  if (allow) return 'allowed'
  return code === 'approval-required' ? 'needs approval' : 'denied'
}

/** The question with one thing changed, where that is a change. */
function alternatives(question: Question): { change: string; instead: Question }[] {
  const { caller, action, resource, context } = question
  const found: { change: string; instead: Question }[] = []
  const add = (change: string, other: Partial<Question>) => found.push({ change, instead: { ...question, ...other } })
  if (caller.status !== 'active') add('an active account', { caller: { ...caller, status: 'active' } })
  if (!caller.scopes.includes('*') && !caller.scopes.includes(action)) {
    add(`the scope ${action}`, { caller: { ...caller, scopes: [...caller.scopes, action] } })
  }
  if (!context.approved) add('the consent of a person', { context: { ...context, approved: true } })
  if (caller.agentId !== undefined) add('the person without the agent', { caller: asPerson(caller) })
  if ('ownerId' in resource && resource.type !== 'User' && resource.ownerId !== caller.userId) {
    add('a thing of their own', { resource: { ...resource, ownerId: caller.userId } })
  }
  const rank = ROLES.indexOf(caller.role)
  for (const role of ROLES.slice(rank + 1)) add(`the role ${role}`, { caller: { ...caller, role } })
  if (context.amount !== undefined && context.amount > 0)
    add('a smaller amount', { context: { ...context, amount: 1 } })
  if (context.risk && context.risk !== 'low') add('a lower risk', { context: { ...context, risk: 'low' } })
  return found
}

/** The explanation as text for a terminal. @param file the policies' file, to point into; none where it is not ours */
export function tell(explanation: Explanation, file?: string): string {
  const { question, verdict, decision, deciding, mightPermit, changes } = explanation
  const { caller, action, resource } = question
  const who = `${caller.agentId === undefined ? '' : `the agent ${caller.agentId} for `}${caller.role} ${caller.userId}`
  const what = `${resource.type} ${'id' in resource ? resource.id : THE_ONE}`
  const owned = 'ownerId' in resource && resource.type !== 'User' ? `, of ${resource.ownerId}` : ''
  const lines = [
    `${verdict.toUpperCase()}${decision.code ? ` (${decision.code})` : ''}`,
    `  ${who} (${caller.status}; scopes ${caller.scopes.join(' ') || 'none'})`,
    `  ${action} on ${what}${owned}`,
    `  rules ${decision.hash}`,
    '',
  ]
  for (const { id, effect, text, line } of deciding) {
    lines.push(`${effect ? `${effect}: ` : ''}${id}${file && line ? `  ${file}:${line}` : ''}`)
    if (text) lines.push(text.replaceAll(/^/gm, '    '))
    lines.push('')
  }
  if (decision.failed) lines.push(`Could not be evaluated, which means no: ${decision.failed.join(', ')}`, '')
  else if (deciding.length === 0) lines.push('No policy permits it.')
  if (mightPermit.length > 0) {
    lines.push('These permit it to somebody, or on something, else:')
    for (const { id, line } of mightPermit) lines.push(`  ${id}${file ? `  ${file}:${line}` : ''}`)
    lines.push('')
  }
  if (verdict !== 'allowed') {
    lines.push(
      changes.length > 0 ? 'What would make it another answer:' : 'No single change would make it another answer.',
    )
    for (const { change, verdict: becomes, code } of changes) {
      lines.push(`  ${change}: ${becomes}${code && becomes === 'denied' ? ` (${code})` : ''}`)
    }
  }
  return lines.join('\n').trimEnd()
}
