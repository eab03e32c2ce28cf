import type { Channel } from '../storage/generated/client.ts'
import type { ChannelKind } from '../storage/generated/enums.ts'
import { type Call, type Database, EVENTS_CHANNEL } from './call.ts'
import { uniqueViolation } from './database-errors.ts'
import { CodedError, invalid } from './errors.ts'
import { refuseSecret } from './identifiers.ts'
import { keyset, type PageQuery } from './page.ts'

export interface NewChannel {
  id: string
  kind: ChannelKind
  name: string
  team: boolean
  /** The id of the Slack channel, or the URL of the webhook. */
  target?: string
}

/** What the domain cannot know of how messages leave (src/work/deliveries). */
export interface ChannelSetup {
  /** How Slack is reached: as an app that writes to many channels, or by a URL that leads to one; undefined: not at all. */
  slack: 'app' | 'url' | undefined
  /** @throws CodedError address-refused where a webhook's URL is none that the service sends to */
  checkAddress(url: string): void
  /** Makes a signing secret: the text is shown once, the sealed bytes are stored. */
  mintSecret(channelId: string): { text: string; sealed: Uint8Array<ArrayBuffer> }
}

const CHANNEL_ID = /^[a-z0-9][a-z0-9-]{1,62}$/
/** Stands for a thing that does not exist yet, wherever ids are shown. */
const RESERVED = 'new'
/** What the service itself writes to, and the channel that is always there for people. */
const KEPT = [EVENTS_CHANNEL, 'team']
const SLACK_CHANNEL = /^[A-Z0-9]{9,24}$/

/** A channel as the API shows it. Of a webhook's URL only the origin: the rest may be what keeps strangers out. */
export function presentChannel(channel: Channel) {
  const { kind, target } = channel
  return {
    id: channel.id,
    kind,
    name: channel.name,
    team: channel.team,
    target: kind === 'webhook' && target !== null ? new URL(target).origin : target,
    rotatedAt: channel.rotatedAt?.toISOString() ?? null,
    disabledAt: channel.disabledAt?.toISOString() ?? null,
    version: channel.version,
    createdAt: channel.createdAt.toISOString(),
    updatedAt: channel.updatedAt.toISOString(),
  }
}

/**
 * @returns the channel and, this once, the signing secret of a webhook
 * @throws CodedError channel-taken (a removed channel's id stays taken), address-refused, validation-failed
 */
export async function createChannel({ db, now }: Call, input: NewChannel, setup: ChannelSetup) {
  if (input.id === RESERVED) throw invalid('/body/id', 'reserved', `must not be "${RESERVED}"`)
  refuseSecret(input.id, '/body/id')
  checkTarget(input, setup)
  const secret = input.kind === 'webhook' ? setup.mintSecret(input.id) : undefined
  const data = { ...input, secrets: secret ? [secret.sealed] : [], createdAt: now, updatedAt: now }
  try {
    return { ...presentChannel(await db.channel.create({ data })), secret: secret?.text ?? null }
  } catch (error) {
    if (!uniqueViolation(error)) throw error
    throw new CodedError('channel-taken', undefined, [
      { pointer: '/body/id', code: 'unique', message: 'is or was the id of another channel' },
    ])
  }
}

function checkTarget({ kind, target }: NewChannel, setup: ChannelSetup): void {
  if (kind === 'slack' && setup.slack === undefined) {
    throw invalid('/body/kind', 'setup', 'needs Slack, which is not set up on this service')
  }
  const wanted = kind === 'webhook' || (kind === 'slack' && setup.slack === 'app')
  if (wanted && target === undefined) throw invalid('/body/target', 'required', `is required for a ${kind} channel`)
  if (!wanted && target !== undefined) throw invalid('/body/target', 'kind', 'has no meaning for this channel')
  if (kind === 'slack' && target !== undefined && !SLACK_CHANNEL.test(target)) {
    throw invalid('/body/target', 'pattern', 'must be the id of a Slack channel, such as C0123456789')
  }
  if (kind === 'webhook') setup.checkAddress(target as string)
}

export async function listChannels({ db }: Call, query: PageQuery) {
  const list = keyset('channels', query, CHANNEL_ID)
  const rows = await db.channel.findMany({
    where: { removedAt: null, ...(list.after && { id: { gt: list.after } }) },
    orderBy: { id: 'asc' },
    take: list.take,
  })
  return list.page(rows, (row) => row.id, presentChannel)
}

/** @throws CodedError channel-not-found */
export async function getChannel({ db }: Call, channelId: string) {
  return presentChannel(await findChannel(db, channelId))
}

/**
 * Ends a channel for good. Its row stays without target and secrets, since its messages are history.
 * @throws CodedError channel-not-found, channel-in-use
 */
export async function removeChannel({ db, sql, now }: Call, channelId: string): Promise<void> {
  if (KEPT.includes(channelId)) throw new CodedError('channel-in-use', 'The service itself needs this channel.')
  // Locked against sendMessage, which reads the channel FOR SHARE: none slips in between the look and the removal.
  await sql('SELECT 1 FROM channels WHERE id = $1 FOR UPDATE', [channelId])
  await findChannel(db, channelId)
  const waiting = await db.message.count({ where: { channelId, dead: false, status: { not: 'delivered' } } })
  if (waiting > 0) throw new CodedError('channel-in-use', `Messages wait for delivery: ${waiting}.`)
  await db.channel.update({
    where: { id: channelId },
    data: { removedAt: now, target: null, secrets: [], version: { increment: 1 }, updatedAt: now },
  })
}

/**
 * Gives a webhook a new signing secret; the one before signs too for a day, older ones end at once.
 * @throws CodedError channel-not-found, validation-failed where the channel is no webhook
 */
export async function rotateChannelSecret({ db, sql, now }: Call, channelId: string, setup: ChannelSetup) {
  // Of two rotations at once the second must see the first one's secret.
  await sql('SELECT 1 FROM channels WHERE id = $1 FOR UPDATE', [channelId])
  const { kind, secrets } = await findChannel(db, channelId)
  if (kind !== 'webhook') throw invalid('/path/channelId', 'kind', 'is no webhook: only webhooks have secrets')
  const { text, sealed } = setup.mintSecret(channelId)
  const channel = await db.channel.update({
    where: { id: channelId },
    data: { secrets: [sealed, ...secrets.slice(0, 1)], rotatedAt: now, version: { increment: 1 }, updatedAt: now },
  })
  return { ...presentChannel(channel), secret: text }
}

/** @throws CodedError channel-not-found, also for one that was removed */
export async function findChannel(db: Database, channelId: string): Promise<Channel> {
  const channel = await db.channel.findUnique({ where: { id: channelId } })
  if (!channel || channel.removedAt) throw new CodedError('channel-not-found')
  return channel
}
