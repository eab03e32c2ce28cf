/**
 * Gives each stem a name that is free: itself, or its `nth` form from 2 on. It goes on where it stopped before: a
 * document may have a hundred thousand things that would have one name.
 */
export function createFreeNames(
  isTaken: (name: string) => boolean,
  nth: (stem: string, count: number) => string,
): (stem: string) => string {
  const counts = new Map<string, number>()
  return (stem) => {
    let count = counts.get(stem) ?? 1
    const name = () => (count === 1 ? stem : nth(stem, count))
    while (isTaken(name())) count += 1
    counts.set(stem, count)
    return name()
  }
}

/** So many underscores still read as a name. */
const MOST_MARKS = 4

/** `Order_`, `Order__`, and so on, as long as that can be read; then `Order_6`. */
export const underscored = (stem: string, count: number) =>
  count <= MOST_MARKS + 1 ? stem + '_'.repeat(count - 1) : `${stem}_${count}`
