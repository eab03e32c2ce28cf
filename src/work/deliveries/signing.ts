import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import type { Vault } from '../../identity/vault.ts'
import type { Destination } from './sender.ts'

/** How long the secret before signs too, so that a receiver can change over. */
export const OVERLAP_MS = 24 * 60 * 60 * 1000
const SECRET_BYTES = 32

/** A sealed secret opens for its own channel only. */
const contextOf = (channelId: string) => `channel ${channelId}`

/** Makes a signing secret in the form of Standard Webhooks: the text to show once, and the bytes to store. */
export function mintSecret(vault: Vault, channelId: string) {
  const text = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
  return { text, sealed: vault.seal(text, contextOf(channelId)) }
}

/** The headers of Standard Webhooks: one signature for every secret that holds at `now`. */
export function sign(vault: Vault, channel: Destination, id: string, body: string, now: Date): Record<string, string> {
  const overlaps = channel.rotatedAt !== null && now.getTime() < channel.rotatedAt.getTime() + OVERLAP_MS
  const secrets = channel.secrets.slice(0, overlaps ? 2 : 1)
  const signatures = secrets.map((sealed) => new Webhook(vault.open(sealed, contextOf(channel.id))).sign(id, now, body))
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': signatures.join(' '),
  }
}
