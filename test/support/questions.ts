import fc from 'fast-check'
import { ACTIONS, ALL_ACTIONS } from '../../src/domain/actions.ts'
import type { Caller } from '../../src/domain/call.ts'
import { type Resource, typeOf } from '../../src/domain/resources.ts'
import type { Question } from '../../src/policy/policy.ts'
import { ROLES } from './decisions.ts'

/** Few people, so that they meet themselves. */
const someone = fc.constantFrom('ada', 'bob', 'me')
const role = fc.constantFrom(...ROLES)
const status = fc.constantFrom('active', 'active', 'active', 'suspended', 'closed') as fc.Arbitrary<Caller['status']>
const scope = fc.constantFrom(...ACTIONS, ALL_ACTIONS)
const field = fc.constantFrom('role', 'status', 'email', 'profile')

export const aCaller: fc.Arbitrary<Caller> = fc.record(
  {
    userId: someone,
    role,
    status,
    scopes: fc.oneof(
      fc.constant<string[]>([ALL_ACTIONS]),
      fc.uniqueArray(scope, { maxLength: 4 }).map((scopes): string[] => scopes),
    ),
    agentId: fc.constantFrom('bot', 'shopper'),
    credentialId: fc.constant(''),
    issuedBy: someone,
  },
  { requiredKeys: ['userId', 'role', 'status', 'scopes', 'credentialId', 'issuedBy'] },
)

/** Anything that the service could ask. */
export const aQuestion: fc.Arbitrary<Question> = fc
  .record({
    caller: aCaller,
    action: fc.constantFrom(...ACTIONS),
    id: fc.constantFrom('x-1', 'x-2'),
    owner: someone,
    account: fc.record({ role, status }, { requiredKeys: [] }),
    team: fc.boolean(),
    context: fc.record(
      {
        fields: fc.uniqueArray(field),
        requestedScopes: fc.uniqueArray(scope, { maxLength: 3 }),
        risk: fc.constantFrom('low', 'medium', 'high'),
        amount: fc.constantFrom(0, 1, 10_000, 10_001, Number.MAX_SAFE_INTEGER),
        approved: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ caller, action, id, owner, account, team, context }) => {
    const named = action.split(':')[0]
    // What a scope names is asked for more often than chance would have it.
    const scopes = named === 'order' ? [...caller.scopes, action] : caller.scopes
    return { caller: { ...caller, scopes }, action, resource: resourceOf(), context }

    function resourceOf(): Resource {
      const type = typeOf(action)
      if (type === 'Service' || type === 'AuditTrail') return { type }
      if (type === 'User') return { type, id: owner, ownerId: owner, ...account }
      if (type === 'Product' || type === 'DeadLetter') return { type, id }
      return type === 'Channel' ? { type, id, team } : { type, id, ownerId: owner }
    }
  })
