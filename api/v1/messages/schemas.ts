import { type Static, Type } from '@sinclair/typebox'
import { ChannelId } from '../channels/schemas.ts'
import {
  closed,
  freeText,
  Id,
  nullable,
  oneOf,
  ownedBy,
  pageOf,
  pageQuery,
  ref,
  Time,
  untrusted,
  Version,
} from '../schemas.ts'

const STATUSES = ['queued', 'sending', 'delivered', 'failed', 'unknown'] as const
const KINDS = ['user', 'order', 'product', 'report'] as const

export const About = closed(
  {
    type: oneOf(KINDS, { description: 'The kind of thing.' }),
    id: Type.String({
      pattern: '^[A-Za-z0-9-]{1,64}$',
      maxLength: 64,
      description: 'Its id, or the SKU of a product.',
    }),
  },
  { $id: 'About', description: 'What a message is about.' },
)

const text = Type.String({
  minLength: 1,
  maxLength: 4000,
  description: 'Plain text: markup is shown as it is.',
  ...freeText,
})

export const Message = Type.Object(
  {
    id: Id,
    channel: ChannelId,
    text: Type.String({ description: 'What was written; for an event its data as JSON.', ...freeText }),
    about: Type.Unsafe<Static<typeof About> | null>({ anyOf: [ref(About), { type: 'null' }] }),
    event: nullable(Type.String(), 'The type of an event that the service tells; null for a message.'),
    status: oneOf(STATUSES, {
      description:
        'Where it stands. `unknown`: an attempt ended without an answer, so it may have arrived; never taken for `failed`.',
    }),
    attempts: Type.Integer({ minimum: 0, description: 'How often it was tried.' }),
    nextAttemptAt: nullable(Time, 'When it is tried next; null where it is not, or is under way.'),
    error: nullable(Type.String(freeText), 'What went wrong at the last attempt, in words of the service.'),
    receipt: nullable(Type.String(untrusted), 'What the receiver calls it.'),
    deliveredAt: nullable(Time),
    sentBy: Type.Object({
      userId: Type.String({ ...Id, description: 'Who sent it, or whose act the event tells.' }),
      agentId: nullable(Type.String(), 'The agent that did it for the person; null where the person did.'),
    }),
    version: Version,
    createdAt: Time,
    updatedAt: Time,
  },
  {
    $id: 'Message',
    description: 'A message or an event on its way to a channel, and how far it got.',
    ...ownedBy('/sentBy/userId'),
  },
)

export const NewMessage = closed(
  { channel: ChannelId, text, about: Type.Optional(ref(About)) },
  { $id: 'NewMessage', description: 'A message to send.' },
)
export type NewMessage = Static<typeof NewMessage>

export const MessagePage = pageOf(Message, 'MessagePage')
export const MessagePath = closed({ messageId: Id })
export const MessageQuery = closed({
  channel: Type.Optional(Type.String({ ...ChannelId, description: 'Only messages to this channel.' })),
  status: Type.Optional(oneOf(STATUSES, { description: 'Only messages with this status.' })),
  ...pageQuery,
})

export const messageSchemas = [About, Message, NewMessage, MessagePage]
