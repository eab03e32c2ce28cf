import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { isAttached, type NumberRun, type Window, windowsFrom } from './numbers.ts'
import {
  anyOf,
  type Candidate,
  CONTEXT,
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
const AMOUNT_BEFORE = /(?:[$€£¥₹₽₩]|(?<!p{L})(?:usd|eur|gbp|jpy|chf|rs|inr))\s?$/
const AMOUNT_AFTER =
  /^\s?(?:[$€£¥₹₽₩%]|(?:usd|eur|gbp|jpy|chf|inr|units|pieces|pcs|items|points|km|kg|mm|cm|ms|bytes|kb|mb|gb|rows|days|hours|minutes|seconds|years)(?!\p{L}))/u
const EXTENSION = /^[ ,]{0,2}(?:x|ext\.?|extension|доб\.?|poste|dw)[ .:]{0,2}\d{1,6}(?!\d)/i

const MOST_DIGITS = 15
/** What may stand between two groups of one number. */
const GAP = /^[ \t]?[-./·]?[ \t]?$|^[ \t]{1,2}$|^\)[ \t]?[-/]?\(?$|^[ \t]?\($/

/** Telephone numbers: international ones as libphonenumber knows them, national ones where a word says what they are. */
export const phones: Recogniser = {
  type: 'PHONE',
  find(reading) {
    if (reading.digits < 6) return []
    const found: Candidate[] = []
    for (const run of reading.runs()) {
      for (let first = 0; first < run.groups.length; ) {
        const best = bestFrom(reading, run, first)
        if (best) found.push({ start: best.start, end: best.end, score: best.score })
        first = best ? best.last + 1 : first + 1
        // What has no beginning here is no national number further on either.
        if (
          !best &&
          !isInternational(reading.text, run.groups[first]?.start ?? 0) &&
          first > 2 &&
          run.groups.length > 12
        )
          break
      }
    }
    return found
  },
}

type Best = Candidate & { last: number }

const isInternational = (text: string, start: number) => /\+[ (]?$/.test(text.slice(Math.max(0, start - 2), start))

function bestFrom(reading: Reading, run: NumberRun, first: number): Best | undefined {
  const { text, isCode } = reading
  const windows = windowsFrom(text, run, first, MOST_DIGITS + 3).filter(({ gaps }) =>
    gaps.every((gap) => GAP.test(gap)),
  )
  const longest = windows.at(-1)
  if (!longest || longest.digits.length < 6) return undefined
  const plus = isInternational(text, longest.start)
  const start = plus ? text.lastIndexOf('+', longest.start) : longest.start
  if (isAttached(text, start, start)) return undefined
  const sized = windows
    .filter(
      ({ end, digits }) =>
        digits.length >= 6 &&
        (!isAttached(text, end, end) || EXTENSION.test(text.slice(end, end + 20))) &&
        !isCode(start, end),
    )
    .reverse()
  const international = plus ? parsed(sized) : undefined
  if (international)
    return whole(
      text,
      start,
      international.window,
      international.score + contextOf(text, start, international.window.end),
    )
  if (plus) return undefined
  for (const window of sized) {
    const score = nationalScore(text, window, run.groups.length)
    if (score >= THRESHOLD) return whole(text, start, window, score)
  }
  return undefined
}

/** The longest window that is a valid number, or else one that could be. */
function parsed(windows: Window[]): { window: Window; score: number } | undefined {
  let possible: { window: Window; score: number } | undefined
  for (const window of windows) {
    const number = parsePhoneNumberFromString(`+${withoutTrunk(window)}`)
    if (number?.isValid()) return { window, score: 0.8 }
    if (number?.isPossible() && window.digits.length >= 9 && window.gaps.length > 0)
      possible ??= { window, score: THRESHOLD }
    else if (number?.isPossible() || (number && window.digits.length >= 9)) possible ??= { window, score: 0.2 }
  }
  return possible
}

/** +41 (0)44 ...: the nought in brackets is dialled at home only. */
function withoutTrunk({ digits, shape, gaps }: Window): string {
  const [country = '', second = ''] = shape.split('-')
  if (second !== '1' || !gaps[0]?.includes('(') || digits[Number(country)] !== '0') return digits
  return digits.slice(0, Number(country)) + digits.slice(Number(country) + 1)
}

function nationalScore(text: string, window: Window, groups: number): number {
  const { start, end, digits, shape, gaps, first, last } = window
  if (
    /\d[.,]$/.test(text.slice(start - 2, start)) ||
    /^,\d/.test(text.slice(end, end + 2)) ||
    digits.length > MOST_DIGITS
  )
    return 0
  if (/^(\d)\1+$/.test(digits)) return 0
  const before = wordsBefore(text, start)
  if (
    isOfThing(before) ||
    isOfPerson(before) ||
    AMOUNT_BEFORE.test(before) ||
    AMOUNT_AFTER.test(text.slice(end, end + 12).toLowerCase())
  )
    return 0
  const context = contextOf(text, start, end)
  const written =
    /^(?:1-)?3-3-4$/.test(shape) && /^1?[2-9]\d\d[2-9]?/.test(digits) && gaps.slice(-2).some((gap) => gap !== ' ')
  if (written || (/^3-7$/.test(shape) && gaps[0]?.startsWith(')') && /^[2-9]/.test(digits))) return 0.45 + context
  if (
    digits.startsWith('00') &&
    first === 0 &&
    parsed([{ ...window, digits: digits.slice(2), shape: '' }])?.score === 0.8
  ) {
    return (gaps.length > 0 ? 0.45 : 0.1) + context
  }
  // Two digits and two digits is a range, a score, a time; a full stop before three digits groups thousands.
  if (first > 0 && /[-./]$/.test(text.slice(start - 1, start))) return 0
  if (last < groups - 1 && digits.length >= 10) return context > 0 ? 0.1 + context : 0
  return context > 0 && digits.length >= 6 ? 0.1 + context : 0
}

/** What the words around say; a verb counts where the number is also written like one. */
function contextOf(text: string, start: number, end: number): number {
  const before = wordsBefore(text, start)
  if (
    NAMES.test(before) ||
    NAMES_WITHOUT_SPACES.test(before) ||
    NAMES_AFTER.test(text.slice(end, end + 12).toLowerCase())
  )
    return CONTEXT
  const after = wordsAfter(text, end)
  const written = text.slice(start, end)
  const likely =
    /^\+|^00?[1-9]|^\(|[ .)-]/.test(written) || parsePhoneNumberFromString(written, 'US')?.isValid() === true
  if (likely && VERBS.test(before)) return CONTEXT
  return likely && (NAMES.test(after) || NAMES_WITHOUT_SPACES.test(after)) ? CONTEXT : 0
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
