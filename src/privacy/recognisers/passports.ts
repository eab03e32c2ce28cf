import {
  anyOf,
  type Candidate,
  CONTEXT,
  isAmount,
  isOfThing,
  type Reading,
  type Recogniser,
  THRESHOLD,
  wordsAfter,
  wordsBefore,
} from './recogniser.ts'

const WORDS = anyOf(
  'passport passports pasaporte passeport passaporto passaporte paspoort pasaport paszport pašas reisepass reisepaß pass-nr passnummer pass_nr pasnummer passnr pas_nr passi passnumber travel_document',
  'паспорт загранпаспорт διαβατήρι جواز الجواز גذرنامه دרכון דרכון पासपोर्ट পাসপোর্ট paspor hộ_chiếu pasport vegabréf útlevél',
)
const WORDS_WITHOUT_SPACES = /护照|護照|旅券|パスポート|여권|หนังสือเดินทาง/
/** Letters and digits as the states number their passports, and the two or three groups of Russian ones. */
const NUMBER =
  /(?<![\p{Script=Latin}\d_-])(?:(?=[A-Z]{0,3}[0-9]|[A-Z][0-9A-Z])[A-Z0-9]{6,10}|[A-Z]{1,3}[ -]\d{6,8}|\d{2} \d{2} \d{6}|\d{2} \d{7}|\d{4} \d{6})(?![\p{Script=Latin}\d_]|-[\dA-Z])/gu
const DATE =
  /^(?:(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d{2})$/
const FEWEST_DIGITS = 5
/** German and Dutch ones mix letters and digits as they like, without vowels. */
const MIXED = /^(?=(?:\D*\d){3})[B-DF-HJ-NPR-TV-Z][0-9B-DF-HJ-NPR-TV-Z]{8}$/

/** The second line of a passport's machine-readable zone (ICAO 9303): it has check digits, and needs no word. */
const MACHINE_READABLE = /(?<![A-Z0-9<])[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{14}[\d<]\d(?![A-Z0-9<])/g

export const passports: Recogniser = {
  type: 'PASSPORT',
  find(reading) {
    const { text, digits } = reading
    if (digits < 3) return []
    const found: Candidate[] = [...text.matchAll(MACHINE_READABLE)]
      .filter(
        ([line]) =>
          checks(line.slice(0, 9), line[9]) &&
          checks(line.slice(13, 19), line[19]) &&
          checks(line.slice(21, 27), line[27]),
      )
      .map(({ index, 0: line }) => ({ start: index, end: index + line.length, score: 1 }))
    const lower = text.toLowerCase()
    if (!WORDS.test(lower) && !WORDS_WITHOUT_SPACES.test(lower)) return found
    for (const { index, 0: number } of text.matchAll(NUMBER)) {
      const score = scoreOf(reading, index, number)
      if (score >= THRESHOLD) found.push({ start: index, end: index + number.length, score })
    }
    return found
  },
}

function scoreOf({ text, isCode }: Reading, start: number, number: string): number {
  const digits = number.replaceAll(/\D/g, '').length
  if ((digits < FEWEST_DIGITS && !MIXED.test(number)) || DATE.test(number)) return 0
  const end = start + number.length
  if (isAmount(text, start + number.search(/\d/), end) || /^\.\d/.test(text.slice(end, end + 2))) return 0
  if (digits === number.length && digits < 7) return 0
  const before = wordsBefore(text, start)
  if (isOfThing(before) || (isCode(start, end) && !/^[A-Z]{1,3}-\d{6,8}$/.test(number))) return 0
  const near = before + wordsAfter(text, end, 4)
  return WORDS.test(near) || WORDS_WITHOUT_SPACES.test(near) ? 0.1 + CONTEXT : 0.1
}

/** ICAO 9303 part 3: weights 7, 3, 1; letters count from 10, fillers are nought. */
function checks(field: string, digit: string | undefined): boolean {
  let sum = 0
  for (let index = 0; index < field.length; index++) {
    const char = field[index] as string
    sum += (char === '<' ? 0 : Number.parseInt(char, 36)) * ([7, 3, 1][index % 3] as number)
  }
  return String(sum % 10) === digit
}
