/** What secrets look like; `word` looks like nothing, and is one all the same where it is given as a credential. */
export const SHAPES = ['key', 'jwt', 'slack', 'pem', 'card', 'word'] as const
export type Shape = (typeof SHAPES)[number]

const CARD = '5105'
const MARK = 'canary'
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The digit that makes a card number pass (Luhn). */
function checkDigit(digits: string): number {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return (10 - (sum % 10)) % 10
}

const MADE: Record<Shape, (number: string) => string> = {
  key: (number) => `hr_${`${MARK}${number}`.padEnd(24, 'k')}_${`S${MARK}${number}`.padEnd(43, 'e')}`,
  jwt: (number) =>
    `${base64url({ alg: 'ES256', typ: 'at+jwt' })}.${base64url({ iss: 'https://x' })}.${`${MARK}${number}`.padEnd(86, 'g')}`,
  slack: (number) => `xoxb-1234567890-${MARK}${number}`,
  pem: (number) => `-----BEGIN PRIVATE KEY----- MIGHAgEA${MARK}${number}== -----END PRIVATE KEY-----`,
  card: (number) => {
    const digits = `${CARD}${number.padStart(11, '0')}`
    return `${digits}${checkDigit(digits)}`
  },
  word: (number) => `${MARK}${number}quokka`,
}

/** Makes secrets of which each is known again by itself, wherever it comes out. */
export function createCanaries() {
  const labels: string[] = []
  const FOUND = new RegExp(`${MARK}(\\d{5})|${CARD}(\\d{11})\\d`, 'gi')
  return {
    /** @param label where it is put in */
    make(shape: Shape, label: string): string {
      labels.push(`${label} (${shape})`)
      return MADE[shape](String(labels.length - 1).padStart(5, '0'))
    },
    /** @returns the labels of those that a text holds */
    in(text: string): string[] {
      const numbers = [...text.matchAll(FOUND)].map(([, mark, card]) => Number(mark ?? card))
      return [...new Set(numbers)].map((number) => labels[number] ?? 'one of another test')
    },
    get count() {
      return labels.length
    },
  }
}
