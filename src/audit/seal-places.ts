import type { Seal } from '../domain/audit.ts'
import type { Sql } from '../storage/sql.ts'

const BATCH = 500
/** How often a hash is looked for that is not where it should be. */
const MOST_SEARCHES = 3

/** A seal that the chain does not have at its position. */
export interface Unmatched {
  folder: string
  at: string
  seal: Seal
  /** The last position before it that another seal of the folder confirms. */
  confirmed: number
  /** Where the sealed hash is now, if anywhere. */
  found: number | undefined
}

/**
 * Looks up what seals say in the chain, a batch at a time. Of each folder the first seal that does not fit is kept, and
 * the one that covers most: one change makes all later ones unfit.
 */
export function createSealPlaces(sql: Sql, folder: string) {
  let waiting: { seal: Seal; at: string }[] = []
  let confirmed = 0
  let first: Unmatched | undefined
  let unmatched = 0
  let searches = 0
  let highest: { seal: Seal; at: string } | undefined

  async function look(): Promise<void> {
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    const rows = await sql<{ position: string; hash: string }>(
      `SELECT position::text, encode(hash, 'hex') AS hash FROM audit_links WHERE position = ANY ($1::bigint[])`,
      [batch.map(({ seal }) => String(seal.position))],
    )
    const hashes = new Map(rows.map(({ position, hash }) => [Number(position), hash]))
    for (const { seal, at } of batch) {
      const hash = hashes.get(seal.position)
      if (hash === seal.hash) confirmed = Math.max(confirmed, seal.position)
      else await mismatch(seal, at, hash === undefined)
    }
  }

  /** @param missing the position is not there: told as a gap or a cut tail, unless its hash went elsewhere */
  async function mismatch(seal: Seal, at: string, missing: boolean): Promise<void> {
    unmatched++
    if (first || (missing && searches >= MOST_SEARCHES)) return
    const found = await findHash(seal.hash)
    if (!missing || found !== undefined) first = { folder, at, seal, confirmed, found }
  }

  /** Reads the whole chain: there is no index, since nobody else asks. */
  async function findHash(hash: string): Promise<number | undefined> {
    searches++
    const [row] = await sql<{ position: string }>(
      `SELECT position::text FROM audit_links WHERE hash = decode($1, 'hex') LIMIT 1`,
      [hash],
    )
    return row && Number(row.position)
  }

  return {
    async add(seal: Seal, at: string): Promise<void> {
      if (seal.position > (highest?.seal.position ?? 0)) highest = { seal, at }
      waiting.push({ seal, at })
      if (waiting.length >= BATCH) await look()
    },
    /** @returns what of the seals the chain confirms, and what it does not */
    async end() {
      await look()
      const found = highest && highest.seal.position > confirmed ? await findHash(highest.seal.hash) : undefined
      return { folder, confirmed, first, unmatched, highest: highest && { ...highest, found } }
    },
  }
}

export type SealedPlaces = Awaited<ReturnType<ReturnType<typeof createSealPlaces>['end']>>
