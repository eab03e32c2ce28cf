import { service } from '../../../src/domain/resources.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { type Operation, operation } from '../../operation.ts'
import { CurrentCaller } from './schemas.ts'

export const meOperations = (policy: Policy): Operation[] => [
  operation({
    method: 'GET',
    path: '/me',
    operationId: 'getCurrentCaller',
    tag: 'me',
    summary: 'Who am I, and what may I do?',
    description:
      'Tells who you are, for whom you act, and which actions you may take. Use it first, and after a 403. An action ' +
      'in the list may still be refused for a thing that is not yours.',
    action: 'caller:read',
    cost: 1,
    risk: 'low',
    on: () => service,
    success: {
      status: 200,
      description: 'The caller.',
      schema: CurrentCaller,
      example: {
        userId: '019a0000-0000-7000-8000-000000000003',
        kind: 'agent',
        agentId: 'support-copilot',
        role: 'support',
        scopes: ['caller:read', 'order:read', 'order:cancel'],
        actions: ['caller:read', 'order:read', 'order:cancel'],
      },
    },
    handler: async ({ caller }) => ({
      userId: caller.userId,
      kind: caller.agentId === undefined ? ('person' as const) : ('agent' as const),
      agentId: caller.agentId ?? null,
      role: caller.role,
      scopes: caller.scopes,
      actions: await policy.actions(caller),
    }),
  }),
]
