import type { Storage } from '../storage/storage.ts'
import { lastPlace } from './chain.ts'
import { createFindings, type Finding } from './findings.ts'
import { nameFindings } from './name-findings.ts'
import { createSealPlaces, type SealedPlaces } from './seal-places.ts'
import { verifyChain } from './verify-chain.ts'
import { type CheckedFolder, type SealFolder, verifySeals } from './verify-seals.ts'

export interface Verification {
  ok: boolean
  /** Entries that are stored, that have a place, and that wait for one. */
  entries: number
  linked: number
  waiting: number
  /** The last position that a seal confirms, and how many places there are behind it. */
  sealed: number
  unsealed: number
  folders: CheckedFolder[]
  findingCount: number
  /** The first ones, by position; those of the seals themselves come last. */
  findings: Finding[]
}

const MOST_UNLINKED = 101

/** In one statement: an entry moves from one table to the other in one transaction. */
const UNLINKED = `SELECT e.id FROM audit_entries e
  WHERE NOT EXISTS (SELECT FROM audit_links l WHERE l.entry_id = e.id)
    AND NOT EXISTS (SELECT FROM audit_pending p WHERE p.entry_id = e.id)
  ORDER BY e.id LIMIT ${MOST_UNLINKED}`
const VANISHED = `SELECT p.entry_id AS id FROM audit_pending p
  WHERE NOT EXISTS (SELECT FROM audit_entries e WHERE e.id = p.entry_id) ORDER BY p.entry_id LIMIT ${MOST_UNLINKED}`
const COUNTS = `SELECT (SELECT count(*) FROM audit_entries)::text AS entries, (SELECT count(*) FROM audit_links)::text AS linked,
  (SELECT count(*) FROM audit_pending p WHERE NOT EXISTS (SELECT FROM audit_links l WHERE l.entry_id = p.entry_id))::text AS waiting`

/**
 * Computes the whole chain anew and holds it against the seals. The service may go on writing meanwhile.
 * @param folders the seals of all replicas
 * @param pins fingerprints of first keys; with none, what the writer remembers beside its keys is trusted
 */
export async function verifyTrail(
  { sql }: Pick<Storage, 'sql'>,
  folders: SealFolder[],
  pins: string[],
): Promise<Verification> {
  const findings = createFindings()
  const ofSeals = createFindings()
  const checked: CheckedFolder[] = []
  const sealed: SealedPlaces[] = []
  // Seals first: what they cover is in the chain by then.
  for (const each of folders) {
    const places = createSealPlaces(sql, each.folder)
    checked.push(await verifySeals(each, pins, ofSeals, places.add))
    sealed.push(await places.end())
  }
  const last = (await lastPlace(sql))?.position ?? 0
  const broken = await verifyChain(sql, last, findings)
  for (const finding of nameFindings(broken, sealed, last)) findings.add(finding)
  for (const { id } of await sql<{ id: string }>(UNLINKED)) {
    const message = `The entry ${id} neither has a place nor waits for one: it was inserted, or its place was removed.`
    findings.add({ kind: 'entry-unlinked', entryId: id, message })
  }
  for (const { id } of await sql<{ id: string }>(VANISHED)) {
    findings.add({
      kind: 'entry-removed',
      entryId: id,
      message: `The entry ${id} was removed before it got its place.`,
    })
  }
  for (const { folder, seals, firstKey } of checked) {
    if (firstKey !== null || (seals === 0 && last === 0)) continue
    ofSeals.add({ kind: 'seals-missing', message: `${folder}: There are no seals.` })
  }
  const [counts] = await sql<Record<'entries' | 'linked' | 'waiting', string>>(COUNTS)
  const confirmed = Math.max(0, ...sealed.map((each) => each.confirmed))
  const count = findings.count() + ofSeals.count()
  return {
    ok: count === 0,
    entries: Number(counts?.entries),
    linked: Number(counts?.linked),
    waiting: Number(counts?.waiting),
    sealed: confirmed,
    unsealed: Math.max(0, last - confirmed),
    folders: checked,
    findingCount: count,
    findings: [...findings.kept.sort(byPosition), ...ofSeals.kept],
  }
}

const byPosition = (a: Finding, b: Finding) => (a.position ?? Number.MAX_VALUE) - (b.position ?? Number.MAX_VALUE)
