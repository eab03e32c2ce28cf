import type { NumberRun } from './numbers.ts'

export interface Candidate {
  start: number
  end: number
  /** How sure it is, 0 to 1; from THRESHOLD on it counts. */
  score: number
}

/** A folded text, with what several recognisers want to know of it, found at first use. */
export interface Reading {
  text: string
  digits: number
  runs: () => NumberRun[]
  /** Whether the span touches an id, a code or a date, which are never personal numbers. */
  isCode: (start: number, end: number) => boolean
}

export interface Recogniser {
  type: string
  find: (reading: Reading) => Candidate[]
}

/** From here on a candidate counts; words that speak for it add CONTEXT to what its pattern is worth (as in Presidio). */
export const THRESHOLD = 0.4
export const CONTEXT = 0.35

const WORDS = 5
const LONGEST = 80

/** The five words before a place, in lower case. */
export function wordsBefore(text: string, start: number): string {
  let at = start
  const least = Math.max(0, start - LONGEST)
  for (let words = 0; at > least; at--) {
    if (!isSpace(text, at - 1) && (at === start || isSpace(text, at)) && ++words > WORDS) break
  }
  return text.slice(at, start).toLowerCase()
}

/** The five words after a place, in lower case. */
export function wordsAfter(text: string, end: number, count = WORDS): string {
  let at = end
  const most = Math.min(text.length, end + LONGEST)
  for (let words = 0; at < most; at++) {
    if (!isSpace(text, at) && (at === end || isSpace(text, at - 1)) && ++words > count) break
  }
  return text.slice(end, at).toLowerCase()
}

const isSpace = (text: string, at: number) => text.charCodeAt(at) <= 32

/**
 * Makes the expression that finds one of the words in lower-case text. Words of five letters and more may go on (plurals,
 * cases, compounds); shorter ones stand alone, since too much begins with them.
 */
export function anyOf(...lists: string[]): RegExp {
  const words = lists.flatMap((list) => list.split(' ')).filter(Boolean)
  const long = words.filter((word) => word.length >= 5)
  const short = words.filter((word) => word.length < 5)
  const either = (some: string[]) => some.join('|').replaceAll('_', '[ _-]?').replaceAll('.', '\\.')
  return new RegExp(`(?<!\\p{L})(?:${either(long)}|(?:${either(short)})s?(?!\\p{L}))`, 'u')
}

/** What may stand between the word for a number and the number. */
const SIGN =
  '[\\s:#.\\-]*(?:no|nr|number|num|id|code|nummer|numéro|número|numero|n°|nº|№|номер|号|编号|番号|번호)?' +
  '[\\s:#.\\-]*(?:is|was|=|ist|es|est|è)?[\\s"\'(]*$'
const said = (words: string, without = '') =>
  new RegExp(`(?:(?<!\\p{L})(?:${words.trim().split(/\s+/).join('|')})${without})${SIGN}`, 'u')

/** Numbers of things. */
const THING = said(
  `order invoice ticket case ref reference tracking shipment parcel consignment sku item product part article serial batch
  lot model isbn issn ean upc gtin imei iccid version build release transaction confirmation booking request trace span
  commit record row job claim po license licence permit policy member membership customer plate zip postal postcode plz
  student employee badge id bestellung bestell rechnung auftrag auftrags rechnungs artikel sendung pedido factura commande
  facture ordine fattura заказ заказа счет счёт zamówienie zamówienia sipariş`,
  '|订单|訂單|注文|주문|(?<!\\p{L} ?)#',
)
/** Numbers of people and accounts that are not dialled. */
const PERSON = said('passport security account ssn card meter iban driver driving', '|护照|卡')

/** Whether the number after these words is said to be an order's, a parcel's, a product's or the like. */
export const isOfThing = (before: string) => THING.test(before.slice(-48))

/** Whether the number after these words is said to be an account's, a card's or a passport's. */
export const isOfPerson = (before: string) => PERSON.test(before.slice(-48))

const CURRENCY_BEFORE = /(?:[$€£¥₹₽₩]|(?<!\p{L})(?:usd|eur|gbp|jpy|chf|rs|inr))\s?$/u
const UNIT_AFTER =
  /^\s?(?:[$€£¥₹₽₩%]|(?:usd|eur|gbp|jpy|chf|inr|units|pieces|pcs|items|points|km|kg|mm|cm|ms|bytes|kb|mb|gb|rows|days|hours|minutes|seconds|years)(?!\p{L}))/u

/** Whether the number is money, a measure or a count: a currency before it, a unit, a currency or decimals after it. */
export function isAmount(text: string, start: number, end: number): boolean {
  if (CURRENCY_BEFORE.test(text.slice(Math.max(0, start - 5), start).toLowerCase())) return true
  const after = text.slice(end, end + 12).toLowerCase()
  return UNIT_AFTER.test(after) || /^,\d/.test(after)
}
