import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { isAttached, type NumberRun, type Window, windowsFrom } from './numbers.ts'
import {
  anyOf,
  type Candidate,
  CONTEXT,
  isAmount,
  isOfPerson,
  isOfThing,
  type Reading,
  type Recogniser,
  THRESHOLD,
  wordsAfter,
  wordsBefore,
} from './recogniser.ts'

/** What names a telephone number. */
const NAMES = anyOf(
  'phone telephone tel mobile mob cell cellphone fax landline hotline whatsapp sms viber callback wa.me pager contact_number toll_free desk home_number work_number',
  'telefon telefono teléfono tél téléphone telefone tlf tfno fono telefax telefoon mobil mobiel handy festnetz rückruf durchwahl rufnummer gsm portable celular móvil movil telemóvel cellulare komórk kom puhelin puh matkapuhelin mobiltelefon sími cep numaram nomor_hp hp nomer điện_thoại sđt đt telp',
  'тел телефон моб мобильн номер_телефона τηλ τηλέφωνο κιν هاتف جوال موبايل تلفن موبایل שماره טלפון נייד फ़ोन फोन मोबाइल ফোন มือถือ โทร เบอร์',
)
const NAMES_WITHOUT_SPACES = /电话|手机|電話|手機|携帯|전화|휴대폰|연락처|联系方式|โทร/
/** What one does with a telephone number, and with other things too. */
const VERBS = anyOf(
  'call dial ring reach text answer answering contact message messages registered number numéro número nummer numero номер anrufen ruf appelez appeler joindre llámame llamar ligue chiama chiamare bel звони позвони',
)
const NAMES_AFTER = /^[\s\-–,;:()]{0,3}(?:phone|tel|mobile|cell|fax|office|home|work|desk|mob)(?!\p{L})/u
const EXTENSION = /^[ ,]{0,2}(?:x|ext\.?|extension|доб\.?|poste|dw)[ .:]{0,2}\d{1,6}(?!\d)/i

const FEWEST_DIGITS = 6
const MOST_DIGITS = 15
const VALID = 0.8
/** What may stand between two groups of one number. */
const GAP = /^[ \t]?[-./·]?[ \t]?$|^[ \t]{1,2}$|^\)[ \t]?[-/]?\(?$|^[ \t]?\($/

/** Telephone numbers: international ones as libphonenumber knows them, national ones where a word says what they are. */
export const phones: Recogniser = {
  type: 'PHONE',
  find(reading) {
    if (reading.digits < FEWEST_DIGITS) return []
    const found: Candidate[] = []
    const asked: Asked = new Map()
    for (const run of reading.runs()) {
      for (let first = 0; first < run.groups.length; ) {
        const best = mayBegin(reading.text, run, first) ? bestFrom(reading, run, first, asked) : undefined
        if (best) found.push(best)
        first = best ? best.last + 1 : first + 1
      }
    }
    return found
  },
}

type Best = Candidate & { last: number }

const isInternational = (text: string, start: number) => /\+[ (]?$/.test(text.slice(Math.max(0, start - 2), start))

/** How far words are looked for, and a number may reach. */
const REACH = 120

/** A number begins where its run does, with a plus sign, or after a space with a group of some length. */
function mayBegin(text: string, { groups }: NumberRun, first: number): boolean {
  if (first === 0) return true
  const lengthOf = (index: number) => (groups[index]?.end ?? 0) - (groups[index]?.start ?? 0)
  const { start } = groups[first] as NumberRun['groups'][number]
  if (isInternational(text, start)) return true
  if (lengthOf(first) < 3 || !/[ (]/.test(text[start - 1] as string)) return false
  // In the midst of many numbers there is no word that could speak for one: only its form does.
  const amidst = start - (groups[0]?.start ?? 0) > REACH && (groups.at(-1)?.end ?? 0) - start > REACH
  return (
    !amidst ||
    (lengthOf(first) === 3 && (lengthOf(first + 1) === 7 || (lengthOf(first + 1) === 3 && lengthOf(first + 2) === 4)))
  )
}

function bestFrom(reading: Reading, run: NumberRun, first: number, asked: Asked): Best | undefined {
  const { text, isCode } = reading
  const windows = windowsFrom(text, run, first, FEWEST_DIGITS, MOST_DIGITS + 3)
  const [shortest] = windows
  if (!shortest) return undefined
  const plus = isInternational(text, shortest.start)
  const start = plus ? text.lastIndexOf('+', shortest.start) : shortest.start
  if (isAttached(text, start, start)) return undefined
  const before = wordsBefore(text, start)
  const sized = windows
    .filter(({ end, gaps }) => gaps.every((gap) => GAP.test(gap)) && endsThere(text, end) && !isCode(start, end))
    .reverse()
  if (plus) {
    const international = parsed(sized, asked)
    if (!international) return undefined
    const { window } = international
    const score =
      international.score < THRESHOLD
        ? international.score + contextOf(text, said(before), start, window.end)
        : international.score
    return score >= THRESHOLD ? whole(text, start, window, score) : undefined
  }
  if (isOfThing(before) || isOfPerson(before)) return undefined
  const words = said(before)
  for (const window of sized) {
    const score = nationalScore(text, words, window, run.groups.length, asked)
    if (score >= THRESHOLD) return whole(text, start, window, score)
  }
  return undefined
}

const endsThere = (text: string, end: number) =>
  !isAttached(text, end, end) || EXTENSION.test(text.slice(end, end + 20))

/** What libphonenumber said of a number in this text: asking takes a hundred times as long as looking here. */
type Asked = Map<string, { known: boolean; possible: boolean; valid: boolean }>

function ask(digits: string, asked: Asked) {
  const answer = asked.get(digits)
  if (answer) return answer
  const number = parsePhoneNumberFromString(`+${digits}`, { extract: false })
  const fresh = {
    known: number !== undefined,
    possible: number?.isPossible() ?? false,
    valid: number?.isValid() ?? false,
  }
  asked.set(digits, fresh)
  return fresh
}

/** The longest window that is a valid number, or else one that could be. */
function parsed(windows: Window[], asked: Asked, digits?: string): { window: Window; score: number } | undefined {
  let possible: { window: Window; score: number } | undefined
  for (const window of windows) {
    const number = ask(digits ?? withoutTrunk(window), asked)
    if (number.valid) return { window, score: VALID }
    if (number.possible && window.digits.length >= 9 && window.gaps.length > 0)
      possible ??= { window, score: THRESHOLD }
    else if (number.possible || (number.known && window.digits.length >= 9)) possible ??= { window, score: 0.2 }
  }
  return possible
}

/** +41 (0)44 ...: the nought in brackets is dialled at home only. */
function withoutTrunk({ digits, shape, gaps }: Window): string {
  const [country = '', second = ''] = shape.split('-')
  if (second !== '1' || !gaps[0]?.includes('(') || digits[Number(country)] !== '0') return digits
  return digits.slice(0, Number(country)) + digits.slice(Number(country) + 1)
}

function nationalScore(text: string, words: Said, window: Window, groups: number, asked: Asked): number {
  const { start, end, digits, first, last } = window
  if (digits.length > MOST_DIGITS || /^(\d)\1+$/.test(digits)) return 0
  if (/\d[.,]$/.test(text.slice(start - 2, start))) return 0
  if (isAmount(text, start, end)) return 0
  // 0.0000001
  if (last === first + 1 && window.gaps[0] === '.') return 0
  if (isNorthAmerican(window)) return 0.45
  const abroad = digits.startsWith('00') && first === 0 ? parsed([window], asked, digits.slice(2))?.score : undefined
  if (abroad === VALID && last > first) return 0.45
  if (first > 0 && /[-./]$/.test(text.slice(start - 1, start))) return 0
  // Ten digits and more, and then others: not one number.
  if (last < groups - 1 && digits.length >= 10 && contextOf(text, words, start, end) === 0) return 0
  return 0.1 + contextOf(text, words, start, end)
}

/** (415) 555-2671 and 415-555-2671: hardly anything else is written so. */
function isNorthAmerican({ shape, digits, gaps }: Window): boolean {
  if (/^(?:1-)?3-3-4$/.test(shape)) return /^1?[2-9]/.test(digits) && gaps.slice(-2).some((gap) => gap !== ' ')
  return shape === '3-7' && /^\)/.test(gaps[0] as string) && /^[2-9]/.test(digits)
}

interface Said {
  named: boolean
  /** A verb counts where the number is also written like one. */
  verb: boolean
}

const said = (before: string): Said => ({
  named: NAMES.test(before) || NAMES_WITHOUT_SPACES.test(before),
  verb: VERBS.test(before),
})

/** What the words around say. */
function contextOf(text: string, { named, verb }: Said, start: number, end: number): number {
  if (named) return CONTEXT
  if (NAMES_AFTER.test(text.slice(end, end + 12).toLowerCase())) return CONTEXT
  const after = wordsAfter(text, end)
  if (!verb && !NAMES.test(after) && !NAMES_WITHOUT_SPACES.test(after)) return 0
  const written = text.slice(start, end)
  return /^\+|^00?[1-9]|^\(|[ .)-]/.test(written) ||
    parsePhoneNumberFromString(written, { defaultCountry: 'US', extract: false })?.isValid()
    ? CONTEXT
    : 0
}

function whole(text: string, start: number, window: Window, score: number): Best {
  // An opening bracket belongs to the number where its closing one does.
  const opened = text[start - 1] === '(' && text.slice(start, window.end).includes(')')
  const extension = EXTENSION.exec(text.slice(window.end, window.end + 20))?.[0] ?? ''
  return {
    start: opened ? start - 1 : start,
    end: window.end + extension.length,
    score: Math.min(1, score),
    last: window.last,
  }
}
