import type { Action } from '../../../src/domain/actions.ts'
import {
  cancelApproval,
  concealed,
  decideApproval,
  findApproval,
  getApproval,
  listApprovals,
  questionOf,
} from '../../../src/domain/approvals.ts'
import type { Call } from '../../../src/domain/call.ts'
import { CodedError } from '../../../src/domain/errors.ts'
import { approvalResource, mayRead } from '../../../src/domain/resources.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { type Operation, operation } from '../../operation.ts'
import { Approval, ApprovalDecision, ApprovalPage, ApprovalPath, ApprovalQuery } from './schemas.ts'

const approvalId = '019a9f6c-4a5b-7c6d-8e7f-0a1b2c3d4e5f'
const orderId = '019a9f6c-1c2d-7e3f-8a4b-5c6d7e8f9a0b'
const support = '019a0000-0000-7000-8000-000000000003'
const manager = '019a0000-0000-7000-8000-000000000002'

export const approvalExample = {
  id: approvalId,
  status: 'pending' as const,
  operationId: 'refundOrder',
  action: 'order:refund',
  risk: 'medium' as const,
  reasons: ['large-refunds-need-approval'],
  requestedBy: { userId: support, agentId: 'support-copilot' },
  resource: { type: 'Order', id: orderId },
  request: { path: { orderId }, query: {}, body: { reason: 'The lamp arrived broken.' } },
  effect: {
    before: { id: orderId, refunded: { amount: 0, currency: 'EUR' } },
    after: { id: orderId, refunded: { amount: 24990, currency: 'EUR' } },
  },
  note: null,
  decidedBy: null,
  decidedAt: null,
  usedAt: null,
  expiresAt: '2026-02-01T12:00:00.000Z',
  version: 1,
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
}
const decided = (status: 'approved' | 'denied', note: string) => ({
  ...approvalExample,
  status,
  note,
  decidedBy: manager,
  decidedAt: '2026-01-31T12:05:00.000Z',
  version: 2,
  updatedAt: '2026-01-31T12:05:00.000Z',
})
const on = ({ db }: Pick<Call, 'db'>, { params }: { params: { approvalId: string } }) =>
  approvalResource(db, params.approvalId)

/** Who asked may have lost the right to read what it was about. */
async function asSeenBy(policy: Policy, call: Call, shown: Awaited<ReturnType<typeof getApproval>>) {
  const { resource } = questionOf(await findApproval(call.db, shown.id))
  return (await mayRead(policy, call.caller, resource)) ? shown : concealed(shown)
}

/**
 * Nobody consents to what they could not do themselves, nor to what is done to what is theirs.
 * @throws CodedError own-approval, forbidden and what else policy says
 */
async function mayDoItThemselves(policy: Policy, { caller, db }: Call, id: string): Promise<void> {
  const approval = await findApproval(db, id)
  const { resource, facts } = questionOf(approval)
  if ('ownerId' in resource && resource.ownerId === caller.userId) throw new CodedError('own-approval')
  const { allow, code } = await policy.check(caller, approval.action as Action, resource, { ...facts, approved: true })
  if (!allow) throw new CodedError(code ?? 'forbidden', 'The request is for something that you may not do yourself.')
}

export const approvalOperations = (policy: Policy): Operation[] => [
  operation({
    method: 'GET',
    path: '/approvals',
    operationId: 'listApprovals',
    tag: 'approvals',
    summary: 'List approvals',
    description:
      'Lists the approvals that you may see, the newest first: your own requests, and for managers everybody’s. Use it ' +
      'with status `pending` to find what waits for a decision.',
    action: 'approval:read',
    cost: 3,
    risk: 'low',
    query: ApprovalQuery,
    example: { query: { status: 'pending' } },
    on: 'list',
    success: {
      status: 200,
      description: 'A page of approvals.',
      schema: ApprovalPage,
      example: { items: [approvalExample], nextCursor: null },
    },
    errors: ['invalid-cursor'],
    handler: async (call, { query, visible }) => {
      const page = await listApprovals(call, query, visible)
      return { ...page, items: await Promise.all(page.items.map((item) => asSeenBy(policy, call, item))) }
    },
  }),
  operation({
    method: 'GET',
    path: '/approvals/:approvalId',
    operationId: 'getApproval',
    tag: 'approvals',
    summary: 'Read an approval',
    description:
      'Tells where an approval stands. When it is `approved`, repeat the request it is for exactly as it was, with the ' +
      'same Idempotency-Key and with its id as Approval-Id. While it is `pending`, wait for a person to decide.',
    action: 'approval:read',
    cost: 1,
    risk: 'low',
    params: ApprovalPath,
    example: { params: { approvalId } },
    on,
    success: { status: 200, description: 'The approval.', schema: Approval, example: approvalExample },
    errors: ['approval-not-found'],
    handler: async (call, { params }) => asSeenBy(policy, call, await getApproval(call, params.approvalId)),
  }),
  operation({
    method: 'POST',
    path: '/approvals/:approvalId/approve',
    operationId: 'approve',
    tag: 'approvals',
    summary: 'Approve a request',
    description:
      'Consents to one exact request. For people only, managers and administrators: never for what you asked for ' +
      'yourself, nor for what you could not do yourself. The caller then repeats the request, once.',
    action: 'approval:approve',
    cost: 2,
    risk: 'high',
    params: ApprovalPath,
    body: ApprovalDecision,
    example: { params: { approvalId }, body: { note: 'Seen the photos.' } },
    on,
    before: (call, { params }) => getApproval(call, params.approvalId),
    success: {
      status: 200,
      description: 'The approved approval.',
      schema: Approval,
      example: decided('approved', 'Seen the photos.'),
    },
    errors: ['people-only', 'own-approval', 'approval-not-found', 'approval-not-pending'],
    handler: async (call, { params, body }) => {
      await mayDoItThemselves(policy, call, params.approvalId)
      return decideApproval(call, params.approvalId, 'approved', body.note)
    },
  }),
  operation({
    method: 'POST',
    path: '/approvals/:approvalId/deny',
    operationId: 'deny',
    tag: 'approvals',
    summary: 'Deny a request',
    description:
      'Refuses one exact request, for good. For people only, managers and administrators. Say why in `note`.',
    action: 'approval:deny',
    cost: 2,
    risk: 'medium',
    params: ApprovalPath,
    body: ApprovalDecision,
    example: { params: { approvalId }, body: { note: 'Ask for the photos first.' } },
    on,
    before: (call, { params }) => getApproval(call, params.approvalId),
    success: {
      status: 200,
      description: 'The denied approval.',
      schema: Approval,
      example: decided('denied', 'Ask for the photos first.'),
    },
    errors: ['people-only', 'own-approval', 'approval-not-found', 'approval-not-pending'],
    handler: (call, { params, body }) => decideApproval(call, params.approvalId, 'denied', body.note),
  }),
  operation({
    method: 'POST',
    path: '/approvals/:approvalId/cancel',
    operationId: 'cancelApproval',
    tag: 'approvals',
    summary: 'Withdraw a request',
    description: 'Withdraws what you asked for, before it was carried out. Use it when the act is not wanted any more.',
    action: 'approval:cancel',
    cost: 2,
    risk: 'low',
    params: ApprovalPath,
    example: { params: { approvalId } },
    on,
    before: (call, { params }) => getApproval(call, params.approvalId),
    success: {
      status: 200,
      description: 'The cancelled approval.',
      schema: Approval,
      example: { ...approvalExample, status: 'cancelled' as const, version: 2 },
    },
    errors: ['approval-not-found', 'approval-not-pending'],
    handler: async (call, { params }) => asSeenBy(policy, call, await cancelApproval(call, params.approvalId)),
  }),
]
