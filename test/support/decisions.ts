import type { Test } from 'tap'
import { ACTIONS, type Action } from '../../src/domain/actions.ts'
import type { Caller } from '../../src/domain/call.ts'
import { type Resource, sampleOf, service, typeOf } from '../../src/domain/resources.ts'
import type { Policy, RequestContext } from '../../src/policy/policy.ts'

export const ROLES = ['customer', 'support', 'manager', 'admin'] as const

export const person = (role: Caller['role'], extra: Partial<Caller> = {}): Caller => ({
  userId: 'me',
  role,
  status: 'active',
  scopes: ['*'],
  credentialId: 'key',
  issuedBy: 'me',
  ...extra,
})

const order = (ownerId: string): Resource => ({ type: 'Order', id: 'o-1', ownerId })
const account = (id: string, role: Caller['role'] = 'customer'): Resource => ({
  type: 'User',
  id,
  ownerId: id,
  role,
  status: 'active',
})
const agent = { agentId: 'bot' }

/** What any decision point that holds our policies must say. */
const TABLE: [string, Caller, Action, Resource, RequestContext, true | string | undefined][] = [
  ['a customer sees an own order', person('customer'), 'order:read', order('me'), {}, true],
  ['a customer does not see others', person('customer'), 'order:read', order('ada'), {}, undefined],
  ['support sees them all', person('support'), 'order:read', order('ada'), {}, true],
  [
    'a suspended account',
    person('admin', { status: 'suspended' }),
    'order:read',
    order('me'),
    {},
    'account-not-active',
  ],
  ['a closed account', person('admin', { status: 'closed' }), 'caller:read', service, {}, 'account-not-active'],
  [
    'a scope that is missing',
    person('support', { scopes: ['user:read'] }),
    'order:read',
    order('me'),
    {},
    'scope-missing',
  ],
  ['a scope that is named', person('support', { scopes: ['order:read'] }), 'order:read', order('ada'), {}, true],
  ['an agent reads', person('support', agent), 'order:read', order('ada'), {}, true],
  ['an agent makes no keys', person('admin', agent), 'api-key:create', sampleOf('ApiKey', 'me'), {}, 'people-only'],
  ['an agent asks for nobody', person('admin', agent), 'policy:evaluate', service, {}, 'people-only'],
  ['an administrator asks', person('admin'), 'policy:evaluate', service, {}, true],
  ['a manager does not', person('manager'), 'policy:evaluate', service, {}, undefined],
  ['a small refund', person('support'), 'order:refund', order('ada'), { amount: 10000 }, true],
  ['a large one', person('support'), 'order:refund', order('ada'), { amount: 10001 }, 'approval-required'],
  ['consented to', person('support'), 'order:refund', order('ada'), { amount: 10001, approved: true }, true],
  ['consent does not make a right', person('customer'), 'order:refund', order('ada'), { amount: 10001 }, undefined],
  ['a refund to oneself', person('support'), 'order:refund', order('me'), { amount: 1 }, 'approval-required'],
  ['a high risk', person('support', agent), 'order:cancel', order('ada'), { risk: 'high' }, 'approval-required'],
  ['a high risk by a person', person('support'), 'order:cancel', order('ada'), { risk: 'high' }, true],
  [
    'scope before consent',
    person('support', { ...agent, scopes: [] }),
    'order:cancel',
    order('a'),
    { risk: 'high' },
    'scope-missing',
  ],
  ['a message to the team', person('support'), 'message:send', { type: 'Channel', id: 'c', team: true }, {}, true],
  [
    'a message outside',
    person('support'),
    'message:send',
    { type: 'Channel', id: 'c', team: false },
    {},
    'approval-required',
  ],
  ['an own profile', person('customer'), 'user:update', account('me'), { fields: ['profile'] }, true],
  ['an own role', person('customer'), 'user:update', account('me'), { fields: ['role'] }, undefined],
  ['roles by an agent', person('admin', agent), 'user:update', account('ada'), { fields: ['role'] }, 'people-only'],
  ['suspending a manager', person('manager'), 'user:suspend', account('mia', 'manager'), {}, undefined],
  ['suspending a customer', person('manager'), 'user:suspend', account('ada'), {}, true],
  [
    'an own request',
    person('manager'),
    'approval:approve',
    { type: 'Approval', id: 'a', ownerId: 'me' },
    {},
    'own-approval',
  ],
  [
    'a key made by the one who asks',
    person('manager', { issuedBy: 'ada' }),
    'approval:approve',
    { type: 'Approval', id: 'a', ownerId: 'ada' },
    {},
    'own-approval',
  ],
  [
    'a key that gives more',
    person('customer', { scopes: ['api-key:create'] }),
    'api-key:create',
    sampleOf('ApiKey', 'me'),
    { requestedScopes: ['order:read'] },
    'scope-not-held',
  ],
]

/** Holds a decision point to the table, and to `reference` for everything that people and agents can ask. */
export function decisionContract(t: Test, policy: Policy, reference: Policy): void {
  t.test('the decisions and their codes', async (t) => {
    for (const [name, caller, action, resource, context, expected] of TABLE) {
      const { allow, code } = await policy.check(caller, action, resource, context)
      t.equal(allow ? true : code, expected, name)
    }
  })

  t.test('every role, action and owner, by the same policies', async (t) => {
    const differing: string[] = []
    for (const role of ROLES) {
      const questions = ACTIONS.flatMap((action) =>
        [
          { owner: 'me', caller: person(role) },
          { owner: 'somebody', caller: person(role, { ...agent, scopes: [action] }) },
        ].map(({ owner, caller }) => [caller, action, sampleOf(typeOf(action), owner)] as const),
      )
      const ask = (point: Policy) => Promise.all(questions.map((question) => point.check(...question)))
      const [said, wanted] = await Promise.all([ask(policy), ask(reference)])
      for (const [index, { allow, code, policies }] of said.entries()) {
        const other = wanted[index]
        const same = allow === other?.allow && code === other.code && policies.join() === other.policies.join()
        if (!same) differing.push(`${role} ${questions[index]?.[1]}`)
      }
    }
    t.same(differing, [])
  })

  t.test('what of a list is visible, and what one may do at all', async (t) => {
    t.match(await policy.visible(person('customer'), 'order:read'), { visible: { all: false, ownerId: 'me' } })
    t.match(await policy.visible(person('support'), 'order:read'), { visible: { all: true } })
    const none = await policy.visible(person('customer', { scopes: [] }), 'order:read')
    t.equal(none.visible, undefined)
    t.equal(none.decision.code, 'scope-missing')
    for (const role of ROLES) {
      for (const extra of [{}, agent, { ...agent, scopes: ['order:read', 'order:refund'] }, { status: 'suspended' }]) {
        const caller = person(role, extra as Partial<Caller>)
        t.same(await policy.actions(caller), await reference.actions(caller), `${role} ${JSON.stringify(extra)}`)
      }
    }
    t.ok((await policy.actions(person('admin'))).includes('user:delete'), 'consent would make it a yes')
    t.same(await policy.actions(person('admin', { status: 'closed' })), [])
  })
}
