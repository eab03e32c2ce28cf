import type { Candidate, Recogniser } from './recogniser.ts'

/** Names of what only its owner may know. A password may be any word, so its value is believed sooner. */
const PASSWORDS =
  'password|passwd|passwort|passphrase|passcode|pwd|kennwort|mot de passe|contraseña|clave|senha|hasło|haslo|wachtwoord|lösenord|adgangskode|salasana|parola|şifre|пароль|κωδικός|كلمة المرور|كلمة السر|סיסמה|पासवर्ड|密码|密碼|パスワード|비밀번호|mật khẩu|kata sandi|รหัสผ่าน'
const TOKENS =
  'secret|api[ _-]?key|api[ _-]?token|access[ _-]?key(?:[ _-]?id)?|access[ _-]?token|auth[ _-]?token|refresh[ _-]?token|session[ _-]?token|bearer[ _-]?token|client[ _-]?secret|private[ _-]?key|secret[ _-]?key|secret[ _-]?access[ _-]?key|signing[ _-]?key|encryption[ _-]?key|account[ _-]?key|shared[ _-]?access[ _-]?key|credentials?|token|creds|auth[ _-]?key'
const IS = '(?:is|was|ist|lautet|est|es|era|è|é|jest|to|=>|:=|=|:|：|是|は|は：|—|->)'
const IS_PASSWORD = new RegExp(`^(?:${PASSWORDS})$`, 'iu')
/** In quotation marks, all of it; otherwise up to the next space. */
const VALUE = '(?:(["\'`])([^"\'`\\r\\n]{4,200})\\3|["\'`]?([^\\s"\'`<>]{4,256}))'
const ASSIGNED = new RegExp(
  `(?<![a-zà-ɏ])(${PASSWORDS}|${TOKENS})["'\`\\]]{0,2}[ \\t]{0,4}(${IS})[ \\t]{0,4}${VALUE}`,
  'giu',
)
/** The end of a longer name: DB_PASSWORD, x-api-key, mySecret. */
const NAMED = new RegExp(
  `(?<=[A-Za-z0-9][_-]|[a-z](?=[A-Z]))(${PASSWORDS}|${TOKENS})["'\`\\]]{0,2}[ \\t]{0,4}(=>|:=|=|:)[ \\t]{0,4}${VALUE}`,
  'giu',
)
const HINT = new RegExp(`${PASSWORDS}|secret|key|token|cred|bearer|basic|sig=`, 'iu')

const BEARER = /(?<![A-Za-z])(?:bearer|token)[ \t]+([A-Za-z0-9._~+/-]{16,2000}={0,2})/gi
const BASIC = /(?<![A-Za-z])basic[ \t]+([A-Za-z0-9+/]{8,1000}={0,2})(?![A-Za-z0-9+/])/gi
/** Connection strings and signed URLs. */
const SIGNED =
  /[?&;](?:sig|signature|x-amz-signature|sharedaccesssignature|accountkey|token|access_token|api_key|apikey|key|pwd|password)=([A-Za-z0-9._~%+/=:-]{8,512})/gi

/** What tokens are made of; what follows is the text around them. */
const TOKEN = /^[A-Za-z0-9._~+/=:@$!*-]+/
/** A call in source code. */
const CALL = /^[\w$.]+\(/
const PLACEHOLDER =
  /^(?:\[[A-Z]+_\d+\]|\*+|x{3,}|\.{3,}|•+|_+|-+|null|none|undefined|true|false|nil|string|required|optional|missing|invalid|incorrect|wrong|expired|changed|reset|updated|correct|valid|empty|blank|hidden|redacted|removed|masked|protected|needed|forgotten|unknown|password|passwort|here|with|that|this|your|must|should|will|cannot|could|would|from|when|what|not|and|the|too|please|request|authentication|bearer|basic)[.,;:!?)]*$/i
const REFERENCE = /^(?:\$\{?|\{\{|%\w+%|process\.env|os\.environ|env\.|<|https?:\/\/)/i
const ONLY_LETTERS = /^\p{Ll}+$|^\p{Lu}?\p{Ll}+$/u

/** Passwords, tokens and keys that somebody names as such, and what a header or a signed URL carries. */
export const assignedSecrets: Recogniser = {
  type: 'SECRET',
  find({ text }) {
    if (!HINT.test(text)) return []
    const found: Candidate[] = []
    for (const pattern of [ASSIGNED, NAMED]) {
      for (const match of text.matchAll(pattern)) {
        const [all, name = '', is = '', quote = '', quoted, bare = ''] = match
        const value = quoted ?? bare
        addValue(text, match.index + all.length - value.length - quote.length, { name, is, quote, value }, found)
      }
    }
    for (const [pattern, wanted] of [
      [BEARER, isRandom],
      [BASIC, isCredential],
      [SIGNED, isRandom],
    ] as const) {
      for (const match of text.matchAll(pattern)) {
        const value = match[1] as string
        const start = match.index + match[0].length - value.length
        if (wanted(value)) found.push({ start, end: start + value.replace(/[.,]+$/, '').length, score: 0.9 })
      }
    }
    return found
  },
}

interface Assigned {
  name: string
  is: string
  quote: string
  value: string
}

function addValue(text: string, start: number, { name, is, quote, value: raw }: Assigned, found: Candidate[]): void {
  const password = IS_PASSWORD.test(name)
  const value = password ? withoutStop(raw, quote) : (TOKEN.exec(raw)?.[0].replace(/[.:]+$/, '') ?? '')
  if (quote === '' && CALL.test(raw)) return
  if (value.length < 4 || PLACEHOLDER.test(raw) || PLACEHOLDER.test(value) || REFERENCE.test(value)) return
  const ends = /^(?:$|[\n\r"'`,;.)]|\s*$)/.test(text.slice(start + value.length, start + value.length + 2))
  const spoken = /^\p{L}/u.test(is)
  const believed = password
    ? spoken
      ? /[^\p{L}]/u.test(value.replace(/[.,;:!?)'-]+$/, '')) || quote !== ''
      : !ONLY_LETTERS.test(value) || quote !== '' || ends
    : isRandom(value)
  if (believed) found.push({ start, end: start + value.length, score: 0.8 })
}

/** Without the signs that end a sentence, unless quotation marks say what belongs to it. */
const withoutStop = (value: string, quote: string) =>
  quote === '' ? value.replace(/[.,;:!?)\]}]+$/, (tail) => (/^[!?]+$/.test(tail) ? tail : '')) : value

/** Long, with letters and digits: no word, no number, no id that our own texts are full of. */
function isRandom(value: string): boolean {
  if (value.length < 8 || PLACEHOLDER.test(value) || !/\d/.test(value) || !/[A-Za-z]/.test(value)) return false
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(value)) return false
  return !/^[A-Z0-9]+(?:-[A-Z0-9]+)+$/.test(value)
}

/** `name:password` in base64 (RFC 7617). */
const isCredential = (value: string) =>
  /^[\x20-\x7E]+:[\x20-\x7E]*$/.test(Buffer.from(value, 'base64').toString('latin1'))
