import { getMessage, listDeadLetters, retryDeadLetter } from '../../../src/domain/messages.ts'
import { deadLetterResource } from '../../../src/domain/resources.ts'
import { operation } from '../../operation.ts'
import { DeadLetter, DeadLetterPage, DeadLetterPath, DeadLetterQuery } from './schemas.ts'

const messageId = '019a9f6c-6d7e-7f80-8192-a3b4c5d6e7f8'
const example = {
  id: messageId,
  channel: 'billing-system',
  text: 'The order was refunded.',
  about: null,
  event: null,
  status: 'failed' as const,
  attempts: 12,
  nextAttemptAt: null,
  error: 'The receiver failed (503).',
  receipt: null,
  deliveredAt: null,
  sentBy: { userId: '019a0000-0000-7000-8000-000000000003', agentId: null },
  version: 25,
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T14:05:00.000Z',
}

export const deadLetterOperations = [
  operation({
    method: 'GET',
    path: '/dead-letters',
    operationId: 'listDeadLetters',
    tag: 'dead-letters',
    summary: 'List dead letters',
    description:
      'Lists the messages that are not tried any more, the newest first. Administrators only. `failed` ones did not ' +
      'arrive; `unknown` ones may have: ask the receiver before you retry one.',
    action: 'dead-letter:read',
    cost: 3,
    risk: 'low',
    query: DeadLetterQuery,
    on: 'list',
    success: {
      status: 200,
      description: 'A page of dead letters.',
      schema: DeadLetterPage,
      example: { items: [example], nextCursor: null },
    },
    errors: ['invalid-cursor'],
    handler: (call, { query }) => listDeadLetters(call, query),
  }),
  operation({
    method: 'POST',
    path: '/dead-letters/:messageId/retry',
    operationId: 'retryDeadLetter',
    tag: 'dead-letters',
    summary: 'Send a dead letter again',
    description:
      'Gives a message that is not tried any more all its attempts again. Administrators only. Use it when the cause is ' +
      'mended. One whose status is `unknown` may arrive twice.',
    action: 'dead-letter:retry',
    cost: 2,
    risk: 'medium',
    params: DeadLetterPath,
    example: { params: { messageId } },
    on: ({ db }, { params }) => deadLetterResource(db, params.messageId),
    before: (call, { params }) => getMessage(call, params.messageId),
    success: {
      status: 200,
      description: 'The message, on its way again.',
      schema: DeadLetter,
      example: { ...example, status: 'queued' as const, attempts: 0, nextAttemptAt: '2026-01-31T15:00:00.000Z' },
    },
    errors: ['dead-letter-not-found', 'channel-not-found', 'channel-disabled'],
    handler: (call, { params }) => retryDeadLetter(call, params.messageId),
  }),
]
