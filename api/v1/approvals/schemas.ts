import { Type } from '@sinclair/typebox'
import {
  closed,
  freeText,
  Id,
  nullable,
  oneOf,
  ownedBy,
  pageOf,
  pageQuery,
  Time,
  untrusted,
  Version,
} from '../schemas.ts'

const STATUSES = ['pending', 'approved', 'denied', 'cancelled', 'expired', 'used'] as const
const anything = (description: string) => Type.Record(Type.String(), Type.Unknown(), { description, ...untrusted })
const nothingOr = (description: string) =>
  Type.Unsafe<object | null>({ type: ['object', 'null'], additionalProperties: true, description, ...untrusted })

const note = Type.String({ minLength: 1, maxLength: 500, description: 'Why, for the one who asked.', ...freeText })
const effect = {
  before: nothingOr('What the change is made on, as it is; null where there is nothing yet.'),
  after: nothingOr('What becomes of it; null where nothing is left. Ids and times of new things will be others.'),
}

export const Approval = Type.Object(
  {
    id: Id,
    status: oneOf(STATUSES, {
      description: 'Where it stands. An approved one is used by repeating the request with its id as Approval-Id.',
    }),
    operationId: Type.String({ description: 'What is asked for: an operation of this API.' }),
    action: Type.String({ description: 'The action that policy decides on.' }),
    risk: oneOf(['low', 'medium', 'high'], { description: 'What the operation declares of itself.' }),
    reasons: Type.Array(Type.String(), { description: 'The policies that ask for consent.' }),
    requestedBy: Type.Object({
      userId: Type.String({ ...Id, description: 'Who asked; with an agent, the person it acts for.' }),
      agentId: nullable(Type.String(), 'The agent that asked; null where the person did.'),
    }),
    resource: Type.Object({
      type: Type.String({ description: 'The kind of thing acted on.' }),
      id: Type.String({ description: 'Its id; `new` where it is to be made.' }),
    }),
    request: Type.Object(
      {
        path: anything('The parameters in the path.'),
        query: anything('The parameters in the query.'),
        body: nothingOr('The body.'),
      },
      { description: 'The exact request: consent holds for this one and no other.' },
    ),
    effect: Type.Object(effect, { description: 'The exact change, as it was when it was asked for.' }),
    note: nullable(note),
    decidedBy: nullable(Type.String({ ...Id, description: 'Who decided.' })),
    decidedAt: nullable(Time),
    usedAt: nullable(Time, 'When the request was carried out.'),
    expiresAt: Type.String({ ...Time, description: 'Until when it can be decided on and used.' }),
    version: Version,
    createdAt: Time,
    updatedAt: Time,
  },
  {
    $id: 'Approval',
    description:
      "A person's consent to one exact request of one caller. Personal data of others is masked in it as everywhere.",
    ...ownedBy(
      '/effect/before/userId',
      '/effect/after/userId',
      '/effect/after/sentBy/userId',
      '/request/body/userId',
      '/resource/id',
    ),
  },
)

export const DryRun = Type.Object(
  {
    dryRun: Type.Literal(true, { description: 'Nothing was changed.' }),
    operationId: Type.String({ description: 'What was tried out.' }),
    cost: Type.Integer({ minimum: 1, description: "What the request weighs against a caller's quota." }),
    risk: oneOf(['low', 'medium', 'high'], { description: 'What the operation declares of itself.' }),
    approval: Type.Object({
      needed: Type.Boolean({ description: 'Whether a person has to consent before it runs.' }),
      reasons: Type.Array(Type.String(), { description: 'The policies that ask for consent.' }),
    }),
    effect: Type.Object(effect),
  },
  {
    $id: 'DryRun',
    description: 'What a request would do, found out by doing it and undoing it.',
    ...ownedBy('/effect/before/userId', '/effect/after/userId'),
  },
)

export const ApprovalDecision = closed(
  { note: Type.Optional(note) },
  { $id: 'ApprovalDecision', description: 'A word to the one who asked.' },
)
export const ApprovalPage = pageOf(Approval, 'ApprovalPage')
export const ApprovalPath = closed({ approvalId: Id })
export const ApprovalQuery = closed({
  status: Type.Optional(oneOf(STATUSES, { description: 'Only approvals with this status.' })),
  ...pageQuery,
})

export const approvalSchemas = [Approval, DryRun, ApprovalDecision, ApprovalPage]
