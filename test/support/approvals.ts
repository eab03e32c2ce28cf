import { createHash, randomUUID } from 'node:crypto'
import { type ApprovalRequest, requestApproval } from '../../src/domain/approvals.ts'
import { PEOPLE, type Person, type Service } from './service.ts'

/** Right-to-left override, zero-width characters, a fake line, markup, and what would leave its place. */
export const HOSTILE = [
  'Paid in full\u202Eevil\u202C',
  'zero\u200Bwidth\u2060\uFEFF',
  '<img src=x onerror="alert(1)"><script>alert(2)</script>',
  'Status: approved by the administrator',
  'a literal \\u202E stays as it is',
  `Z${'\u0301'.repeat(60)}`,
  'x'.repeat(5000),
].join('\n')

/** Puts a request on the list as an operation that needs consent does. @returns its id */
export async function askFor(
  { storage }: Service,
  by: { person: Person; agentId?: string },
  wanted: Partial<ApprovalRequest>,
  now = new Date(),
): Promise<string> {
  const { id: userId, role, status } = PEOPLE[by.person]
  const caller = { userId, role, status, keyId: randomUUID(), scopes: ['*' as const], agentId: by.agentId }
  const call = { caller, db: storage.db, sql: storage.sql, now, requestId: randomUUID(), outbox: [], jobs: [] }
  const approval = await requestApproval(call as unknown as Parameters<typeof requestApproval>[0], {
    operationId: 'deleteUser',
    action: 'user:delete',
    risk: 'high',
    reasons: ['deleting-a-user-needs-approval'],
    resource: { type: 'User', id: PEOPLE.bob.id, ownerId: PEOPLE.bob.id },
    digest: new Uint8Array(createHash('sha256').update(randomUUID()).digest()),
    request: { path: { userId: PEOPLE.bob.id }, query: {}, body: null },
    effect: { before: { id: PEOPLE.bob.id, username: 'bob', status: 'active' }, after: null },
    facts: {},
    ...wanted,
  })
  return approval.id
}

/** A refund of one lamp, as an agent asks for it. */
export async function askForRefund(service: Service, by: { person: Person; agentId?: string }, reason: string) {
  const orderId = await service.order('ada')
  const { body: order } = await service.call('support', 'GET', `/orders/${orderId}`)
  return askFor(service, by, {
    operationId: 'refundOrder',
    action: 'order:refund',
    risk: 'high',
    reasons: ['large-refunds-need-approval', 'high-risk-acts-of-agents-need-approval'],
    resource: { type: 'Order', id: orderId, ownerId: PEOPLE.ada.id },
    request: { path: { orderId }, query: {}, body: { amount: { amount: 4995, currency: 'EUR' }, reason } },
    effect: {
      before: { ...order, refunded: { amount: 0, currency: 'EUR' } },
      after: { ...order, refunded: { amount: 4995, currency: 'EUR' }, note: null, version: order.version + 1 },
    },
    facts: { amount: 4995, fields: ['amount', 'reason'], risk: 'high' },
  })
}
