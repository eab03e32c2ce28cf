import { hashOf } from './chain.ts'
import type { Finding } from './findings.ts'
import type { SealedPlaces, Unmatched } from './seal-places.ts'
import type { Broken } from './verify-chain.ts'

/**
 * Says what became of the places that do not fit, from each other and from the seals, and what the seals say beside.
 * @param last the last position of the chain
 */
export function nameFindings(broken: Broken[], sealed: SealedPlaces[], last: number): Finding[] {
  const unfit = sealed.flatMap(({ first }) => first ?? [])
  const explained = new Set<Unmatched>()
  const insertions = broken.filter((each) => isInserted(each, broken))
  const named = broken.flatMap((each): Finding[] => {
    const own = unfit.find(({ seal }) => seal.position === each.position && seal.hash === each.computed.toString('hex'))
    if (own) explained.add(own)
    if (own || each.hashChanged) return [hashChanged(each)]
    const into = insertions.includes(each) || isBehindInserted(each, broken)
    if (into) for (const one of unfit.filter((seal) => shiftOf(seal) < 0 && covers(seal, each))) explained.add(one)
    if (into)
      return [
        insertions.includes(each)
          ? inserted(each.position, each.entryId)
          : inserted(each.position - 1, each.before.entryId),
      ]
    if (insertions.some((other) => other.position === each.position - 1)) return []
    if (fitsElsewhere(each, broken)) return [reordered(each)]
    const moved = unfit.find((seal) => shiftOf(seal) > 0 && covers(seal, each))
    if (!moved) return [changed(each)]
    explained.add(moved)
    return [removed(each, shiftOf(moved))]
  })
  return [...named, ...sealed.flatMap((each) => [...tailCut(each, last), ...rewritten(each, explained)])]
}

/** How many places a sealed hash has moved towards the beginning. */
const shiftOf = ({ seal, found }: Unmatched) => (found === undefined ? 0 : seal.position - found)
const covers = ({ seal, confirmed }: Unmatched, { position }: Broken) =>
  confirmed < position && position <= seal.position + 1

/** Whether a place follows the one before the one before it, which fits by itself: somebody knew how to compute it. */
const isBehindInserted = ({ position, before, text, stored }: Broken, broken: Broken[]) =>
  hashOf(before.previous, text).equals(stored) && !broken.some((other) => other.position === position - 1)

/** Whether a place belongs nowhere, and the one behind it follows the one before it. */
const isInserted = (each: Broken, broken: Broken[]) => {
  const next = broken.find((other) => other.position === each.position + 1)
  return next && hashOf(each.before.hash, next.text).equals(next.stored) && !fitsElsewhere(each, broken)
}

/** Whether another place that does not fit has its entry, or its place, or is the one that it follows. */
const fitsElsewhere = (each: Broken, broken: Broken[]) =>
  broken.some(
    (other) =>
      other !== each &&
      (hashOf(other.before.hash, each.text).equals(each.stored) ||
        hashOf(other.stored, each.text).equals(each.stored) ||
        hashOf(each.before.hash, other.text).equals(each.stored)),
  )

const changed = ({ position, entryId }: Broken): Finding => ({
  kind: 'entry-changed',
  position,
  entryId,
  message: `The entry ${entryId} at position ${position} is not what was hashed: it was changed.`,
})

const hashChanged = ({ position, entryId }: Broken): Finding => ({
  kind: 'hash-changed',
  position,
  entryId,
  message: `The hash at position ${position} was changed; its entry ${entryId} is as it was.`,
})

const reordered = ({ position, entryId }: Broken): Finding => ({
  kind: 'entries-reordered',
  position,
  entryId,
  message: `Entries were moved: at position ${position} is the entry ${entryId}, which does not follow the one before it.`,
})

const inserted = (position: number, entryId: string): Finding => ({
  kind: 'entry-inserted',
  position,
  entryId,
  message: `The entry ${entryId} was inserted at position ${position}.`,
})

const removed = ({ position, entryId }: Broken, count: number): Finding => ({
  kind: 'links-removed',
  position,
  message: `${places(count)} removed before the entry ${entryId}, which took position ${position}.`,
})

const places = (count: number) => (count === 1 ? 'One place was' : `${count} places were`)

function tailCut({ folder, highest }: SealedPlaces, last: number): Finding[] {
  if (!highest || highest.seal.position <= last || highest.found !== undefined) return []
  const { seal, at } = highest
  const message = `The end was cut off: the seal of ${seal.at} covers ${seal.position} entries, the chain has ${last}.`
  return [{ kind: 'tail-cut', position: last + 1, at: `${folder} ${at}`, message }]
}

function rewritten({ folder, first, unmatched }: SealedPlaces, explained: Set<Unmatched>): Finding[] {
  if (!first || explained.has(first)) return []
  const { seal, at, confirmed } = first
  const shift = shiftOf(first)
  const what = shift > 0 ? ` ${places(shift)} removed.` : shift < 0 ? ` ${places(-shift)} inserted.` : ''
  const more = unmatched > 1 ? ` So say ${unmatched} seals.` : ''
  const range = `between the positions ${confirmed + 1} and ${seal.position}`
  return [
    {
      kind: shift > 0 ? 'links-removed' : shift < 0 ? 'entry-inserted' : 'chain-rewritten',
      position: confirmed + 1,
      at: `${folder} ${at}`,
      message: `The chain is not the one that was sealed at ${seal.at}: it was rewritten ${range}.${what}${more}`,
    },
  ]
}
