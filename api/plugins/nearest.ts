const LONGEST = 64

/** How many letters must be added, dropped, changed or swapped with their neighbour to make one word of the other. */
function distance(from: string, to: string): number {
  let twoAbove: number[] = []
  let above = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const differs = from[row - 1] === to[column - 1] ? 0 : 1
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current[column] = Math.min(
        (above[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (above[column - 1] as number) + differs,
        swapped ? (twoAbove[column - 2] as number) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    twoAbove = above
    above = current
  }
  return above[to.length] as number
}

/** @returns the known name that was probably meant, or undefined where more than a third of it would have to change */
export function nearest(name: string, known: string[]): string | undefined {
  const plain = (text: string) => text.slice(0, LONGEST).toLowerCase().replaceAll(/[-_ ]/g, '')
  const meant = plain(name)
  const [best] = known
    .map((each) => ({
      each,
      far: distance(meant, plain(each)),
      most: Math.ceil(Math.max(meant.length, plain(each).length) / 3),
    }))
    .filter(({ far, most }) => far <= most)
    .sort((a, b) => a.far - b.far)
  return best?.each
}
