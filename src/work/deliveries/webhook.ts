import { CodedError } from '../../domain/errors.ts'
import type { Vault } from '../../identity/vault.ts'
import type { Addresses } from './addresses.ts'
import { judge, post } from './post.ts'
import type { Letter, Sender } from './sender.ts'
import { sign } from './signing.ts'

const RECEIVER = 'The receiver'
/** The `type` of what is no event of the service. */
const MESSAGE = 'message.sent'

/**
 * Sends to a URL as Standard Webhooks has it (standardwebhooks.com): id, timestamp and signatures in the headers, and
 * {type, timestamp, data} in the body. The id is the same for every attempt, so a receiver can drop what it knows.
 */
export function createWebhookSender(vault: Vault, addresses: Addresses): Sender {
  return {
    async send(letter, to, signal) {
      const url = judged(to.target ?? '', addresses)
      if (!url) return { kind: 'permanent', error: 'The address is not one that the service sends to.' }
      const body = bodyOf(letter)
      const headers = sign(vault, to, letter.id, body, new Date())
      const posted = await post({ url, headers, body, signal, lookup: addresses.lookup(url) })
      if (posted.kind !== 'answered') return judge(posted, RECEIVER)
      if (posted.status >= 200 && posted.status < 300) return { kind: 'delivered' }
      if (posted.status === 410) return { kind: 'permanent', error: 'The receiver is gone for good (410).', gone: true }
      return judge(posted, RECEIVER)
    },
  }
}

/** What was allowed when the channel was made need not be any more: the operator may have changed the settings. */
function judged(target: string, addresses: Addresses): URL | undefined {
  try {
    return addresses.check(target)
  } catch (error) {
    if (error instanceof CodedError) return undefined
    throw error
  }
}

function bodyOf({ id, event, text, about, sentBy, createdAt }: Letter): string {
  const data = event === null ? { id, text, about, sentBy } : JSON.parse(text)
  return JSON.stringify({ type: event ?? MESSAGE, timestamp: createdAt.toISOString(), data })
}
