/** Edit distance with adjacent swaps, the mistakes people make when they type a name. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array<number>(b.length).fill(0)])
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0
  for (let j = 0; j <= b.length; j++) (rows[0] as number[])[j] = j
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, at(i - 2, j - 2) + 1)
      ;(rows[i] as number[])[j] = best
    }
  }
  return at(a.length, b.length)
}

/** The candidate that `word` was probably meant to be, or undefined when none is near (half its length or less). */
function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_]/g, '')
  const wanted = plain(word.slice(0, 64))
  let best: string | undefined
  let least = Math.floor(Math.max(wanted.length, 3) / 2) + 1
  for (const candidate of candidates) {
    const far = distance(wanted, plain(candidate.slice(0, 64)))
    if (far < least) {
      least = far
      best = candidate
    }
  }
  return best
}

/** ` Did you mean "x"?`, or nothing: the end of a message about an unknown name. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const match = nearest(word, candidates)
  return match === undefined ? '' : ` Did you mean "${match}"?`
}
