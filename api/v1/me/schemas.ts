import { Type } from '@sinclair/typebox'
import { ACTIONS } from '../../../src/domain/actions.ts'
import { Id, nullable, oneOf } from '../schemas.ts'
import { ROLES } from '../users/schemas.ts'

export const CurrentCaller = Type.Object(
  {
    userId: Type.String({ ...Id, description: 'The person; for an agent, the one it acts for.' }),
    kind: oneOf(['person', 'agent'], { description: 'Whether a person calls, or an agent acting for one.' }),
    agentId: nullable(Type.String(), 'The name of the agent; null for a person.'),
    role: oneOf(ROLES, { description: 'The role of the person.' }),
    scopes: Type.Array(Type.String(), { description: 'What the credential allows; "*" stands for every action.' }),
    actions: Type.Array(oneOf(ACTIONS, { description: 'An action.' }), {
      description: 'The actions that you may take, at least on what is yours.',
    }),
  },
  { $id: 'CurrentCaller', description: 'The caller as the service sees it.' },
)

export const meSchemas = [CurrentCaller]
