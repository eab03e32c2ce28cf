import { v7 as uuidv7 } from 'uuid'
import type { Outcome } from '../domain/audit.ts'
import type { Sql } from '../storage/sql.ts'

export type { Outcome }

/** One line of the trail. It holds no personal data: what could be some is a keyed digest. */
export interface Entry {
  at: Date
  outcome: Outcome
  /** The error code, where there is one. */
  code?: string | undefined
  /** The HTTP status of the answer. */
  status: number
  operationId?: string | undefined
  action?: string | undefined
  /** The tool that an adapter names; a claim of the client. */
  tool?: string | undefined
  /** The person; with an agent, for whom it acted. */
  userId?: string | undefined
  agentId?: string | undefined
  credentialId?: string | undefined
  resourceType?: string | undefined
  resourceId?: string | undefined
  parametersDigest?: string | undefined
  policyHash: string
  approvalId?: string | undefined
  requestId: string
  traceId?: string | undefined
  addressDigest?: string | undefined
}

/** An entry as it is stored: a field that says nothing is null. */
export type StoredEntry = { id: string } & { [Field in keyof Entry]-?: NonNullable<Entry[Field]> | null }

/** The columns of an entry beside its id, in the order of the statement. */
export const FIELDS = [
  'at',
  'outcome',
  'code',
  'status',
  'operationId',
  'action',
  'tool',
  'userId',
  'agentId',
  'credentialId',
  'resourceType',
  'resourceId',
  'parametersDigest',
  'policyHash',
  'approvalId',
  'requestId',
  'traceId',
  'addressDigest',
] as const satisfies (keyof Entry)[]

const column = (field: string) => field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** What to select of `audit_entries e` to get a StoredEntry. */
export const ENTRY = ['id', ...FIELDS].map((field) => `e.${column(field)} AS "${field}"`).join(', ')

/** Writes an entry, and notes that it has no place in the chain yet, in one statement. */
const INSERT = `WITH entry AS (
    INSERT INTO audit_entries (id, ${FIELDS.map(column).join(', ')})
    VALUES ($1, ${FIELDS.map((_, index) => `$${index + 2}`).join(', ')}) RETURNING id)
  INSERT INTO audit_pending (entry_id) SELECT id FROM entry`

/**
 * Adds an entry in the transaction of the act, so that neither is kept without the other. Its place in the hash chain
 * is given later (chain.ts): writers do not wait for each other.
 * @returns the id of the entry
 */
export async function record(sql: Sql, entry: Entry): Promise<string> {
  const id = uuidv7({ msecs: entry.at.getTime() })
  await sql(INSERT, [id, ...FIELDS.map((field) => entry[field] ?? null)])
  return id
}
