import type { ChannelSetup } from '../../domain/channels.ts'
import type { Vault } from '../../identity/vault.ts'
import { type Addresses, createAddresses } from './addresses.ts'
import type { Senders } from './sender.ts'
import { mintSecret } from './signing.ts'
import { createSlackSender, type SlackSettings } from './slack.ts'
import { createWebhookSender } from './webhook.ts'

export interface DeliverySettings {
  slack: SlackSettings
  /** `host` or `host:port` of webhook receivers that may be private or without TLS. */
  webhookHosts: string[]
}

/** No Slack and no private receivers. */
export const NOTHING_SET_UP: DeliverySettings = {
  slack: { botToken: undefined, webhookUrl: undefined, apiUrl: 'https://slack.com/api' },
  webhookHosts: [],
}

/** One sender for each kind of channel, and what the making of channels needs to know of them. */
export function createSenders(
  { slack, webhookHosts }: DeliverySettings,
  vault: Vault,
  addresses: Addresses = createAddresses(webhookHosts),
): { senders: Senders; setup: ChannelSetup } {
  return {
    senders: { slack: createSlackSender(slack), webhook: createWebhookSender(vault, addresses) },
    setup: {
      slack: slack.botToken !== undefined ? 'app' : slack.webhookUrl !== undefined ? 'url' : undefined,
      checkAddress: (url) => void addresses.check(url),
      mintSecret: (channelId) => mintSecret(vault, channelId),
    },
  }
}
