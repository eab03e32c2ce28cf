import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ACTIONS, type Action } from '../../../src/domain/actions.ts'
import type { Caller } from '../../../src/domain/call.ts'
import { type ResourceType, sampleOf } from '../../../src/domain/resources.ts'
import { parseRules, readTexts } from '../../../src/policy/engine.ts'
import { createPolicy } from '../../../src/policy/policy.ts'
import { ROOT } from '../../../src/root.ts'

const FOLDER = join(ROOT, 'src', 'policy')
const policy = createPolicy(FOLDER)
const roles = ['customer', 'support', 'manager', 'admin'] as const
const person = (role: Caller['role'], extra: Partial<Caller> = {}): Caller => ({
  userId: 'me',
  role,
  status: 'active',
  scopes: ['*'],
  credentialId: 'key',
  issuedBy: 'me',
  ...extra,
})

const { resourceTypes } = parseRules(readTexts(FOLDER))
/** A thing that the action is taken on, owned by `ownerId` where such things have owners. */
const resourceFor = (action: Action, ownerId: string) => sampleOf(resourceTypes.get(action) as ResourceType, ownerId)

t.test('what an agent may do, its person may do and its scopes name', async (t) => {
  for (const role of roles) {
    for (const action of ACTIONS) {
      for (const owner of ['me', 'somebody']) {
        const resource = resourceFor(action, owner)
        const alone = (await policy.check(person(role), action, resource)).allow
        for (const scopes of [['*'], [action], ['caller:read'], []]) {
          const named = scopes.includes('*') || scopes.includes(action)
          const agent = (await policy.check(person(role, { agentId: 'bot', scopes }), action, resource)).allow
          const narrowed = (await policy.check(person(role, { scopes }), action, resource)).allow
          t.ok(!agent || (alone && named), `${role} ${action} ${owner} agent ${scopes}`)
          t.equal(narrowed, alone && named, `${role} ${action} ${owner} key ${scopes}`)
        }
      }
    }
  }
})

t.test('a higher role may do all that a lower one may', async (t) => {
  for (const action of ACTIONS) {
    for (const owner of ['me', 'somebody']) {
      const may = await Promise.all(roles.map((role) => policy.check(person(role), action, resourceFor(action, owner))))
      const first = may.findIndex(({ allow }) => allow)
      t.ok(first === -1 || may.slice(first).every(({ allow }) => allow), `${action} ${owner}`)
    }
  }
})

t.test('personal data is for managers, and for agents of theirs whose key names the right', async (t) => {
  const may = async (caller: Caller, owner = 'somebody') =>
    (await policy.check(caller, 'user:unmask', sampleOf('User', owner))).allow
  t.same(await Promise.all(roles.map((role) => may(person(role)))), [false, false, true, true])
  for (const role of roles) {
    t.ok(await may(person(role), 'me'), `${role}: one's own`)
    for (const owner of ['me', 'somebody']) {
      const agent = (scopes: string[]) => may(person(role, { agentId: 'bot', scopes }), owner)
      t.notOk(await agent(['*']), `${role} ${owner}: "*" does not name it`)
      const alone = await may(person(role), owner)
      for (const scopes of [['user:unmask'], ['*', 'user:unmask']])
        t.equal(await agent(scopes), alone, `${role} ${owner}`)
    }
  }
})

t.test('a suspended or closed account may do nothing', async (t) => {
  for (const status of ['suspended', 'closed'] as const) {
    for (const action of ACTIONS) {
      const decision = await policy.check(person('admin', { status }), action, resourceFor(action, 'me'))
      t.match(decision, { allow: false, code: 'account-not-active' })
    }
  }
})

/** A copy of the policies with a change to each file. */
function changed(t: Test, change: { policies?: (text: string) => string; schema?: (text: string) => string }): string {
  const folder = t.testdir()
  for (const [name, edit] of [
    ['handrail.cedar', change.policies],
    ['handrail.cedarschema', change.schema],
  ] as const) {
    copyFileSync(join(FOLDER, name), join(folder, name))
    if (edit) writeFileSync(join(folder, name), edit(readFileSync(join(FOLDER, name), 'utf8')))
  }
  return folder
}
type Test = typeof t

t.test('an error while a rule is evaluated means no, even where another rule says yes', async (t) => {
  // Cedar skips the failing forbid (an overflow here) and would answer allow.
  const folder = changed(t as Test, {
    policies: (text) =>
      `${text}\n@id("fails") forbid (principal, action == Action::"product:read", resource) when { 9223372036854775807 + 1 > 0 };`,
  })
  const decision = await createPolicy(folder).check(person('admin'), 'product:read', { type: 'Product', id: 'x' })
  t.equal(decision.allow, false)
})

t.test('what is broken stops the start', async (t) => {
  const start = (change: Parameters<typeof changed>[1]) => () => createPolicy(changed(t as Test, change))
  t.throws(start({ policies: (text) => text.replace('permit (', 'allow (') }), /does not parse/)
  t.throws(start({ policies: (text) => text.replace('resource.owner', 'resource.holder') }), /holder/)
  t.throws(start({ policies: (text) => text.replace('@id("admins-do-everything")', '') }), /@id/)
  t.throws(start({ policies: (text) => text.replace('"people-only"', '"no-such-code"') }), /no-such-code/)
  t.throws(start({ schema: (text) => text.replaceAll('"order:fulfil"', '"order:ship"') }), /order:(ship|fulfil)/)
  t.throws(() => createPolicy(join(FOLDER, 'nowhere')), /ENOENT/)
})

t.test('the hash names the rules', async (t) => {
  t.match(policy.hash, /^[0-9a-f]{64}$/)
  t.equal(createPolicy(FOLDER).hash, policy.hash)
  t.not(createPolicy(changed(t as Test, { policies: (text) => `${text}\n// changed` })).hash, policy.hash)
})
