import { isIPv4, isIPv6 } from 'node:net'
import { anyOf, type Candidate, type Recogniser, wordsBefore } from './recogniser.ts'

const WORDS = anyOf(
  'ip ipv4 ipv6 host server address adresse addr dirección indirizzo client gateway router from dns subnet ping ssh adresi адрес',
)
/** Numbers in dots that are no addresses. */
const VERSION =
  /(?:(?<!\p{L})(?:version|versión|versione|versão|ver|v|release|rel|build|firmware|section|sect|chapter|clause|§|update|upgrade|driver|oid|kernel|fw|sdk|paragraph|article|kapitel|abschnitt|версия|版本|バージョン)(?:\s?(?:no|number|nr|is|was|to|=)?)[\s.:=(]*|[A-Za-z][\w.-]*\/|[A-Za-z]-?|[\^~<>]=?\s?)$/iu
const IPV4 = /(?<![\p{L}\d_.])\d{1,3}(?:\.\d{1,3}){3}(?![\p{L}\d_]|\.\d|-\p{L})/gu
/** Maximal runs of what an IPv6 address is written with; whether it is one is then asked. */
const IPV6 =
  /(?<![\p{L}\d_:.])(?:[A-Za-z]{1,8}:(?=[0-9A-Fa-f]*:))?([0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)(%[A-Za-z0-9_.-]{1,20})?/gu
const LONGEST_IPV6 = 46

/** IPv4 and IPv6 addresses, not version numbers, times or names in C++. */
export const ipAddresses: Recogniser = {
  type: 'IP',
  find({ text, digits }) {
    if (digits < 1) return []
    const found: Candidate[] = []
    if (digits >= 4 && text.includes('.')) {
      for (const { index, 0: address } of text.matchAll(IPV4)) {
        if (isAddress(text, index, address)) found.push({ start: index, end: index + address.length, score: 0.8 })
      }
    }
    if (!/:[^:\s]*:/.test(text)) return found
    for (const match of text.matchAll(IPV6)) {
      const [all, run = '', zone = ''] = match
      const address = run.replace(/[.:]+$/, (tail) => (tail === '::' ? tail : tail.startsWith('::') ? '::' : ''))
      if (address.length > LONGEST_IPV6 || !isIPv6(address) || !/\d/.test(address)) continue
      if (/^[\p{L}\d_]/u.test(text.slice(match.index + all.length, match.index + all.length + 1))) continue
      const start = match.index + all.length - zone.length - run.length
      const kept = zone !== '' && address === run ? zone.length : 0
      found.push({ start, end: start + address.length + kept, score: 0.9 })
    }
    return found
  },
}

function isAddress(text: string, start: number, address: string): boolean {
  if (!isIPv4(address)) return false
  const before = wordsBefore(text, start)
  const named = WORDS.test(before)
  const inUrl = /:\/\/(?:[^\s/]{0,80}@)?$/.test(text.slice(Math.max(0, start - 90), start))
  if (inUrl) return true
  if (VERSION.test(text.slice(Math.max(0, start - 24), start))) return false
  if (/^(?:10\.0|0\.0)\./.test(address)) return true
  // 1.2.3.4 is a heading or a version more often than an address.
  return (
    named ||
    address.split('.').some((part) => Number(part) > 30) ||
    /^[:/]\d/.test(text.slice(start + address.length, start + address.length + 2))
  )
}
