// npm run bench:policy: decisions a second through the whole check, beside Cedar alone, on one core.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import type { Caller } from '../src/domain/call.ts'
import { toCedar } from '../src/policy/entities.ts'
import { createPolicy, type Question } from '../src/policy/policy.ts'
import { ROOT } from '../src/root.ts'

const FOLDER = join(ROOT, 'src', 'policy')
const DECISIONS = Number(process.env.BENCH_DECISIONS ?? 4000)
const ROUNDS = 3
const WANTED = 2500

const ROLES = ['customer', 'support', 'manager', 'admin'] as const
const person = (index: number): Caller => ({
  userId: `user-${index}`,
  role: ROLES[index % 4] as Caller['role'],
  status: 'active',
  scopes: ['order:read', 'order:create', 'order:cancel', 'order:refund'],
  credentialId: '',
  issuedBy: `user-${index}`,
})
const order = (index: number) => ({ type: 'Order', id: `order-${index}`, ownerId: `user-${index + 1}` }) as const

/** Two in three are settled at once; the third is asked again, with consent. */
function question(index: number): Question {
  const caller = person(index)
  if (index % 3 === 0) return { caller, action: 'order:read', resource: order(index), context: {} }
  const agent = { ...caller, agentId: `agent-${index % 7}` }
  if (index % 3 === 1)
    return { caller: agent, action: 'order:cancel', resource: order(index), context: { risk: 'medium' } }
  return { caller, action: 'order:refund', resource: order(index), context: { amount: 20_000 } }
}

/** As above, and the agent's name makes every one a question that was never asked. */
const newQuestion = (index: number): Question => {
  const { caller, ...rest } = question(index)
  return { ...rest, caller: { ...caller, agentId: `agent-${index}` } }
}

/** @returns how many a second of processor time: what else the machine does is not ours to count */
async function timed(act: (index: number) => unknown, from: number): Promise<number> {
  const start = process.cpuUsage()
  for (let index = from; index < from + DECISIONS; index++) await act(index)
  const { user, system } = process.cpuUsage(start)
  return (DECISIONS / (user + system)) * 1_000_000
}

/** Cedar's own call with everything prepared, and all policies in one set. */
function bare() {
  const text = readFileSync(join(FOLDER, 'handrail.cedar'), 'utf8')
  const schema = readFileSync(join(FOLDER, 'handrail.cedarschema'), 'utf8')
  cedar.preparsePolicySet('bare', { staticPolicies: text })
  cedar.preparseSchema('bare', schema)
  return (asked: Question) => {
    const call = { ...toCedar(asked), preparsedPolicySetId: 'bare', preparsedSchemaName: 'bare' }
    const answer = cedar.statefulIsAuthorized(call)
    if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
  }
}

const ask = bare()
const policy = createPolicy(FOLDER)
const check = ({ caller, action, resource, context }: Question) => policy.check(caller, action, resource, context)
const sides: [string, (index: number) => unknown][] = [
  ['Cedar alone, all policies, one evaluation', (index) => ask(newQuestion(index))],
  ['the whole check, questions never asked before', (index) => check(newQuestion(index))],
  ['the whole check, people and orders never seen before', (index) => check(question(index))],
]
const best = new Map<string, number>()
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, act] of sides) {
    best.set(name, Math.max(best.get(name) ?? 0, await timed(act, (round + 1) * DECISIONS)))
  }
}
console.log(`${DECISIONS} decisions a side, best of ${ROUNDS}, for each second of one core`)
for (const [name, perSecond] of best) console.log(`  ${name.padEnd(56)}${perSecond.toFixed(0).padStart(8)}/s`)
const uncached = best.get(sides[1]?.[0] as string) as number
console.log(`  wanted of questions never asked before: at least ${WANTED}/s`)
process.exitCode = uncached >= WANTED ? 0 : 1
