import { countrySpecs, isValidIBAN } from 'ibantools'
import type { Candidate, Recogniser } from './recogniser.ts'

/** Two letters and two digits, not within a word; some write IBANs in small letters. */
const HEAD = /(?<![A-Za-z0-9])[A-Za-z]{2}[ -]?\d{2}(?=[ .-]?[A-Za-z0-9])/g
const LONGEST = 34
/** Characters with the widest grouping: a separator after each, and then some. */
const REACH = LONGEST * 2

/** Bank accounts (ISO 13616): the country's length and form, and the check digits (mod 97). */
export const ibans: Recogniser = {
  type: 'IBAN',
  find({ text, digits }) {
    if (digits < 8) return []
    const found: Candidate[] = []
    for (const { index } of text.matchAll(HEAD)) {
      const length = countrySpecs[text.slice(index, index + 2).toUpperCase()]?.chars
      const end = length ? endOf(text, index, length) : undefined
      if (end === undefined) continue
      const iban = text.slice(index, end).replaceAll(/[ .-]/g, '').toUpperCase()
      if (isValidIBAN(iban)) found.push({ start: index, end, score: 1 })
    }
    return found
  },
}

/** @returns where the given number of letters and digits ends, with single separators between them at the most */
function endOf(text: string, start: number, length: number): number | undefined {
  let count = 0
  let separated = false
  for (let at = start; at < Math.min(text.length, start + REACH); at++) {
    if (/[A-Za-z0-9]/.test(text[at] as string)) {
      count++
      separated = false
      if (count === length) return /[A-Za-z0-9]/.test(text[at + 1] ?? '') ? undefined : at + 1
    } else if (separated || !/[ .-]/.test(text[at] as string)) return undefined
    else separated = true
  }
  return undefined
}
