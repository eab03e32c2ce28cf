import type { Sql } from '../storage/sql.ts'
import { GENESIS, hashOf, textOf } from './chain.ts'
import type { Findings } from './findings.ts'
import { ENTRY, type StoredEntry } from './trail.ts'

const BATCH = 1000
const LOWEST = '-9223372036854775808'
/** So many places that do not fit are held against each other. */
const MOST_BROKEN = 100

const PLACES = `SELECT l.position::text AS place, l.entry_id AS "entryId", l.hash FROM audit_links l
  WHERE l.position > $1 AND l.position <= $2 ORDER BY l.position LIMIT ${BATCH}`
/** By an array of ids, not by a join: the planner reads all entries for each batch of one where it knows no better. */
const ENTRIES = `SELECT ${ENTRY} FROM audit_entries e WHERE e.id = ANY ($1::uuid[])`

interface Row {
  place: string
  entryId: string
  hash: Uint8Array
}

/** A place whose hash does not come from the place before it and its entry. */
export interface Broken {
  position: number
  entryId: string
  text: string
  stored: Buffer
  /** What the entry and the hash before give. */
  computed: Buffer
  before: { entryId: string; hash: Buffer; previous: Buffer }
  /** The next place follows `computed`: it is the stored hash that was changed. */
  hashChanged: boolean
}

/**
 * Computes the chain anew, from the first place to `last`, a batch at a time. What is missing is told at once; what
 * does not fit is handed back, since what became of it shows from the rest and from the seals.
 */
export async function verifyChain(sql: Sql, last: number, findings: Findings): Promise<Broken[]> {
  const broken: Broken[] = []
  let position = 0
  let before: Broken['before'] | undefined = { entryId: '', hash: GENESIS, previous: GENESIS }
  let doubtful: Broken | undefined
  for (let from = LOWEST; ; ) {
    const rows: Row[] = await sql<Row>(PLACES, [from, last])
    const entries = await sql<StoredEntry>(ENTRIES, [rows.map(({ entryId }) => entryId)])
    const byId = new Map(entries.map((entry) => [entry.id, entry]))
    for (const row of rows) step(row, byId.get(row.entryId))
    const end = rows.at(-1)
    if (!end) break
    from = end.place
  }
  return broken

  function step(row: Row, entry: StoredEntry | undefined): void {
    const { entryId } = row
    const here = Number(row.place)
    const stored = Buffer.from(row.hash)
    if (here < 1) {
      const message = `The entry ${entryId} was put at position ${here}, which is none.`
      findings.add({ kind: 'entry-inserted', position: here, entryId, message })
      return
    }
    if (here !== position + 1) {
      gap(position + 1, here - 1)
      before = undefined
    }
    position = here
    const previous = before
    before = { entryId, hash: stored, previous: previous?.hash ?? GENESIS }
    const wasDoubtful = doubtful
    doubtful = undefined
    if (!entry) {
      const message = `The entry ${entryId} at position ${here} was removed.`
      findings.add({ kind: 'entry-removed', position: here, entryId, message })
      return
    }
    // Behind a gap nobody knows the hash before.
    if (!previous) return
    const text = textOf(entry)
    const computed = hashOf(previous.hash, text)
    if (computed.equals(stored)) return
    if (wasDoubtful && hashOf(wasDoubtful.computed, text).equals(stored)) {
      wasDoubtful.hashChanged = true
      return
    }
    doubtful = { position: here, entryId, text, stored, computed, before: previous, hashChanged: false }
    if (broken.length < MOST_BROKEN) broken.push(doubtful)
    else findings.add({ kind: 'entry-changed', position: here, entryId, message: 'The place does not fit.' })
  }

  function gap(from: number, to: number): void {
    const what = from === to ? `Position ${from} was removed.` : `The positions ${from} to ${to} were removed.`
    findings.add({ kind: 'links-removed', position: from, message: what })
  }
}
