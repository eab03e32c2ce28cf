/** Text as recognisers read it, and where each of its characters stands in the text as it was written. */
export interface Folded {
  text: string
  /** Where a span of the folded text stands in the original. */
  original(start: number, end: number): { start: number; end: number }
}

/** What reads the same as an ASCII digit, dash, space or sign, or does not show at all. */
const DISGUISED = /(?![ -~])[\p{Nd}\p{Pd}\p{Zs}\p{Default_Ignorable_Code_Point}\u2212\uFF01-\uFF5E]/u
const INVISIBLE = /^\p{Default_Ignorable_Code_Point}$/u
const DIGIT = /^\p{Nd}$/u
const DASH = /^[\p{Pd}\u2212]$/u
const SPACE = /^\p{Zs}$/u
const FULL_WIDTH = /^[\uFF01-\uFF5E]$/
const MARK = /^\p{Mn}$/u
const AFTER_DIGIT = /[0-9]$/

/**
 * Undoes what would hide a number or an address from an expression: digits of other scripts and widths, Unicode's dashes
 * and spaces, and characters that do not show. Letters stay as they are.
 */
export function fold(text: string): Folded {
  if (!DISGUISED.test(text)) return { text, original: (start, end) => ({ start, end }) }
  const starts = new Int32Array(text.length)
  const ends = new Int32Array(text.length)
  const known = new Map<string, string>()
  const parts: string[] = []
  let length = 0
  let at = 0
  let last = ''
  for (const char of text) {
    let plain = char
    if (char > '~') {
      const found = known.get(char) ?? plainOf(char)
      known.set(char, found)
      plain = found !== '' && MARK.test(found) && AFTER_DIGIT.test(last) ? '' : found
    }
    for (let unit = 0; unit < plain.length; unit++) {
      starts[length] = at + (plain === char ? unit : 0)
      ends[length] = plain === char ? at + unit + 1 : at + char.length
      length++
    }
    if (plain !== '') {
      parts.push(plain)
      last = plain
    }
    at += char.length
  }
  return {
    text: parts.join(''),
    original: (start, end) => ({ start: starts[start] as number, end: ends[end - 1] as number }),
  }
}

function plainOf(char: string): string {
  if (INVISIBLE.test(char)) return ''
  if (DASH.test(char)) return '-'
  if (SPACE.test(char)) return ' '
  if (DIGIT.test(char)) return digitOf(char)
  return FULL_WIDTH.test(char) ? char.normalize('NFKC') : char
}

/** Unicode keeps the ten digits of a script next to each other, from nought to nine. */
function digitOf(char: string): string {
  const compatible = char.normalize('NFKC')
  if (/^[0-9]$/.test(compatible)) return compatible
  const code = char.codePointAt(0) as number
  let value = 0
  while (value < 9 && DIGIT.test(String.fromCodePoint(code - value - 1))) value++
  return String(value)
}
