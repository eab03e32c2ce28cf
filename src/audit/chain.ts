import { createHash } from 'node:crypto'
import { canonicalize } from '../canonical.ts'
import type { Sql } from '../storage/sql.ts'
import type { Storage } from '../storage/storage.ts'
import { ENTRY, FIELDS, type StoredEntry } from './trail.ts'

/** What the first entry is hashed with in the place of a hash before it: 32 zero bytes. */
export const GENESIS = Buffer.alloc(32)
/** How many entries get their place in one transaction. */
export const BATCH = 500
/** Names the advisory lock of whoever links: one at a time, whatever the number of processes. */
const LOCK = 72_707_370

/** A place in the chain. */
export interface Place {
  /** 1 and up. */
  position: number
  hash: Buffer
}

/**
 * The text of an entry that is hashed: its id and all its fields as canonical JSON (RFC 8785), nulls included, times in
 * ISO 8601 with milliseconds. A field that is added to entries one day has to be left out where it is null: the hashes
 * of the entries before it stay as they are.
 */
export function textOf(entry: StoredEntry): string {
  return canonicalize({
    id: entry.id,
    ...Object.fromEntries(FIELDS.map((field) => [field, entry[field]])),
    at: timeText(entry.at),
  })
}

/** Somebody who changes the row may write a time that is none (infinity), which must be found and not break the finder. */
const timeText = (at: unknown) =>
  at instanceof Date && !Number.isNaN(at.getTime()) ? at.toISOString() : `not a time: ${at}`

/** SHA-256 over the bytes of the hash before, then the UTF-8 bytes of the entry's text. */
export const hashOf = (previous: Uint8Array, text: string) =>
  createHash('sha256').update(previous).update(text, 'utf8').digest()

/**
 * The entries that wait, the oldest first. The subqueries are scalar and the ids an array on purpose: whatever the
 * planner knows of the tables (the embedded database gathers no statistics), each becomes a look into an index.
 */
const WAITING = `SELECT ${ENTRY} FROM audit_entries e WHERE e.id = ANY (ARRAY(
    SELECT p.entry_id FROM audit_pending p
    WHERE (SELECT true FROM audit_entries e WHERE e.id = p.entry_id)
      AND (SELECT true FROM audit_links l WHERE l.entry_id = p.entry_id) IS NOT TRUE
    ORDER BY p.entry_id LIMIT $1)) ORDER BY e.id`
// Named with its table, `position` is the number; alone it would be the text that is selected.
const LAST = 'SELECT position::text, hash FROM audit_links ORDER BY audit_links.position DESC LIMIT 1'
const APPEND = `INSERT INTO audit_links (position, entry_id, hash)
  SELECT $1::bigint + given.n, given.id::uuid, decode(given.hash, 'hex')
  FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS given (id, hash, n)`
const REMOVE = 'DELETE FROM audit_pending WHERE entry_id = ANY ($1::uuid[])'

/**
 * Gives the entries that wait their places at the end of the chain, in one transaction. Whoever writes entries waits
 * for nothing here: other rows are touched than theirs.
 * @param most how many at once
 * @returns how many got a place; `busy` where another process is at it
 */
export function link(storage: Pick<Storage, 'transaction'>, most = BATCH): Promise<number | 'busy'> {
  return storage.transaction(async (_db, sql) => {
    const [lock] = await sql<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS mine', [LOCK])
    if (!lock?.mine) return 'busy'
    const waiting = await sql<StoredEntry>(WAITING, [most])
    if (waiting.length === 0) return 0
    const last = await lastPlace(sql)
    let previous = last?.hash ?? GENESIS
    const hashes = waiting.map((entry) => {
      previous = hashOf(previous, textOf(entry))
      return previous.toString('hex')
    })
    const ids = waiting.map(({ id }) => id)
    await sql(APPEND, [last?.position ?? 0, ids, hashes])
    await sql(REMOVE, [ids])
    return ids.length
  })
}

/** @returns the end of the chain; nothing while there is none */
export async function lastPlace(sql: Sql): Promise<Place | undefined> {
  const [row] = await sql<PlaceRow>(LAST)
  return row && toPlace(row)
}

/** @returns what is at a position now */
export async function placeAt(sql: Sql, position: number): Promise<Place | undefined> {
  const [row] = await sql<PlaceRow>('SELECT position::text, hash FROM audit_links WHERE position = $1', [position])
  return row && toPlace(row)
}

interface PlaceRow {
  position: string
  hash: Uint8Array
}
const toPlace = ({ position, hash }: PlaceRow): Place => ({ position: Number(position), hash: Buffer.from(hash) })

export const samePlace = (a: Place | undefined, b: Place | undefined) =>
  a?.position === b?.position && (a === undefined || a.hash.equals(b?.hash as Buffer))
