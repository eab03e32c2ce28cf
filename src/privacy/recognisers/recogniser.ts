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
  const near = text.slice(Math.max(0, start - LONGEST), start).toLowerCase()
  return near
    .split(/(?<=\s)(?=\S)/)
    .slice(-WORDS)
    .join('')
}

/** The five words after a place, in lower case. */
export function wordsAfter(text: string, end: number, count = WORDS): string {
  const near = text.slice(end, end + LONGEST).toLowerCase()
  return near
    .split(/(?<=\S)(?=\s)/)
    .slice(0, count)
    .join('')
}

/** Makes the expression that finds one of the words, or a word that begins with it, in lower-case text. */
export const anyOf = (...words: string[]) =>
  new RegExp(`(?<!\\p{L})(?:${words.join(' ').split(' ').filter(Boolean).join('|').replaceAll('_', '[ _-]?')})`, 'u')

const NUMBER_SIGN =
  '[\\s:#.\\-]*(?:no|nr|number|num|id|code|nummer|numéro|número|numero|n°|nº|№|номер|号|编号|番号|번호)?[\\s:#.\\-]*(?:is|was|=|ist|es|est|è)?[\\s"\'(]*$'
/** What is written right before a number that is no personal one. */
const OTHER_NUMBER = new RegExp(
  `(?:(?<!\\p{L})(?:order|invoice|ticket|case|ref|reference|tracking|shipment|parcel|consignment|sku|item|product|part|article|serial|` +
    'batch|lot|model|isbn|issn|ean|upc|gtin|imei|iccid|version|build|release|transaction|confirmation|booking|request|' +
    'trace|span|commit|record|row|job|claim|po|bestellung|bestell|rechnung|auftrag|auftrags|rechnungs|artikel|sendung|pedido|' +
    'factura|commande|facture|ordine|fattura|заказ|заказа|счет|счёт|zamówienie|zamówienia|sipariş|order-|id)' +
    `|订单|订单号|注文|注文番号|주문|주문번호|#)${NUMBER_SIGN}`,
  'u',
)

/** Whether the number at this place is said to be an order's, a parcel's, a product's or the like. */
export const isOtherNumber = (before: string) => OTHER_NUMBER.test(before.slice(-48))
