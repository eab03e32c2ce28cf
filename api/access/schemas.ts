import { type TSchema, Type } from '@sinclair/typebox'
import { ACTIONS, ALL_ACTIONS } from '../../src/domain/actions.ts'
import { closed, oneOf } from '../v1/schemas.ts'

const Id = Type.String({ minLength: 1, maxLength: 200 })
const Role = oneOf(['customer', 'support', 'manager', 'admin'], { description: 'The role of an account.' })
const Status = oneOf(['active', 'suspended', 'closed'], { description: 'Where an account stands.' })
const Scopes = Type.Array(oneOf([...ACTIONS, ALL_ACTIONS], { description: 'What a credential allows.' }), {
  maxItems: 100,
})

const Subject = closed({
  type: oneOf(['User'], { description: 'Whoever asks for something is a person.' }),
  id: Id,
  properties: closed({
    role: Role,
    status: Status,
    scopes: Scopes,
    agent: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    issuer: Type.Optional(Id),
  }),
})

const Action = closed({ name: oneOf(ACTIONS, { description: 'What is asked for.' }) })

const TYPES = [
  'Service',
  'AuditTrail',
  'User',
  'Order',
  'ApiKey',
  'Message',
  'Report',
  'Approval',
  'Product',
  'DeadLetter',
  'Channel',
] as const

const Resource = closed({
  type: oneOf(TYPES, { description: 'The kind of thing acted on.' }),
  id: Id,
  properties: Type.Optional(
    closed({
      owner: Type.Optional(Id),
      role: Type.Optional(Role),
      status: Type.Optional(Status),
      team: Type.Optional(Type.Boolean()),
    }),
  ),
})

const Context = closed({
  fields: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 100 })),
  requestedScopes: Type.Optional(Scopes),
  risk: Type.Optional(oneOf(['low', 'medium', 'high'], { description: 'What the operation declares.' })),
  amount: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  approved: Type.Optional(Type.Boolean()),
})

const optional = <T extends TSchema>(schema: T) => Type.Optional(schema)

/** The body of one question: all of it is wanted but the context. */
export const EvaluationBody = closed({
  subject: Subject,
  action: Action,
  resource: Resource,
  context: optional(Context),
})

const Defaults = {
  subject: optional(Subject),
  action: optional(Action),
  resource: optional(Resource),
  context: optional(Context),
}

/**
 * The body of several questions: what stands on top goes for each that does not say otherwise.
 * @param most so many may be asked at once
 */
export const evaluationsBody = (most: number) =>
  closed({
    ...Defaults,
    evaluations: optional(Type.Array(closed(Defaults), { maxItems: most })),
    options: optional(
      closed({
        evaluations_semantic: optional(
          oneOf(['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'], {
            description: 'Whether to go on after the first denial, or the first permission.',
          }),
        ),
      }),
    ),
  })
