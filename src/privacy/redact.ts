import { fold } from './folded.ts'
import { assignedSecrets } from './recognisers/assigned-secrets.ts'
import { cards } from './recognisers/cards.ts'
import { findCodes } from './recognisers/codes.ts'
import { emails } from './recognisers/emails.ts'
import { ibans } from './recognisers/ibans.ts'
import { ipAddresses } from './recognisers/ip-addresses.ts'
import { knownSecrets } from './recognisers/known-secrets.ts'
import { findRuns } from './recognisers/numbers.ts'
import { passports } from './recognisers/passports.ts'
import { phones } from './recognisers/phones.ts'
import { type Reading, type Recogniser, THRESHOLD } from './recognisers/recogniser.ts'
import { ssns } from './recognisers/ssns.ts'
import { urlCredentials } from './recognisers/url-credentials.ts'

/** Where something personal or secret stands in a text. */
export interface Found {
  type: string
  start: number
  end: number
}

export interface Redacted {
  text: string
  /** In the order of the text; the places are those of the text as it was given. */
  found: Found[]
}

const RECOGNISERS: Recogniser[] = [
  knownSecrets,
  urlCredentials,
  ibans,
  cards,
  ssns,
  emails,
  ipAddresses,
  phones,
  passports,
  assignedSecrets,
]

/** Every type that `redact` tells. */
export const TYPES = [...new Set(RECOGNISERS.map(({ type }) => type))]

/** No recogniser finds anything without one of these: a digit of any script, an at sign, a word for a secret, a long run. */
const WORTH_READING =
  /[\p{Nd}@=:＠＝：]|bearer|basic|token|(?:pass|kenn)?wor[dt]|passphrase|passcode|secret|clave|senha|contraseña|mot de passe|-----BEGIN|\w{24}/iu
const NONE: ReadonlySet<string> = new Set()
const DIGIT = /\d/g

/**
 * Takes personal numbers, addresses and secrets out of a text: payment cards, IBANs, US social security numbers, email
 * addresses, telephone numbers, passports, IP addresses and secrets. What is found is replaced by its type and a number,
 * the same for the same value, such as `[EMAIL_1]`. Takes time in proportion to the length of the text.
 * @param spared types that stay
 */
export function redact(text: string, spared: ReadonlySet<string> = NONE): Redacted {
  if (!WORTH_READING.test(text)) return { text, found: [] }
  const folded = fold(text)
  const reading = read(folded.text)
  const candidates = RECOGNISERS.flatMap(({ type, find }) =>
    find(reading)
      .filter(({ score }) => score >= THRESHOLD && !spared.has(type))
      .map((candidate) => ({ ...candidate, type })),
  )
  if (candidates.length === 0) return { text, found: [] }
  const chosen = withoutOverlaps(candidates)
  return replaceAll(
    text,
    chosen.map(({ type, start, end }) => ({
      type,
      ...folded.original(start, end),
      value: folded.text.slice(start, end),
    })),
  )
}

function read(text: string): Reading {
  let runs: ReturnType<typeof findRuns> | undefined
  let isCode: Reading['isCode'] | undefined
  return {
    text,
    digits: text.match(DIGIT)?.length ?? 0,
    runs: () => {
      runs ??= findRuns(text)
      return runs
    },
    isCode: (start, end) => {
      isCode ??= findCodes(text)
      return isCode(start, end)
    },
  }
}

interface Chosen extends Found {
  score: number
}

/**
 * Of two that overlap, the one that holds the other stays; where neither does, both together are taken as what the surer
 * one is, so that nothing that was recognised is left.
 */
function withoutOverlaps(candidates: Chosen[]): Chosen[] {
  candidates.sort((a, b) => a.start - b.start || b.end - a.end || b.score - a.score)
  const chosen: Chosen[] = []
  for (const next of candidates) {
    const last = chosen.at(-1)
    if (!last || next.start >= last.end) chosen.push({ ...next })
    else if (next.end > last.end) {
      if (next.score > last.score) Object.assign(last, { type: next.type, score: next.score })
      last.end = next.end
    }
  }
  return chosen
}

function replaceAll(text: string, all: (Found & { value: string })[]): Redacted {
  const numbers = new Map<string, number>()
  const last = new Map<string, number>()
  const parts: string[] = []
  let at = 0
  for (const { type, start, end, value } of all) {
    const key = `${type} ${sameValue(type, value)}`
    let number = numbers.get(key)
    if (number === undefined) {
      number = (last.get(type) ?? taken(text, type)) + 1
      last.set(type, number)
      numbers.set(key, number)
    }
    parts.push(text.slice(at, start), `[${type}_${number}]`)
    at = end
  }
  parts.push(text.slice(at))
  return { text: parts.join(''), found: all.map(({ type, start, end }) => ({ type, start, end })) }
}

/** How a value reads without what people write it with: the same card, whether with spaces or hyphens. */
function sameValue(type: string, value: string): string {
  if (type === 'SECRET') return value
  return type === 'EMAIL' || type === 'IP' ? value.toLowerCase() : value.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase()
}

/** The highest number of a placeholder that the text holds already: text that was redacted before keeps its own. */
function taken(text: string, type: string): number {
  let highest = 0
  for (const [, number] of text.matchAll(new RegExp(`\\[${type}_(\\d{1,9})\\]`, 'g')))
    highest = Math.max(highest, Number(number))
  return highest
}
