import { judge, type Posted, post } from './post.ts'
import type { Destination, Letter, Outcome, Sender } from './sender.ts'

/** A bot token writes to every channel that the app is in; an incoming webhook is a URL that leads to one channel. */
export interface SlackSettings {
  botToken: string | undefined
  webhookUrl: string | undefined
  /** Where Slack's Web API is, without a slash at the end. */
  apiUrl: string
}

const RECEIVER = 'Slack'

/** What Slack may say and how it goes on (docs.slack.dev, chat.postMessage). What is not here is for good. */
const AGAIN = new Set(['ratelimited', 'rate_limited', 'request_timeout', 'service_unavailable', 'team_added_to_org'])
/** "It's possible some aspect of the operation succeeded before the error was raised." */
const UNKNOWN = new Set(['internal_error', 'fatal_error'])
/** In our words, for those that an operator can mend: an answer's own text goes nowhere. */
const WORDS: Record<string, string> = {
  channel_not_found: 'Slack does not know the channel, or does not show it to the app.',
  not_in_channel: 'The app is not in the Slack channel: invite it.',
  is_archived: 'The Slack channel is archived.',
  invalid_auth: 'Slack does not accept the token.',
  not_authed: 'Slack does not accept the token.',
  account_inactive: 'Slack does not accept the token any more.',
  token_revoked: 'Slack does not accept the token any more.',
  token_expired: 'Slack does not accept the token any more.',
  missing_scope: 'The Slack app lacks the scope chat:write.',
  msg_too_long: 'The message is too long for Slack.',
  restricted_action: 'A setting of the Slack workspace forbids the message.',
}

/** Sends to Slack by its Web API, or by an incoming webhook where no bot token is set. */
export function createSlackSender({ botToken, webhookUrl, apiUrl }: SlackSettings): Sender {
  if (botToken !== undefined) {
    const url = new URL(`${apiUrl}/chat.postMessage`)
    return {
      async send(letter, to, signal) {
        if (to.target === null) return { kind: 'permanent', error: 'The channel names no Slack channel.' }
        const headers = { authorization: `Bearer ${botToken}` }
        return toOutcome(await post({ url, headers, body: JSON.stringify(toSlack(letter, to)), signal }))
      },
    }
  }
  if (webhookUrl !== undefined) {
    const url = new URL(webhookUrl)
    return {
      async send(letter, _to, signal) {
        const { channel: _, ...body } = toSlack(letter)
        const posted = await post({ url, headers: {}, body: JSON.stringify(body), signal })
        const done = posted.kind === 'answered' && posted.status >= 200 && posted.status < 300
        return done ? { kind: 'delivered' } : judge(posted, RECEIVER)
      },
    }
  }
  return { send: async () => ({ kind: 'permanent', error: 'Slack is not set up on this service.' }) }
}

/** Text as it is: nothing in it becomes a mention, a link or a preview. */
function toSlack({ event, text }: Letter, to?: Destination) {
  return {
    channel: to?.target,
    text: escapeText(event === null ? text : `${event} ${text}`),
    mrkdwn: false,
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
  }
}

/** The three characters that Slack reads as control: without them there is no <!channel> and no <@U123>. */
const escapeText = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function toOutcome(posted: Posted): Outcome {
  if (posted.kind !== 'answered' || posted.status !== 200) return judge(posted, RECEIVER)
  const answer = readAnswer(posted.text)
  // The request was taken, and what became of it cannot be read.
  if (!answer) return { kind: 'unknown', error: 'The answer of Slack cannot be read.' }
  if (answer.ok) return { kind: 'delivered', ...(answer.ts !== undefined && { receipt: answer.ts }) }
  const { error } = answer
  const wait = posted.retryAfterMs === undefined ? {} : { retryAfterMs: posted.retryAfterMs }
  if (AGAIN.has(error)) return { kind: 'transient', error: 'Slack asks to try again later.', ...wait }
  if (UNKNOWN.has(error)) return { kind: 'unknown', error: 'Slack failed, perhaps after it took the message.', ...wait }
  return { kind: 'permanent', error: WORDS[error] ?? 'Slack refused the message.' }
}

/** A message's timestamp is its id within the channel. */
const TIMESTAMP = /^\d{1,12}\.\d{1,9}$/

function readAnswer(text: string): { ok: true; ts: string | undefined } | { ok: false; error: string } | undefined {
  try {
    const { ok, ts, error } = JSON.parse(text) as Record<string, unknown>
    if (ok === true) return { ok, ts: typeof ts === 'string' && TIMESTAMP.test(ts) ? ts : undefined }
    if (ok === false) return { ok, error: String(error) }
  } catch {
    // Said below: it cannot be read.
  }
  return undefined
}
