import { isAttached, type NumberRun, type Window, windowsFrom } from './numbers.ts'
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
  'ssn ssns ss# ss_no social_security soc_sec social itin taxpayer tax_id tin seguro_social número_social ssa',
)
const ITIN_GROUPS = /^9\d\d(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])/
/** Printed on samples and in advertisements, and void for that. */
const VOID = new Set(['078051120', '219099999', '457555462'])

/** US social security numbers, and the tax numbers that look like them: the ranges that were given out. */
export const ssns: Recogniser = {
  type: 'SSN',
  find(reading) {
    if (reading.digits < 9) return []
    const found: Candidate[] = []
    for (const run of reading.runs()) {
      for (let first = 0; first < run.groups.length; first++) {
        for (const window of windowsOf(reading, run, first)) {
          const score = scoreOf(reading, window)
          if (score >= THRESHOLD) found.push({ start: window.start, end: window.end, score })
        }
      }
    }
    return found
  },
}

/** Nine digits in one group, or in three that begin with three. */
function windowsOf({ text }: Reading, run: NumberRun, first: number): Window[] {
  const { start, end } = run.groups[first] as NumberRun['groups'][number]
  return end - start === 3 || end - start === 9 ? windowsFrom(text, run, first, 9, 9) : []
}

function scoreOf({ text, isCode }: Reading, { start, end, digits, shape, gaps }: Window): number {
  if (!isGivenOut(digits) || isAttached(text, start, end) || isCode(start, end)) return 0
  if (/\d[-./ ]?$/.test(text.slice(start - 2, start)) || /^[-./ ]?\d/.test(text.slice(end, end + 2))) return 0
  const before = wordsBefore(text, start)
  const near = WORDS.test(before) || WORDS.test(wordsAfter(text, end)) ? CONTEXT : 0
  if (near === 0 && (VOID.has(digits) || digits.startsWith('9') || isOfThing(before))) return 0
  return base(shape, gaps) === 0 ? 0 : Math.min(1, base(shape, gaps) + near)
}

function base(shape: string, gaps: string[]): number {
  if (shape === '9') return 0.1
  if (shape !== '3-2-4' || gaps[0] !== gaps[1]) return 0
  return { '-': 0.5, ' ': 0.25, '.': 0.45 }[gaps[0] as string] ?? 0
}

/** No area 000, 666 or 9xx (but for tax numbers), no group 00, no serial 0000. */
function isGivenOut(digits: string): boolean {
  if (/^(?:000|666)/.test(digits) || /^\d{3}00/.test(digits) || digits.endsWith('0000')) return false
  if (/^(\d)\1{8}$/.test(digits)) return false
  return !digits.startsWith('9') || ITIN_GROUPS.test(digits)
}
