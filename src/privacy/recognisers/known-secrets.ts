import type { Candidate, Recogniser } from './recogniser.ts'

/**
 * Secrets that say what they are by how they begin. Every expression begins with fixed text, which no other letter
 * stands before, and is bounded or takes a whole run: so each is linear.
 */
const PREFIXED = [
  // Our own keys, and those of Standard Webhooks and Stripe's webhooks.
  'hr_[a-z0-9]{24}_[A-Za-z0-9_-]{43}',
  'whsec_[A-Za-z0-9+/=]{20,100}',
  // Amazon, Google, Azure.
  '(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}',
  'AIza[A-Za-z0-9_-]{35,60}',
  'GOCSPX-[A-Za-z0-9_-]{20,40}',
  'ya29\\.[A-Za-z0-9_-]{20,400}',
  // GitHub, GitLab, npm, PyPI, Docker, Hugging Face.
  'gh[pousr]_[A-Za-z0-9]{30,255}',
  'github_pat_[A-Za-z0-9_]{22,255}',
  'gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{20,64}',
  'npm_[A-Za-z0-9]{36}',
  'pypi-[A-Za-z0-9_-]{50,255}',
  'dckr_pat_[A-Za-z0-9_-]{20,40}',
  'hf_[A-Za-z0-9]{32,38}',
  // Slack, Stripe, Square, Shopify, SendGrid, Twilio, Mailgun, Telegram, DigitalOcean.
  'xox[abeoprs]-[A-Za-z0-9-]{10,255}',
  'xapp-\\d-[A-Za-z0-9-]{10,255}',
  '[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,255}',
  'sq0[a-z]{3}-[A-Za-z0-9_-]{22,60}',
  'shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}',
  'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{16,64}',
  'SK[0-9a-f]{32}',
  'key-[0-9a-f]{32}',
  '\\d{8,10}:AA[A-Za-z0-9_-]{32,34}',
  'do[oprt]_v1_[0-9a-f]{64}',
  // OpenAI, Anthropic and others of that form; 43 characters are an ETag that begins so.
  'sk-(?![A-Za-z0-9_-]{40}(?![A-Za-z0-9_-]))(?:ant-|proj-|svcacct-|or-)?[A-Za-z0-9_-]{20,255}',
]
const TOKENS = new RegExp(`(?<![A-Za-z0-9_])(?:${PREFIXED.join('|')})`, 'g')
const HINT =
  /hr_|whsec_|A[KSBC3][ICT]A?|AIza|GOCSPX|ya29|gh[pousr]_|github_pat|gl[a-z]{2,4}-|npm_|pypi-|dckr_|hf_|xox|xapp|k_(?:live|test|prod)_|sq0|shp|SG\.|SK|key-|:AA|_v1_|sk-/
const JWT = /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*/g
/** Encrypted ones have five parts, of which the second may be empty. */
const JWE =
  /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g
const SLACK_WEBHOOK = /https:\/\/hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9/_-]{8,200}/g
const PEM_HEAD = /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g
const PEM_TAIL = /-----END [A-Z0-9 ]{0,60}-----/y
const PEM_BODY = /[A-Za-z0-9+/=\s\\:,>-]*/y

export const knownSecrets: Recogniser = {
  type: 'SECRET',
  find({ text }) {
    const found: Candidate[] = []
    const add = (pattern: RegExp) => {
      for (const { index, 0: secret } of text.matchAll(pattern))
        found.push({ start: index, end: index + secret.length, score: 1 })
    }
    if (text.includes('-----BEGIN ')) found.push(...privateKeys(text))
    if (HINT.test(text)) add(TOKENS)
    if (text.includes('hooks.slack')) add(SLACK_WEBHOOK)
    if (text.includes('eyJ')) {
      add(JWT)
      if (found.length === 0) add(JWE)
    }
    return found
  },
}

/** From the head to the tail; where the tail is missing, as far as there is base64. */
function privateKeys(text: string): Candidate[] {
  const found: Candidate[] = []
  for (const { index, 0: head } of text.matchAll(PEM_HEAD)) {
    const body = index + head.length
    const next = text.indexOf('-----', body)
    PEM_TAIL.lastIndex = next
    const tail = next < 0 ? undefined : PEM_TAIL.exec(text)?.[0]
    PEM_BODY.lastIndex = body
    const end = tail === undefined ? bodyEnd(text, body, next) : next + tail.length
    found.push({ start: index, end, score: 1 })
    if (next < 0) break
  }
  return found
}

function bodyEnd(text: string, body: number, next: number): number {
  const rest = text.slice(body, next < 0 ? text.length : next)
  PEM_BODY.lastIndex = 0
  return body + (PEM_BODY.exec(rest)?.[0].trimEnd().length ?? 0)
}
