/** Digits that belong together, as written: groups with short gaps between them. */
export interface NumberRun {
  groups: { start: number; end: number }[]
}

const DIGITS = /\d+/g
/** What people write between the groups of one number. */
const GAP = /^[ \t]?[-./()_·•*][ \t()]?$|^[ \t]{1,2}$|^\)[ \t]?\(?$|^[ \t]?\($/

/** @returns the runs of a text, in order; takes time in proportion to its length */
export function findRuns(text: string): NumberRun[] {
  const runs: NumberRun[] = []
  let current: NumberRun | undefined
  let last = 0
  for (const match of text.matchAll(DIGITS)) {
    const start = match.index
    const end = start + match[0].length
    const near = current !== undefined && start - last <= 3 && GAP.test(text.slice(last, start))
    if (near && current) current.groups.push({ start, end })
    else {
      current = { groups: [{ start, end }] }
      runs.push(current)
    }
    last = end
  }
  return runs
}

/** Some neighbouring groups of a run. */
export interface Window {
  start: number
  end: number
  digits: string
  /** The lengths of the groups, such as `3-3-4`. */
  shape: string
  /** What stands between the groups. */
  gaps: string[]
  first: number
  last: number
}

/** @returns the groups from `first` on, as long as they hold `most` digits together: the shortest window first */
export function windowsFrom(text: string, { groups }: NumberRun, first: number, most: number): Window[] {
  const windows: Window[] = []
  let digits = ''
  const gaps: string[] = []
  const lengths: number[] = []
  const start = groups[first]?.start ?? 0
  for (let index = first; index < groups.length; index++) {
    const group = groups[index] as { start: number; end: number }
    if (digits.length + group.end - group.start > most) break
    if (index > first) gaps.push(text.slice((groups[index - 1] as { end: number }).end, group.start))
    digits += text.slice(group.start, group.end)
    lengths.push(group.end - group.start)
    windows.push({ start, end: group.end, digits, shape: lengths.join('-'), gaps: [...gaps], first, last: index })
  }
  return windows
}

const PART_OF_WORD = /[A-Za-z_À-ɏ]/

/** Whether the span is part of a word or an identifier, such as the digits of `A12B` and of `LAMP-4711`. */
export function isAttached(text: string, start: number, end: number): boolean {
  const before = text[start - 1] ?? ''
  if (PART_OF_WORD.test(before) || PART_OF_WORD.test(text[end] ?? '')) return true
  return (
    /[-/.+=]/.test(before) &&
    PART_OF_WORD.test(text[start - 2] ?? '') &&
    /[A-Za-z0-9]-?$/.test(text.slice(start - 2, start)) &&
    before === '-'
  )
}

/** Luhn's check digit (ISO/IEC 7812-1). */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48
    const doubled = index % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
