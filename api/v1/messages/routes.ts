import { getMessage, listMessages, sendMessage } from '../../../src/domain/messages.ts'
import { channelResource, messageResource } from '../../../src/domain/resources.ts'
import { operation } from '../../operation.ts'
import { Message, MessagePage, MessagePath, MessageQuery, NewMessage } from './schemas.ts'

const messageId = '019a9f6c-6d7e-7f80-8192-a3b4c5d6e7f8'
const queued = {
  id: messageId,
  channel: 'team',
  text: 'The lamps of this order arrived broken; a refund is under way.',
  about: { type: 'order' as const, id: '019a9f6c-1c2d-7e3f-8a4b-5c6d7e8f9a0b' },
  event: null,
  status: 'queued' as const,
  attempts: 0,
  nextAttemptAt: '2026-01-31T12:00:00.000Z',
  error: null,
  receipt: null,
  deliveredAt: null,
  sentBy: { userId: '019a0000-0000-7000-8000-000000000003', agentId: 'support-copilot' },
  version: 1,
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
}
/** The example of an answer, also where messages appear as dead letters. */
const deliveredExample = {
  ...queued,
  status: 'delivered' as const,
  attempts: 1,
  nextAttemptAt: null,
  receipt: '1769860801.000200',
  deliveredAt: '2026-01-31T12:00:01.000Z',
  version: 3,
  updatedAt: '2026-01-31T12:00:01.000Z',
}

export const messageOperations = [
  operation({
    method: 'POST',
    path: '/messages',
    operationId: 'sendMessage',
    tag: 'messages',
    summary: 'Send a message',
    description:
      'Sends plain text to a channel; find one with listChannels. It is on its way when this answers, not there yet: ' +
      'getMessage tells what became of it. A message to a channel outside the team waits for the consent of a person. ' +
      'Staff only. Never send one again because its status is `unknown`: it is tried again by itself.',
    action: 'message:send',
    cost: 5,
    risk: 'medium',
    body: NewMessage,
    example: { body: { channel: queued.channel, text: queued.text, about: queued.about } },
    on: ({ db }, { body }) => channelResource(db, body.channel),
    success: {
      status: 201,
      description: 'The message, on its way.',
      schema: Message,
      example: queued,
      location: ({ id }) => `/api/v1/messages/${id}`,
    },
    errors: ['channel-not-found', 'channel-disabled'],
    handler: (call, { body }) => sendMessage(call, body),
  }),
  operation({
    method: 'GET',
    path: '/messages',
    operationId: 'listMessages',
    tag: 'messages',
    summary: 'Find messages',
    description:
      'Lists messages and events, the newest first, by channel or status. Staff only. Use it to read an inbox, or to see ' +
      'what did not arrive. With an id at hand, use getMessage.',
    action: 'message:read',
    cost: 3,
    risk: 'low',
    query: MessageQuery,
    example: { query: { channel: 'team', limit: 20 } },
    on: 'list',
    success: {
      status: 200,
      description: 'A page of messages.',
      schema: MessagePage,
      example: { items: [deliveredExample], nextCursor: null },
    },
    errors: ['invalid-cursor'],
    handler: (call, { query, visible }) => listMessages(call, query, visible),
  }),
  operation({
    method: 'GET',
    path: '/messages/:messageId',
    operationId: 'getMessage',
    tag: 'messages',
    summary: 'Read a message',
    description:
      'Tells where a message stands: delivered, waiting for its next attempt, or not tried any more. Use it after ' +
      'sendMessage. To find a message by channel or status, use listMessages.',
    action: 'message:read',
    cost: 1,
    risk: 'low',
    params: MessagePath,
    example: { params: { messageId } },
    on: ({ db }, { params }) => messageResource(db, params.messageId),
    success: { status: 200, description: 'The message.', schema: Message, example: deliveredExample },
    errors: ['message-not-found'],
    handler: (call, { params }) => getMessage(call, params.messageId),
  }),
]
