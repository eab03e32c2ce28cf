import type { Candidate, Recogniser } from './recogniser.ts'

const LONGEST_LOCAL = 64
const LONGEST_DOMAIN = 253
/** RFC 5321 and 6531, but for signs that more often stand between an address and what is around it. */
const LOCAL = /[\p{L}\p{M}\p{N}.!#$%'*+_~^-]/u
const LATIN_LOCAL = /[\p{Script=Latin}0-9.!#$%'*+_~^-]/u
const LATIN_LABEL = /^[\p{Script=Latin}0-9](?:[\p{Script=Latin}\p{M}0-9-]{0,61}[\p{Script=Latin}\p{M}0-9])?/u
const OTHER_LABEL = /^(?:(?!\p{Script=Latin})[\p{L}\p{M}\p{N}-]){1,63}/u
const OTHER_LETTER = /(?!\p{Script=Latin})\p{L}/u
const ADDRESS_LITERAL = /^\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\]/
const QUOTED = /(?<![\w"])"[^"\\\r\n@]{1,62}"$/
/** Ends of file names, which are no domains: icon@2x.png. */
const FILE_ENDING =
  /^(?:png|jpe?g|gif|svg|webp|avif|ico|pdf|css|scss|js|mjs|cjs|ts|tsx|jsx|json|html?|tgz|gz|txt|csv|xml|ya?ml|lock|exe|dll|woff2?|ttf)$/i

/** Email addresses, international ones too (RFC 6531). */
export const emails: Recogniser = {
  type: 'EMAIL',
  find({ text }) {
    const found: Candidate[] = []
    for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
      const start = startOf(text, at)
      const end = start === undefined ? undefined : endOf(text, at + 1)
      if (start === undefined || end === undefined || isUserOfUrl(text, start, end)) continue
      found.push({ start, end, score: 1 })
    }
    return found
  },
}

function startOf(text: string, at: number): number | undefined {
  const quoted = QUOTED.exec(text.slice(Math.max(0, at - LONGEST_LOCAL), at))
  if (quoted) return at - quoted[0].length
  // Where words are not spaced, the text before a Latin address is no part of it.
  const allowed = /[\x21-\x7E]/.test(text[at - 1] ?? '') ? LATIN_LOCAL : LOCAL
  let start = at
  while (start > 0 && at - start < LONGEST_LOCAL && allowed.test(text[start - 1] as string)) start--
  while (start < at && /[.'*~^!#$%-]/.test(text[start] as string)) start++
  return start === at || text[at - 1] === '.' || text.slice(start, at).includes('..') ? undefined : start
}

function endOf(text: string, start: number): number | undefined {
  const rest = text.slice(start, start + LONGEST_DOMAIN)
  const literal = ADDRESS_LITERAL.exec(rest)
  if (literal) return start + literal[0].length
  const labels: string[] = []
  let length = 0
  for (;;) {
    const label = (LATIN_LABEL.exec(rest.slice(length)) ?? OTHER_LABEL.exec(rest.slice(length)))?.[0]
    // A full stop, and then the next sentence.
    if (label === undefined) break
    labels.push(label)
    length += label.length
    if (rest[length] !== '.') break
    length++
  }
  if (rest[length - 1] === '.') length--
  const last = labels.at(-1) ?? ''
  if (labels.length < 2 || !isTopLevel(last)) return undefined
  return start + length
}

const isTopLevel = (label: string) =>
  /^xn--[a-z0-9-]{2,59}$/i.test(label) ||
  ((/^\p{Script=Latin}{2,24}$/u.test(label) || OTHER_LETTER.test(label)) && !FILE_ENDING.test(label))

/** `git@host:path` and `scheme://user:password@host` are places; the latter is a secret of its own kind. */
function isUserOfUrl(text: string, start: number, end: number): boolean {
  if (/^git$/i.test(text.slice(start, text.indexOf('@', start))) && /^[:/]/.test(text.slice(end, end + 1))) return true
  return /:\/\/[^\s/]{0,64}:[^\s/]{0,64}@?$/.test(text.slice(Math.max(0, start - 140), start))
}
