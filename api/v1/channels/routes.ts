import {
  type ChannelSetup,
  createChannel,
  getChannel,
  listChannels,
  removeChannel,
  rotateChannelSecret,
} from '../../../src/domain/channels.ts'
import { channelResource, newChannel } from '../../../src/domain/resources.ts'
import { type Operation, operation } from '../../operation.ts'
import { ChannelPage, ChannelPath, ChannelQuery, ChannelWithSecret, NewChannel } from './schemas.ts'

const channelId = 'billing-system'
const time = '2026-01-31T12:00:00.000Z'
const example = {
  id: channelId,
  kind: 'webhook' as const,
  name: 'The billing system',
  team: false,
  target: 'https://billing.example.com',
  rotatedAt: null,
  disabledAt: null,
  version: 1,
  createdAt: time,
  updatedAt: time,
}
const secret = 'whsec_<base64>'
const withoutSecret = ({ secret: _, ...channel }: { secret: string | null }) => channel

export const channelOperations = (setup: ChannelSetup): Operation[] => [
  operation({
    method: 'GET',
    path: '/channels',
    operationId: 'listChannels',
    tag: 'channels',
    summary: 'List channels',
    description:
      'Lists where messages can go, by id. Staff only. Use it before sendMessage: a message to a channel with `team` false ' +
      'waits for the consent of a person, and one with `disabledAt` takes none.',
    action: 'channel:read',
    cost: 3,
    risk: 'low',
    query: ChannelQuery,
    on: 'list',
    success: {
      status: 200,
      description: 'A page of channels.',
      schema: ChannelPage,
      example: { items: [example], nextCursor: null },
    },
    errors: ['invalid-cursor'],
    handler: (call, { query }) => listChannels(call, query),
  }),
  operation({
    method: 'POST',
    path: '/channels',
    operationId: 'createChannel',
    tag: 'channels',
    summary: 'Make a channel',
    description:
      'Makes a place where messages can go: an inbox, a Slack channel or a webhook. Administrators only, people only. ' +
      'The signing secret of a webhook is in this answer and never again. Webhooks go to https URLs on public hosts.',
    action: 'channel:manage',
    cost: 5,
    risk: 'high',
    body: NewChannel,
    example: {
      body: {
        id: channelId,
        kind: 'webhook',
        name: 'The billing system',
        team: false,
        target: 'https://billing.example.com/hooks/handrail',
      },
    },
    on: newChannel,
    preview: withoutSecret,
    success: {
      status: 201,
      description: 'The new channel, with the secret of a webhook.',
      schema: ChannelWithSecret,
      example: { ...example, secret },
    },
    errors: ['people-only', 'channel-taken', 'address-refused'],
    handler: (call, { body }) => createChannel(call, body, setup),
  }),
  operation({
    method: 'DELETE',
    path: '/channels/:channelId',
    operationId: 'removeChannel',
    tag: 'channels',
    summary: 'Remove a channel',
    description:
      'Ends a channel for good; its messages stay to be read, and its id stays taken. Administrators only, people only. ' +
      'Refused while messages wait for delivery, and for the two channels that the service itself needs.',
    action: 'channel:manage',
    cost: 2,
    risk: 'high',
    params: ChannelPath,
    example: { params: { channelId } },
    on: ({ db }, { params }) => channelResource(db, params.channelId),
    before: (call, { params }) => getChannel(call, params.channelId),
    success: { status: 204, description: 'The channel is removed.' },
    errors: ['people-only', 'channel-not-found', 'channel-in-use'],
    handler: async (call, { params }) => void (await removeChannel(call, params.channelId)),
  }),
  operation({
    method: 'POST',
    path: '/channels/:channelId/rotate-secret',
    operationId: 'rotateChannelSecret',
    tag: 'channels',
    summary: 'Replace the signing secret of a webhook',
    description:
      'Makes a new signing secret for a webhook, shown in this answer and never again. For 24 hours requests carry two ' +
      'signatures, so that the receiver can change over; a secret older than the one before ends at once. People only.',
    action: 'channel:manage',
    cost: 2,
    risk: 'high',
    params: ChannelPath,
    example: { params: { channelId } },
    on: ({ db }, { params }) => channelResource(db, params.channelId),
    before: (call, { params }) => getChannel(call, params.channelId),
    preview: withoutSecret,
    success: {
      status: 200,
      description: 'The channel with its new secret.',
      schema: ChannelWithSecret,
      example: { ...example, rotatedAt: time, version: 2, secret },
    },
    errors: ['people-only', 'channel-not-found'],
    handler: (call, { params }) => rotateChannelSecret(call, params.channelId, setup),
  }),
]
