/** Ids, codes, dates and amounts: what looks like a personal number in part and never is one. */
const CODES = [
  // UUIDs.
  /(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])/gi,
  // Trace ids, digests and other hexadecimal words: a letter and a digit at least.
  /(?<![0-9A-Za-z_])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{12,}(?![0-9A-Za-z_])/gi,
  // SKUs and the like: capital letters, digits and hyphens; not where the first part says what follows.
  /(?<![\w-])(?!(?:TEL|FAX|PHONE|MOBILE|CELL|SSN|CARD|CC|PAN|IP|IBAN)-)(?=[0-9-]*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)+(?![\w-])/g,
  // Dates and times of ISO 8601, and dates as people write them.
  /(?<![\d-])(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\d-])/g,
  /(?<![\d./-])(?:\d{1,2}([./-])\d{1,2}\1(?:19|20)\d{2}|(?:19|20)\d{2}([./])\d{1,2}\2\d{1,2})(?![\d/-])/g,
  // Amounts and measures with a decimal place or two.
  /(?<![\d.,])\d{1,12}[.,]\d{1,2}(?![\d]|[.,]\d)/g,
  /(?<![\d:])\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?![\d:])/g,
]

/** @returns whether a span touches a code; the codes of a text are found once */
export function findCodes(text: string): (start: number, end: number) => boolean {
  const spans = CODES.flatMap((code) =>
    [...text.matchAll(code)].map((match) => [match.index, match.index + match[0].length] as const),
  )
  spans.sort((a, b) => a[0] - b[0])
  // The furthest end up to each span, since a long one may reach over later ones.
  let furthest = 0
  const reach = spans.map(([, end]) => {
    furthest = Math.max(furthest, end)
    return furthest
  })
  return (start, end) => {
    let low = 0
    let high = spans.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((spans[middle] as readonly [number, number])[0] < end) low = middle + 1
      else high = middle
    }
    return low > 0 && (reach[low - 1] as number) > start
  }
}
