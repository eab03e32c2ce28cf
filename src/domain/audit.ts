import type { AuditEntry } from '../storage/generated/client.ts'
import type { Call } from './call.ts'
import { CodedError } from './errors.ts'
import { keyset, type PageQuery, UUID } from './page.ts'
import { toTime } from './time.ts'

/** How an act ended. */
export type Outcome =
  | 'done'
  /** The answer of an earlier request was given again. */
  | 'replayed'
  | 'dry-run'
  /** It waits for a person's consent. */
  | 'approval-requested'
  /** The answer showed personal data of others as it is. */
  | 'unmasked'
  /** Allowed, and refused by a rule of the business. */
  | 'failed'
  /** Not allowed. */
  | 'denied'
  | 'unauthenticated'

/** A signed statement, kept outside the database, of what the end of the chain was at a time. */
export interface Seal {
  version: 1
  kind: 'seal'
  /** The last position that it covers; it covers all before it, too. */
  position: number
  /** The hash at that position, hexadecimal. */
  hash: string
  /** How many entries were added since the seal before. */
  entries: number
  at: string
  /** Names the key that signed: the SHA-256 of its public part, hexadecimal. */
  keyId: string
  /** The 32 bytes of the public part, base64url. */
  publicKey: string
  /** SHA-256 of the line before in the files of seals, hexadecimal. */
  previous: string
  /** Ed25519, over the canonical text of all other members, base64url. */
  signature: string
}

/**
 * Finds the first seal that covers a position.
 * @param at when the entry at that position was written: older seals are not looked at
 */
export type FindSeal = (position: number, at: Date) => Promise<Seal | undefined>

export interface AuditQuery extends PageQuery {
  userId?: string
  agentId?: string
  action?: string
  operationId?: string
  outcome?: Outcome
  resourceType?: string
  resourceId?: string
  /** At or after, RFC 3339. */
  from?: string
  /** Before, RFC 3339. */
  to?: string
}

interface Proof {
  position: number
  previousHash: string
  hash: string
}

/** What the chain says of entries. Before the first place there is none: zeros stand for its hash. */
const PROOFS = `SELECT l.entry_id AS id, l.position::text, encode(l.hash, 'hex') AS hash,
    coalesce(encode(p.hash, 'hex'), repeat('0', 64)) AS "previousHash"
  FROM audit_links l LEFT JOIN audit_links p ON p.position = l.position - 1 WHERE l.entry_id = ANY ($1::uuid[])`

/** An entry as the API shows it: all that is stored and hashed, under the same names. */
const presentEntry = (entry: AuditEntry) => ({
  ...entry,
  outcome: entry.outcome as Outcome,
  at: entry.at.toISOString(),
})

/** @throws CodedError invalid-cursor, validation-failed */
export async function listAuditEntries({ db, sql }: Call, query: AuditQuery) {
  const list = keyset('audit-entries', query, UUID)
  const { userId, agentId, action, operationId, outcome, resourceType, resourceId, from, to } = query
  const wanted = { userId, agentId, action, operationId, outcome, resourceType, resourceId }
  const rows = await db.auditEntry.findMany({
    where: {
      AND: [
        list.after ? { id: { lt: list.after } } : {},
        ...Object.entries(wanted).map(([field, value]) => (value === undefined ? {} : { [field]: value })),
        from ? { id: { gte: firstIdOf(toTime(from, '/query/from')) } } : {},
        to ? { id: { lt: firstIdOf(toTime(to, '/query/to')) } } : {},
      ],
    },
    orderBy: { id: 'desc' },
    take: list.take,
  })
  const proofs = await findProofs(
    sql,
    rows.map(({ id }) => id),
  )
  return list.page(
    rows,
    (row) => row.id,
    (row) => ({ ...presentEntry(row), proof: proofs.get(row.id) ?? null }),
  )
}

/** @throws CodedError audit-entry-not-found */
export async function getAuditEntry({ db, sql }: Call, entryId: string, findSeal: FindSeal) {
  const entry = await db.auditEntry.findUnique({ where: { id: entryId } })
  if (!entry) throw new CodedError('audit-entry-not-found')
  const proof = (await findProofs(sql, [entry.id])).get(entry.id)
  if (!proof) return { ...presentEntry(entry), proof: null }
  const seal = (await findSeal(proof.position, entry.at)) ?? null
  return { ...presentEntry(entry), proof: { ...proof, seal } }
}

async function findProofs(sql: Call['sql'], ids: string[]): Promise<Map<string, Proof>> {
  const rows = await sql<{ id: string; position: string; hash: string; previousHash: string }>(PROOFS, [ids])
  return new Map(rows.map(({ id, position, ...rest }) => [id, { position: Number(position), ...rest }]))
}

/** The id of an entry begins with its time (UUID version 7), so that the order of ids is the order of times. */
function firstIdOf(time: Date): string {
  const hex = time.getTime().toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
