import { isObject, type Json } from '../json.ts'

/** Scripts in which a joiner shapes letters. Elsewhere it only hides something. */
const JOINING =
  'Arabic Syriac Nko Mandaic Mongolian Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Khmer Myanmar Tibetan'
    .split(' ')
    .map((script) => `\\p{Script=${script}}`)
    .join('')

/** What an emoji ends with where another follows, joined to it. */
const EMOJI = '[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\uFE0F]'

/** The three flags that are spelt with tags: the only use of tags that anybody sees. */
const FLAGS = ['gbeng', 'gbsct', 'gbwls'].map(
  (region) =>
    `\\u{1F3F4}${[...region].map((letter) => `\\u{E00${letter.charCodeAt(0).toString(16)}}`).join('')}\\u{E007F}`,
)

const HIDDEN = new RegExp(
  [
    // Kept as they are.
    `(?<kept>${FLAGS.join('|')})`,
    // Lines of another kind.
    '(?<line>[\\u2028\\u2029])',
    // Half of a surrogate pair.
    '(?<half>\\p{Cs})',
    // Controls, except tab and ends of lines.
    '[\\0-\\x08\\x0B\\x0C\\x0E-\\x1F\\x7F-\\x9F]',
    // Directions, zero width, fillers, marks of annotations and music, tags.
    '[\\u00AD\\u034F\\u061C\\u115F\\u1160\\u17B4\\u17B5\\u180E\\u200B\\u200E\\u200F\\u202A-\\u202E\\u2060-\\u206F\\u3164\\uFEFF\\uFFA0\\uFFF9-\\uFFFB]',
    '[\\u{1BCA0}-\\u{1BCA3}\\u{1D173}-\\u{1D17A}\\u{E0000}-\\u{E00FF}\\u{E01F0}-\\u{E0FFF}]',
    // Joiners and variations, where nothing is joined or varied.
    `(?<![${JOINING}])\\u200C`,
    `(?<![${JOINING}])(?:(?<!${EMOJI})\\u200D|\\u200D(?!\\p{Extended_Pictographic}))`,
    '(?<![\\p{Emoji}\\p{Script=Han}\\p{Script=Myanmar}])[\\uFE00-\\uFE0F]',
    '(?<!\\p{Script=Han})[\\u{E0100}-\\u{E01EF}]',
  ].join('|'),
  'gu',
)

/** Most texts: nothing in them can be hidden, and this is found out much faster. */
const PLAIN = /^[\t\n\r -~]*$/

/** A text without what a reader would not see: a model reads it all the same. Emoji and every script stay whole. */
export function visible(text: string): string {
  if (PLAIN.test(text)) return text
  return text.replaceAll(HIDDEN, (match, kept, line, half) => {
    if (kept !== undefined) return match
    return line === undefined ? (half === undefined ? '' : '\uFFFD') : '\n'
  })
}

/** A value with every text in it made visible, names included. */
export function allVisible(value: Json): Json {
  if (typeof value === 'string') return visible(value)
  if (Array.isArray(value)) return value.map(allVisible)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [visible(name), allVisible(each)]))
}
