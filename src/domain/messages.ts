import { v7 as uuidv7 } from 'uuid'
import type { Message } from '../storage/generated/client.ts'
import type { DeliveryStatus } from '../storage/generated/enums.ts'
import type { Call, Database, Visibility } from './call.ts'
import { findChannel } from './channels.ts'
import { CodedError } from './errors.ts'
import { keyset, type PageQuery, UUID } from './page.ts'

/** What a message can be about; it is a pointer for the reader, and nobody checks that the thing is there. */
export type About = { type: 'user' | 'order' | 'product' | 'report'; id: string }

export interface NewMessage {
  channel: string
  text: string
  about?: About
}

export interface MessageQuery extends PageQuery {
  channel?: string
  status?: DeliveryStatus
}

/** A message as the API shows it. */
export function presentMessage(message: Message) {
  const { status, dead, nextAttemptAt } = message
  const waits = !dead && (status === 'queued' || status === 'unknown')
  return {
    id: message.id,
    channel: message.channelId,
    text: message.text,
    about: message.aboutType === null ? null : ({ type: message.aboutType, id: message.aboutId } as About),
    event: message.event,
    status,
    attempts: message.attempts,
    nextAttemptAt: waits ? (nextAttemptAt?.toISOString() ?? null) : null,
    error: message.error,
    receipt: message.receipt,
    deliveredAt: message.deliveredAt?.toISOString() ?? null,
    sentBy: { userId: message.userId, agentId: message.agentId },
    version: message.version,
    createdAt: message.createdAt.toISOString(),
    updatedAt: message.updatedAt.toISOString(),
  }
}

/**
 * Puts a message into the outbox: it leaves when the call's transaction has committed, and only then.
 * @throws CodedError channel-not-found, channel-disabled
 */
export async function sendMessage({ caller, sql, now, outbox }: Call, { channel, text, about }: NewMessage) {
  const [found] = await sql<{ disabled: boolean; inbox: boolean }>(
    "SELECT disabled_at IS NOT NULL AS disabled, kind = 'inbox' AS inbox FROM channels WHERE id = $1 AND removed_at IS NULL FOR SHARE",
    [channel],
  )
  if (!found) throw new CodedError('channel-not-found')
  if (found.disabled) throw new CodedError('channel-disabled')
  const id = uuidv7()
  outbox.push({ id, event: null, channelId: channel, text, about: about ?? null })
  return presentMessage({
    id,
    event: null,
    channelId: channel,
    text,
    aboutType: about?.type ?? null,
    aboutId: about?.id ?? null,
    userId: caller.userId,
    agentId: caller.agentId ?? null,
    status: found.inbox ? 'delivered' : 'queued',
    attempts: 0,
    uncertain: false,
    dead: false,
    nextAttemptAt: found.inbox ? null : now,
    error: null,
    receipt: null,
    deliveredAt: found.inbox ? now : null,
    version: 1,
    createdAt: now,
    updatedAt: now,
  })
}

export async function listMessages({ db }: Call, query: MessageQuery, visible: Visibility) {
  const list = keyset('messages', query, UUID)
  const rows = await db.message.findMany({
    where: {
      AND: [
        visible.all ? {} : { userId: visible.ownerId },
        list.after ? { id: { lt: list.after } } : {},
        query.channel ? { channelId: query.channel } : {},
        query.status ? { status: query.status } : {},
      ],
    },
    orderBy: { id: 'desc' },
    take: list.take,
  })
  return list.page(rows, (row) => row.id, presentMessage)
}

/** @throws CodedError message-not-found */
export async function getMessage({ db }: Call, messageId: string) {
  return presentMessage(await findMessage(db, messageId))
}

/** @throws CodedError message-not-found */
export async function findMessage(db: Database, messageId: string): Promise<Message> {
  const message = await db.message.findUnique({ where: { id: messageId } })
  if (!message) throw new CodedError('message-not-found')
  return message
}

/** Messages that are not tried any more, the newest first. */
export async function listDeadLetters({ db }: Call, query: PageQuery) {
  const list = keyset('dead-letters', query, UUID)
  const rows = await db.message.findMany({
    where: { dead: true, ...(list.after && { id: { lt: list.after } }) },
    orderBy: { id: 'desc' },
    take: list.take,
  })
  return list.page(rows, (row) => row.id, presentMessage)
}

async function findDeadLetter(db: Database, messageId: string): Promise<Message> {
  const message = await db.message.findUnique({ where: { id: messageId } })
  if (!message?.dead) throw new CodedError('dead-letter-not-found')
  return message
}

/**
 * Gives a dead letter all its attempts again. Whether one of the attempts before arrived stays unknown where it was.
 * @throws CodedError dead-letter-not-found, channel-not-found, channel-disabled
 */
export async function retryDeadLetter({ db, now, jobs }: Call, messageId: string) {
  const { channelId, uncertain } = await findDeadLetter(db, messageId)
  const channel = await findChannel(db, channelId)
  if (channel.disabledAt) throw new CodedError('channel-disabled')
  const [message] = await db.message.updateManyAndReturn({
    where: { id: messageId, dead: true },
    data: {
      dead: false,
      status: uncertain ? 'unknown' : 'queued',
      attempts: 0,
      nextAttemptAt: now,
      version: { increment: 1 },
      updatedAt: now,
    },
  })
  // Somebody else was faster.
  if (!message) throw new CodedError('dead-letter-not-found')
  jobs.push({ queue: 'messages', id: messageId })
  return presentMessage(message)
}
