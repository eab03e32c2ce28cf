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

/** Some neighbouring groups of a run, from `first` to `last`. */
export class Window {
  readonly start: number
  readonly end: number
  readonly #text: string
  readonly #groups: NumberRun['groups']
  readonly first: number
  readonly last: number
  readonly digits: string

  constructor(text: string, groups: NumberRun['groups'], first: number, last: number, digits: string) {
    this.#text = text
    this.#groups = groups
    this.first = first
    this.last = last
    this.digits = digits
    this.start = groups[first]?.start ?? 0
    this.end = groups[last]?.end ?? 0
  }

  /** The lengths of the groups, such as `3-3-4`. */
  get shape(): string {
    return this.#own()
      .map(({ start, end }) => end - start)
      .join('-')
  }

  /** What stands between the groups. */
  get gaps(): string[] {
    const own = this.#own()
    return own.slice(1).map(({ start }, index) => this.#text.slice(own[index]?.end, start))
  }

  #own = () => this.#groups.slice(this.first, this.last + 1)
}

/** @returns the groups from `first` on that hold `least` to `most` digits together: the shortest window first */
export function windowsFrom(text: string, { groups }: NumberRun, first: number, least: number, most: number): Window[] {
  const windows: Window[] = []
  let digits = ''
  for (let last = first; last < groups.length; last++) {
    const { start, end } = groups[last] as { start: number; end: number }
    if (digits.length + end - start > most) break
    digits += text.slice(start, end)
    if (digits.length >= least) windows.push(new Window(text, groups, first, last, digits))
  }
  return windows
}

const PART_OF_WORD = /[A-Za-z_À-ɏ]/

/** Whether the span is part of a word or an identifier, such as the digits of `A12B` and of `LAMP-4711`. */
export function isAttached(text: string, start: number, end: number): boolean {
  const before = text[start - 1] ?? ''
  if (PART_OF_WORD.test(before) || PART_OF_WORD.test(text[end] ?? '')) return true
  return before === '-' && PART_OF_WORD.test(text[start - 2] ?? '')
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
