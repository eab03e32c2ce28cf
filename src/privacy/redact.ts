export interface Found {
  type: string
  start: number
  end: number
}

const EMAIL = /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}/g
const CARD = /(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])/g

/** Luhn's check digit, which every payment card has. */
function isCard(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '')
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index])
    sum += index % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

/**
 * Takes personal data out of free text: what was found is replaced by its kind and a number, such as [EMAIL_1].
 * @returns the text without it, and where in the given text it stood
 */
export function redact(text: string): { text: string; found: Found[] } {
  const spans = (type: string, pattern: RegExp, valid = (_: string) => true): Found[] =>
    [...text.matchAll(pattern)]
      .filter(([match]) => valid(match))
      .map(({ 0: match, index }) => ({ type, start: index, end: index + match.length }))
  const found = [...spans('EMAIL', EMAIL), ...spans('CARD', CARD, isCard)].sort((a, b) => a.start - b.start)
  const counts = new Map<string, number>()
  let kept = ''
  let end = 0
  for (const each of found) {
    const count = (counts.get(each.type) ?? 0) + 1
    counts.set(each.type, count)
    kept += `${text.slice(end, each.start)}[${each.type}_${count}]`
    end = each.end
  }
  return { text: kept + text.slice(end), found }
}
