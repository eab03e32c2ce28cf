import { isAttached, type NumberRun, passesLuhn, type Window, windowsFrom } from './numbers.ts'
import {
  anyOf,
  type Candidate,
  CONTEXT,
  isOfThing,
  type Reading,
  type Recogniser,
  THRESHOLD,
  wordsAfter,
  wordsBefore,
} from './recogniser.ts'

const WORDS = anyOf(
  'card cardnumber credit_card debit_card creditcard cc cvv cvc cvn amex visa master_card mastercard maestro discover diners jcb unionpay rupay mir pan payment',
  'kredit karte kreditkarte bankkarte carte tarjeta crédito débito carta cartão credito debito kort kreditkort betaal creditcard karta karty luottokortti kart',
  'карта карты карту картой карте картам κάρτα بطاقة البطاقة کارت כרטיס कार्ड บัตร thẻ kartu',
)
const WORDS_WITHOUT_SPACES = /卡号|信用卡|银行卡|銀行卡|カード|카드/
const NOT_A_CARD = /(?<!\p{L})(?:imei|isbn|ean|gtin|upc|iccid|tracking|parcel|serial|barcode)[\s:#.a-z]{0,12}$/u

/** First digits and lengths. `sure` ones are told without a word nearby; the others are too common as other numbers. */
const ISSUERS: { prefix: RegExp; sure: number[]; others?: number[] }[] = [
  { prefix: /^4/, sure: [16], others: [13, 19] },
  { prefix: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, sure: [16] },
  { prefix: /^3[47]/, sure: [15] },
  { prefix: /^(?:6011|64[4-9]|65)/, sure: [16], others: [17, 18, 19] },
  { prefix: /^(?:30[0-5]|3095|3[689])/, sure: [14], others: [15, 16, 17, 18, 19] },
  { prefix: /^35(?:2[89]|[3-8])/, sure: [16], others: [17, 18, 19] },
  { prefix: /^(?:62|81|82)/, sure: [16], others: [17, 18, 19] },
  { prefix: /^220[0-4]/, sure: [16], others: [17, 18, 19] },
  { prefix: /^(?:50|5[6-9]|6[0-9])/, sure: [16], others: [12, 13, 14, 15, 17, 18, 19] },
  { prefix: /^9792/, sure: [16] },
  { prefix: /^35/, sure: [], others: [16] },
  { prefix: /^(?:1|2131)/, sure: [], others: [15] },
]

const PRINTED = /^(?:\d+|4-4-4-4|4-6-5|4-6-4|4-4-4-4-[1-3]|4-4-4-[1-3]|4-4-5|6-\d+|8-8|4-8-4)$/
const GAP = /^[ \t]{0,2}[-._/·•*]?[ \t]?$/

/** Payment cards: Luhn's check digit, the ranges and lengths of the issuers, and groups as they are printed. */
export const cards: Recogniser = {
  type: 'CARD',
  find(reading) {
    if (reading.digits < 12) return []
    const found: Candidate[] = []
    for (const run of reading.runs()) {
      for (let first = 0; first < run.groups.length; ) {
        const best = windowsOf(reading, run, first)
          .reverse()
          .map((window) => ({ window, score: scoreOf(reading, window, run.groups.length) }))
          .find(({ score }) => score >= THRESHOLD)
        if (best) found.push({ start: best.window.start, end: best.window.end, score: best.score })
        first = best ? best.window.last + 1 : first + 1
      }
    }
    return found
  },
}

/** Further on in a run, a card begins with a printed group. */
function windowsOf({ text }: Reading, run: NumberRun, first: number): Window[] {
  const { start, end } = run.groups[first] as NumberRun['groups'][number]
  return first > 0 && end - start < 4 ? [] : windowsFrom(text, run, first, 12, 19)
}

function scoreOf({ text, isCode }: Reading, window: Window, groups: number): number {
  const { start, end, digits, first, last } = window
  const base = worth(digits)
  if (base === 0 || !passesLuhn(digits) || !window.gaps.every((gap) => GAP.test(gap))) return 0
  if (isAttached(text, start, end) || isCode(start, end)) return 0
  const before = wordsBefore(text, start)
  if (NOT_A_CARD.test(before) || (base < THRESHOLD && isOfThing(before))) return 0
  const context = before + wordsAfter(text, end)
  const near = WORDS.test(context) || WORDS_WITHOUT_SPACES.test(context) ? CONTEXT : 0
  const decimal = /\d[.,]$/.test(text.slice(start - 2, start)) || /^[.,]\d/.test(text.slice(end, end + 2))
  const { shape } = window
  if (PRINTED.test(shape) && !decimal) return Math.min(1, base + near)
  // Grouped as nobody prints it: short groups are somebody's way to write it, long ones are other numbers.
  if (!PRINTED.test(shape) && !/^[1-6](?:-[1-6]){2,}$/.test(shape)) return 0
  const whole = first === 0 && last === groups - 1
  return whole && !decimal ? base + near : near > 0 ? 0.1 + near : 0
}

function worth(digits: string): number {
  const { length } = digits
  const of = ISSUERS.filter(({ prefix }) => prefix.test(digits))
  if (of.some(({ sure }) => sure.includes(length))) return 0.6
  return of.some(({ others }) => others?.includes(length)) ? 0.1 : 0
}
