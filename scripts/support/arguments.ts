/** @returns a count from the command line. @throws Error for what is none: a run of nothing would find nothing wrong */
export function countOf(name: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new Error(`--${name} must be a whole number from 1, but is "${text}"`)
}
