import { isStorable } from './text.ts'

/**
 * Whatever is neither a control nor format character, nor in a private or special area, nor built from marks is the
 * same before and after cleaning; most text is, and costs one look.
 */
const PLAIN = /^[\t\n -~\u00A1-\u00AC\u00AE-\u02FF]*$/

/** Other ways to end a line: CR LF, CR, vertical tab, form feed, NEL, and Unicode's line and paragraph separators. */
const LINE_ENDS = /\r\n?|[\v\f\x85\u2028\u2029]/g

/**
 * What never shows and is never needed: C0 and C1 controls; the soft hyphen; bidirectional marks, embeddings, overrides
 * and isolates; zero-width space, word joiner and byte order mark; invisible operators and deprecated format characters;
 * fillers of Hangul and Khmer; interlinear annotation; private use and noncharacters; shorthand and musical controls;
 * deprecated language tags.
 */
const NEVER = new RegExp(
  '(?![\\t\\n])\\p{Cc}|[\\u00AD\\u061C\\u115F\\u1160\\u17B4\\u17B5\\u200B\\u200E\\u200F\\u202A-\\u202E\\u2060-\\u206F' +
    '\\u3164\\uE000-\\uF8FF\\uFDD0-\\uFDEF\\uFEFF\\uFFA0\\uFFF0-\\uFFFC\\uFFFE\\uFFFF\\u{1BCA0}-\\u{1BCA3}\\u{1D173}-\\u{1D17A}' +
    '\\u{E0000}-\\u{E001F}\\u{E0080}-\\u{E00FF}\\u{E01F0}-\\u{E0FFF}\\u{F0000}-\\u{10FFFF}]|\\p{Noncharacter_Code_Point}',
  'gu',
)

/** Joiners, variation selectors (Mongolian ones too), the grapheme joiner and tags: needed in some places, hidden in all others. */
const SOMETIMES = /\u034F|[\u180B-\u180F]|\u200C|\u200D|[\uFE00-\uFE0F]|[\u{E0020}-\u{E007F}]|[\u{E0100}-\u{E01EF}]/gu
const IS_SOMETIMES = new RegExp(`^(?:${SOMETIMES.source})$`, 'u')

/** A flag of a part of a country, such as that of Scotland: a black flag, the code in tags, and the end tag. */
const FLAG = /\u{1F3F4}[\u{E0061}-\u{E007A}]{2}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{1,3}\u{E007F}/uy

/** Scripts whose letters join or form conjuncts: there a joiner, or its opposite, changes what is read. */
const JOINING_SCRIPTS =
  'Adlam Arabic Balinese Bengali Brahmi Chakma Devanagari Grantha Gujarati Gunjala_Gondi Gurmukhi Hanifi_Rohingya ' +
  'Javanese Kannada Khmer Limbu Malayalam Mandaic Masaram_Gondi Meetei_Mayek Mongolian Myanmar Newa Nko Oriya Sharada ' +
  'Sinhala Sundanese Syriac Tai_Tham Tamil Telugu Tibetan Tirhuta'
const JOINING = new RegExp(
  `^[${JOINING_SCRIPTS.replaceAll(/\S+ ?/g, (name) => `\\p{Script_Extensions=${name.trim()}}`)}]$`,
  'u',
)
const LETTER_OR_MARK = /^[\p{L}\p{M}]$/u
const MARK = /^\p{M}$/u
const PICTOGRAPH = /^\p{Extended_Pictographic}$/u
const SKIN_TONE = /^[\u{1F3FB}-\u{1F3FF}]$/u
const EMOJI_STYLE = '\uFE0F'
const KEYCAP = '\u20E3'
/** What has standardized or registered variants beside emoji: ideographs, mathematical signs, full-width punctuation, Myanmar. */
const VARIES = /^[\p{Script=Han}\p{Sm}\p{Script=Myanmar}\u3001\u3002\uFF01\uFF0C\uFF0E\uFF1A\uFF1B\uFF1F]$/u
const MONGOLIAN = /^\p{Script=Mongolian}$/u

/**
 * Text as it is kept: in NFC, every line ended by LF, and without characters that do not show (controls except tab and
 * LF, bidirectional controls, tags, zero-width characters, fillers, private use). Emoji, and joiners and variation
 * selectors where a script needs them, stay. Cleaning clean text changes nothing.
 * @param text well-formed text without U+0000
 * @returns the clean text; it may be empty
 * @throws RangeError for half of a surrogate pair or U+0000: neither is text, and both are refused, not mended
 */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text
  if (!isStorable(text)) throw new RangeError('The text holds U+0000 or half of a surrogate pair.')
  let clean = text.replace(LINE_ENDS, '\n').replace(NEVER, '').normalize('NFC')
  // What is taken out may have kept a mark from its letter; composing them can take one more round.
  for (let before = ''; before !== clean; ) {
    before = clean
    clean = keepNeeded(clean).normalize('NFC')
  }
  return clean
}

/** One pass from left to right: what was kept so far and the next character decide. */
function keepNeeded(text: string): string {
  if (text.search(SOMETIMES) < 0) return text
  const kept: string[] = []
  for (let at = 0; at < text.length; ) {
    const char = charAt(text, at)
    FLAG.lastIndex = at
    const flag = char === '\u{1F3F4}' ? FLAG.exec(text)?.[0] : undefined
    if (flag !== undefined) kept.push(...flag)
    else if (!IS_SOMETIMES.test(char) || isNeeded(char, kept, charAt(text, at + char.length))) kept.push(char)
    at += flag?.length ?? char.length
  }
  return kept.join('')
}

const charAt = (text: string, at: number) => {
  const code = text.codePointAt(at)
  return code === undefined ? '' : String.fromCodePoint(code)
}

function isNeeded(char: string, kept: string[], next: string): boolean {
  const last = kept.at(-1) ?? ''
  const code = char.codePointAt(0) as number
  if (code === 0x200c || code === 0x200d) return joins(char, kept, last, next)
  if (code >= 0x180b && code <= 0x180f) return MONGOLIAN.test(last) && !IS_SOMETIMES.test(last)
  if (code === 0x034f)
    return LETTER_OR_MARK.test(last) && !IS_SOMETIMES.test(last) && MARK.test(next) && !IS_SOMETIMES.test(next)
  // Tags outside a flag.
  if (code >= 0xe0020 && code <= 0xe007f) return false
  if (code === 0xfe0e || code === 0xfe0f) {
    return PICTOGRAPH.test(last) || (/^[0-9#*]$/.test(last) && next === KEYCAP) || VARIES.test(last)
  }
  return VARIES.test(last) && (code < 0xe0100 || /^\p{Script=Han}$/u.test(last))
}

function joins(joiner: string, kept: string[], last: string, next: string): boolean {
  const nextJoins = JOINING.test(next) && LETTER_OR_MARK.test(next) && !IS_SOMETIMES.test(next)
  if (JOINING.test(last) && LETTER_OR_MARK.test(last) && !IS_SOMETIMES.test(last)) return true
  if (joiner === '\u200C') return false
  // A letter shown in the form that it has after another.
  if (nextJoins && !IS_SOMETIMES.test(last)) return true
  const base = last === EMOJI_STYLE || SKIN_TONE.test(last) ? (kept.at(-2) ?? '') : last
  return PICTOGRAPH.test(base) && PICTOGRAPH.test(next)
}
