import { type FindSeal, getAuditEntry, listAuditEntries } from '../../../src/domain/audit.ts'
import { auditTrail } from '../../../src/domain/resources.ts'
import { type Operation, operation } from '../../operation.ts'
import { AuditEntryPage, AuditEntryPath, AuditEntryQuery, ProvenAuditEntry } from './schemas.ts'

const entry = {
  id: '019a9f6c-4a5b-7c6d-8e7f-0a1b2c3d4e5f',
  at: '2026-01-31T12:00:00.000Z',
  outcome: 'done' as const,
  code: null,
  status: 200,
  operationId: 'cancelOrder',
  action: 'order:cancel',
  tool: 'cancel_order',
  userId: '019a0000-0000-7000-8000-000000000003',
  agentId: 'support-copilot',
  credentialId: 'k4v7q2m9x1c8b5n3z6w0t2r4',
  resourceType: 'Order',
  resourceId: '019a9f6c-1c2d-7e3f-8a4b-5c6d7e8f9a0b',
  parametersDigest: '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
  policyHash: '0b1c2d3e4f5061728394a5b6c7d8e9f00b1c2d3e4f5061728394a5b6c7d8e9f0',
  approvalId: null,
  requestId: '6f1f0d0e-8d6a-4f57-9d0a-3a6a1b1f2c3d',
  traceId: null,
  addressDigest: null,
}
const proof = {
  position: 4711,
  previousHash: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
  hash: 'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9',
}
const seal = {
  version: 1 as const,
  kind: 'seal' as const,
  position: 4720,
  hash: 'baa5a0964d3320fbc0c6a922140453c8513ea24ab8fd0577034804a967248096',
  entries: 12,
  at: '2026-01-31T12:00:41.000Z',
  keyId: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  publicKey: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  previous: '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752',
  signature: 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
}

export const auditOperations = (findSeal: FindSeal): Operation[] => [
  operation({
    method: 'GET',
    path: '/audit-entries',
    operationId: 'listAuditEntries',
    tag: 'audit',
    summary: 'List what was done and refused',
    description:
      'Lists the audit trail, the newest first: every change, what was refused, and who failed to sign in. For ' +
      'administrators. Use it to find out who did something, with agentId for what an agent did, or with resourceId for ' +
      'what became of one thing.',
    action: 'audit:read',
    cost: 3,
    risk: 'low',
    query: AuditEntryQuery,
    example: { query: { agentId: 'support-copilot', outcome: 'denied', from: '2026-01-01T00:00:00Z' } },
    on: 'list',
    success: {
      status: 200,
      description: 'A page of audit entries.',
      schema: AuditEntryPage,
      example: { items: [{ ...entry, proof }], nextCursor: null },
    },
    errors: ['invalid-cursor'],
    handler: (call, { query }) => listAuditEntries(call, query),
  }),
  operation({
    method: 'GET',
    path: '/audit-entries/:entryId',
    operationId: 'getAuditEntry',
    tag: 'audit',
    summary: 'Read an audit entry with its proof',
    description:
      'Reads one audit entry and what proves that nobody changed it. To check it: take `proof` out of the answer and ' +
      'write the rest as canonical JSON (RFC 8785), nulls included; SHA-256 over the bytes of `previousHash` and that ' +
      'text is `hash`. The entries at the next positions lead from there to the hash of the seal. The seal without ' +
      '`signature`, as canonical JSON, is what the key signed; hold its `keyId` against the fingerprint that you noted ' +
      'when the service was set up. To verify the whole trail, the operator runs `npm run audit -- verify`.',
    action: 'audit:read',
    cost: 1,
    risk: 'low',
    params: AuditEntryPath,
    example: { params: { entryId: entry.id } },
    on: () => auditTrail,
    success: {
      status: 200,
      description: 'The entry and its proof.',
      schema: ProvenAuditEntry,
      example: { ...entry, proof: { ...proof, seal } },
    },
    errors: ['audit-entry-not-found'],
    handler: (call, { params }) => getAuditEntry(call, params.entryId, findSeal),
  }),
]
