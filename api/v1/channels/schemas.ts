import { type Static, Type } from '@sinclair/typebox'
import { closed, freeText, nullable, oneOf, pageOf, pageQuery, Time, Version } from '../schemas.ts'

const KINDS = ['inbox', 'slack', 'webhook'] as const

export const ChannelId = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{1,62}$',
  maxLength: 63,
  description: 'Names the channel, for good.',
})
const kind = oneOf(KINDS, {
  description: '`inbox` keeps messages here, to be read with listMessages; the others send them on.',
})
const name = Type.String({ minLength: 1, maxLength: 100, description: 'Who reads there, in words.', ...freeText })
const team = Type.Boolean({
  description: 'Whether everybody who reads it is of the own team. A message to any other waits for consent.',
})

const shown = {
  id: ChannelId,
  kind,
  name,
  team,
  target: nullable(
    Type.String(),
    'The id of the Slack channel, or the origin of the webhook: the rest of its URL may be a secret.',
  ),
  rotatedAt: nullable(Time, 'When the signing secret was last replaced; the one before signs for 24 hours more.'),
  disabledAt: nullable(Time, 'When the receiver said that it is gone: nothing is sent there any more.'),
  version: Version,
  createdAt: Time,
  updatedAt: Time,
}

export const Channel = Type.Object(shown, { $id: 'Channel', description: 'Where messages go.' })

export const ChannelWithSecret = Type.Object(
  {
    ...shown,
    secret: nullable(
      Type.String(),
      'The signing secret of a webhook (Standard Webhooks). It is shown this once; null for other kinds.',
    ),
  },
  { $id: 'ChannelWithSecret', description: 'A channel with its new signing secret.' },
)

export const NewChannel = closed(
  {
    id: Type.String({ ...ChannelId, description: 'Names the channel, for good; not `new`.' }),
    kind,
    name,
    team,
    target: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 2000,
        description: 'The id of the Slack channel, or the https URL of the webhook. An inbox has none.',
      }),
    ),
  },
  { $id: 'NewChannel', description: 'A channel to make.' },
)
export type NewChannel = Static<typeof NewChannel>

export const ChannelPage = pageOf(Channel, 'ChannelPage')
export const ChannelPath = closed({ channelId: ChannelId })
export const ChannelQuery = closed(pageQuery)

export const channelSchemas = [Channel, ChannelWithSecret, NewChannel, ChannelPage]
