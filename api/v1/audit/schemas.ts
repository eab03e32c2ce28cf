import { Type } from '@sinclair/typebox'
import { ACTIONS } from '../../../src/domain/actions.ts'
import { closed, Id, nullable, oneOf, pageOf, pageQuery, Time } from '../schemas.ts'

const OUTCOMES = ['done', 'replayed', 'dry-run', 'approval-requested', 'failed', 'denied', 'unauthenticated'] as const
const RESOURCES = [
  'Service',
  'User',
  'Product',
  'Order',
  'ApiKey',
  'Channel',
  'Message',
  'DeadLetter',
  'Report',
  'Approval',
  'AuditTrail',
] as const

const text = (description: string) => nullable(Type.String(), description)
const uuid = (description: string) => nullable(Id, description)
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, hexadecimal.' })

/** What is stored of an entry, and hashed: no more and no less, so that a reader can compute the hash. */
const fields = {
  id: Id,
  at: Time,
  outcome: oneOf(OUTCOMES, { description: 'How it ended.' }),
  code: text('The error code; null where there was no error.'),
  status: Type.Integer({ description: 'The HTTP status of the answer.' }),
  operationId: text('What was called: an operation of this API.'),
  action: text('The action that policy decided on.'),
  tool: text('The tool that an adapter named; a claim of the client.'),
  userId: uuid('Who did it; with an agent, the person it acted for. Null where nobody knows.'),
  agentId: text('The agent that did it; null where the person did.'),
  credentialId: text('The credential that was used, without its secret.'),
  resourceType: text('The kind of thing that was acted on; null for a list.'),
  resourceId: text('Its id.'),
  parametersDigest: text('A keyed digest of the request: tells equal ones, and nothing of what they say.'),
  policyHash: Type.String({ description: 'Names the rules that decided.' }),
  approvalId: uuid('The consent that was asked for or used.'),
  requestId: Type.String({ description: 'The X-Request-Id of the answer.' }),
  traceId: text('The W3C trace id of the request.'),
  addressDigest: text('A keyed digest of the address of a caller who did not prove who it is.'),
}

const place = {
  position: Type.Integer({ minimum: 1, description: 'The place in the chain: 1 and up.' }),
  previousHash: Type.String({ ...Hash, description: 'The hash at the position before; zeros before the first.' }),
  hash: Type.String({
    ...Hash,
    description: 'SHA-256 over the 32 bytes of `previousHash`, then the canonical text of the entry.',
  }),
}

const seal = Type.Object({
  version: Type.Literal(1),
  kind: Type.Literal('seal'),
  position: Type.Integer({ minimum: 1, description: 'The last position that it covers.' }),
  hash: Type.String({ ...Hash, description: 'The hash at that position.' }),
  entries: Type.Integer({ minimum: 0, description: 'How many entries were added since the seal before.' }),
  at: Time,
  keyId: Type.String({ ...Hash, description: 'The fingerprint of the key: SHA-256 over the bytes of `publicKey`.' }),
  publicKey: Type.String({ description: 'The public part of the key: 32 bytes, base64url.' }),
  previous: Type.String({ ...Hash, description: 'SHA-256 over the line before in the files of seals.' }),
  signature: Type.String({ description: 'Ed25519 over the canonical text of the other members, base64url.' }),
})

export const AuditEntry = Type.Object(
  { ...fields, proof: nullable(Type.Object(place), 'Its place in the chain; null for about a second.') },
  { $id: 'AuditEntry', description: 'What was done, or refused. It holds no personal data.' },
)

export const ProvenAuditEntry = Type.Object(
  {
    ...fields,
    proof: nullable(
      Type.Object({
        ...place,
        seal: nullable(seal, 'The first seal that covers the position; null for about a minute.'),
      }),
      'Its place in the chain; null for about a second.',
    ),
  },
  { $id: 'ProvenAuditEntry', description: 'What was done, or refused, and what proves that it was not changed.' },
)

export const AuditEntryPage = pageOf(AuditEntry, 'AuditEntryPage')
export const AuditEntryPath = closed({ entryId: Id })

const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', maxLength: 35, description }))

export const AuditEntryQuery = closed({
  userId: Type.Optional(Type.String({ ...Id, description: 'Only what this person did, or an agent for them.' })),
  agentId: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Only what this agent did.' })),
  action: Type.Optional(oneOf(ACTIONS, { description: 'Only this action.' })),
  operationId: Type.Optional(
    Type.String({ pattern: '^[a-z][a-zA-Z]+$', maxLength: 64, description: 'Only calls of this operation.' }),
  ),
  outcome: Type.Optional(oneOf(OUTCOMES, { description: 'Only what ended so.' })),
  resourceType: Type.Optional(oneOf(RESOURCES, { description: 'Only acts on this kind of thing.' })),
  resourceId: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'Only acts on the thing with this id.' }),
  ),
  from: time('Only entries of this time or later, such as 2026-01-01T00:00:00Z.'),
  to: time('Only entries of before this time.'),
  ...pageQuery,
})

export const auditSchemas = [AuditEntry, ProvenAuditEntry, AuditEntryPage]
