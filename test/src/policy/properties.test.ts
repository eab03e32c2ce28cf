import fc from 'fast-check'
import t from 'tap'
import { fromAnswer, fromEvaluation, MalformedAnswer, toAnswer, toEvaluation } from '../../../src/policy/authzen.ts'
import { parseRules, readTexts } from '../../../src/policy/engine.ts'
import { keyOf, toCedar } from '../../../src/policy/entities.ts'
import { asPerson, createPolicy, type Question } from '../../../src/policy/policy.ts'
import { POLICY_FOLDER, writePolicies } from '../../support/policies.ts'
import { aQuestion } from '../../support/questions.ts'

const policy = createPolicy(POLICY_FOLDER)
const rules = parseRules(readTexts(POLICY_FOLDER))
const check = ({ caller, action, resource, context }: Question) => policy.check(caller, action, resource, context)
const granted = ({ caller, action }: Question) => caller.scopes.includes('*') || caller.scopes.includes(action)
const RUNS = { numRuns: 500 }

t.test('what an agent may do, its person may do, and its scopes name it', async () => {
  let allowed = 0
  await fc.assert(
    fc.asyncProperty(aQuestion, async (question) => {
      const asked = { ...question, caller: { ...question.caller, agentId: 'bot' } }
      if (!(await check(asked)).allow) return true
      allowed += 1
      return granted(asked) && (await check({ ...asked, caller: asPerson(asked.caller) })).allow
    }),
    RUNS,
  )
  t.ok(allowed > 20, 'and some are allowed')
})

t.test('consent lifts nothing but the want of consent', () =>
  fc.assert(
    fc.asyncProperty(aQuestion, async (question) => {
      const before = await check({ ...question, context: { ...question.context, approved: false } })
      const after = await check({ ...question, context: { ...question.context, approved: true } })
      return after.allow === (before.allow || before.code === 'approval-required')
    }),
    RUNS,
  ),
)

t.test('an account that is not active may do nothing, and a no has a reason of ours or none', () =>
  fc.assert(
    fc.asyncProperty(aQuestion, async (question) => {
      const { allow, code } = await check(question)
      if (question.caller.status !== 'active') return !allow && code === 'account-not-active'
      return !(allow && code !== undefined) && (allow ? granted(question) : true)
    }),
    RUNS,
  ),
)

t.test('a forbid whose condition fails means no, whatever else is asked', async (t) => {
  const folder = writePolicies(t.testdir(), {
    policies: (text) =>
      `${text}\n@id("fails") forbid (principal, action, resource) when { context.scopes.contains("x") || 9223372036854775807 + 1 > 0 };`,
  })
  const failing = createPolicy(folder)
  await fc.assert(
    fc.asyncProperty(aQuestion, async ({ caller, action, resource, context }) => {
      const decision = await failing.check(caller, action, resource, context)
      return !decision.allow && decision.failed?.[0] === 'fails'
    }),
    RUNS,
  )
  t.pass('always')
})

t.test('a permit whose condition fails permits nothing', async (t) => {
  const folder = writePolicies(t.testdir(), {
    policies: (text) =>
      `${text}\n@id("fails") permit (principal, action, resource) when { 9223372036854775807 + 1 > 0 };`,
  })
  const failing = createPolicy(folder)
  await fc.assert(
    fc.asyncProperty(
      aQuestion,
      async ({ caller, action, resource, context }) => !(await failing.check(caller, action, resource, context)).allow,
    ),
    RUNS,
  )
  t.pass('and one that fails is told, not stepped over')
})

/** The same question, had everybody and everything another id. */
function renamed({ caller, action, resource, context }: Question): Question {
  const other = (id: string) => `renamed-${id}`
  return {
    caller: { ...caller, userId: other(caller.userId), issuedBy: other(caller.issuedBy) },
    action,
    resource: {
      ...resource,
      ...('id' in resource && { id: other(resource.id) }),
      ...('ownerId' in resource && { ownerId: other(resource.ownerId) }),
    } as Question['resource'],
    context,
  }
}

t.test('questions that are known by one key have one answer, and ids make no difference to it', async (t) => {
  const answers = new Map<string, string>()
  const answerOf = (question: Question) => {
    const { decision, diagnostics } = rules.evaluate(toCedar(question))
    return `${decision} ${diagnostics.reason.toSorted()}`
  }
  fc.assert(
    fc.property(aQuestion, (question) => {
      const key = keyOf(question, false)
      const answer = answerOf(question)
      const before = answers.get(key) ?? answer
      answers.set(key, answer)
      const other = renamed(question)
      return before === answer && keyOf(other, false) === key && answerOf(other) === answer
    }),
    { numRuns: 1500 },
  )
  t.ok(answers.size > 100)
})

t.test('where a rule names a thing, its id counts', async (t) => {
  const folder = writePolicies(t.testdir(), {
    policies: (text) => `${text}\n@id("not-this-one") forbid (principal, action, resource == Order::"x-2");`,
  })
  const strict = createPolicy(folder)
  const caller = {
    userId: 'me',
    role: 'admin',
    status: 'active',
    scopes: ['*'],
    credentialId: '',
    issuedBy: 'me',
  } as const
  const may = async (id: string) =>
    (await strict.check({ ...caller, scopes: ['*'] }, 'order:read', { type: 'Order', id, ownerId: 'ada' })).allow
  t.same([await may('x-1'), await may('x-2'), await may('x-3')], [true, false, true])
})

t.test('a question and a decision are the same after a way over the network', async (t) => {
  await fc.assert(
    fc.asyncProperty(aQuestion, async (question) => {
      const over = fromEvaluation(JSON.parse(JSON.stringify(toEvaluation(question))))
      if (JSON.stringify(toCedar(over)) !== JSON.stringify(toCedar(question))) return false
      const { failed: _, ...decision } = await check(question)
      const back = fromAnswer(JSON.parse(JSON.stringify(toAnswer(decision))))
      return ['allow', 'code', 'hash'].every((name) => back[name as 'allow'] === decision[name as 'allow'])
    }),
    RUNS,
  )
  t.pass('both ways')
})

t.test('whatever a decision point answers, only `true` is a yes', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.record({ decision: fc.jsonValue(), context: fc.jsonValue() })),
      (answer) => {
        try {
          const { allow } = fromAnswer(answer)
          return allow === (answer as { decision: unknown }).decision
        } catch (error) {
          return error instanceof MalformedAnswer
        }
      },
    ),
    { numRuns: 2000 },
  )
  t.pass('and what is malformed is told')
})
