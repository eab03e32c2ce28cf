import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../src/domain/call.ts'
import { CodedError, invalid } from '../../src/domain/errors.ts'
import type { Vault } from '../../src/identity/vault.ts'
import type { Sql } from '../../src/storage/sql.ts'
import type { Operation } from '../operation.ts'

/** An answer as it was given, to be given again. `body` is the serialized text; a 204 has none. */
export interface Answer {
  status: number
  location: string | null
  etag: string | null
  body: string
}

/** One request that may be repeated: the IETF draft's key, kept for each caller. */
export interface Key {
  caller: string
  key: string
  /** Names the request: the same key with another request is refused. */
  digest: Uint8Array<ArrayBuffer>
  now: Date
}

/** What was found under a key. */
export interface Claim {
  /** The request was carried out before. */
  answer?: Answer
  /** The request waits for this approval. */
  approvalId?: string
  /** The person whose data the answer may hold. */
  subject?: string | undefined
}

/** Bare, or quoted as the draft's structured header has it. */
const KEY = /^("?)([A-Za-z0-9_-]{16,128})\1$/

/**
 * @returns the key of a request, or undefined where none is needed and none was sent
 * @throws CodedError idempotency-key-missing, validation-failed
 */
export function keyOf(operation: Operation, { headers }: FastifyRequest): string | undefined {
  const header = headers['idempotency-key']
  if (header === undefined) {
    if (operation.method === 'POST') throw new CodedError('idempotency-key-missing')
    return undefined
  }
  const [, , key] = KEY.exec(String(header)) ?? []
  if (!key) throw invalid('/header/idempotency-key', 'pattern', 'must be 16 to 128 of A-Z a-z 0-9 _ -')
  return key
}

export const callerOf = ({ userId, agentId }: Caller) => (agentId === undefined ? userId : `${userId} ${agentId}`)

interface Row {
  free: boolean
  digest: Uint8Array | null
  status: number | null
  location: string | null
  answer: Uint8Array | null
  approvalId: string | null
}

/** The lock ends with the transaction, so a process that dies holds nothing. */
const CLAIM = `SELECT pg_try_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0)) AS free,
    k.digest, k.status, k.location, k.answer, k.approval_id AS "approvalId"
  FROM (SELECT 1) AS one LEFT JOIN idempotency_keys k ON k.caller = $1 AND k.key = $2 AND k.expires_at > $3`

/**
 * Takes the key for this transaction.
 * @throws CodedError idempotency-key-reused, request-in-flight, answer-erased
 */
export async function claim(sql: Sql, { caller, key, digest, now }: Key, vault: Vault): Promise<Claim> {
  const [row] = (await sql<Row>(CLAIM, [caller, key, now])) as [Row]
  if (row.digest && !Buffer.from(row.digest).equals(digest)) throw new CodedError('idempotency-key-reused')
  if (row.status !== null && !row.answer) throw new CodedError('answer-erased')
  if (row.status !== null && row.answer) return { answer: open(vault, caller, key, row) }
  if (!row.free) throw new CodedError('request-in-flight')
  return row.approvalId ? { approvalId: row.approvalId } : {}
}

/** The key got its answer between the claim and now: everything is undone, and the answer is given. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken'
}

const KEEP = `INSERT INTO idempotency_keys
    (caller, key, digest, status, location, answer, approval_id, created_at, expires_at, subject)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  ON CONFLICT (caller, key) DO UPDATE SET digest = excluded.digest, status = excluded.status,
    location = excluded.location, answer = excluded.answer, approval_id = excluded.approval_id,
    created_at = excluded.created_at, expires_at = excluded.expires_at, subject = excluded.subject
  WHERE idempotency_keys.status IS NULL OR idempotency_keys.expires_at <= excluded.created_at
  RETURNING status`

/** Keeps what a key stands for from now on: an answer, or an approval that the request waits for. @throws Overtaken */
export async function keep(sql: Sql, of: Key, found: Claim, vault: Vault, keepMs: number): Promise<void> {
  const { answer } = found
  const kept = await sql(KEEP, [
    of.caller,
    of.key,
    of.digest,
    answer?.status ?? null,
    answer?.location ?? null,
    answer ? vault.seal(JSON.stringify([answer.etag, answer.body]), contextOf(of.caller, of.key)) : null,
    found.approvalId ?? null,
    of.now,
    new Date(of.now.getTime() + keepMs),
    found.subject ?? null,
  ])
  if (kept.length === 0) throw new Overtaken()
}

function open(vault: Vault, caller: string, key: string, { status, location, answer }: Row): Answer {
  const [etag, body] = JSON.parse(vault.open(answer as Uint8Array, contextOf(caller, key)))
  return { status: status as number, location, etag, body }
}

const contextOf = (caller: string, key: string) => `idempotency ${caller} ${key}`

/** Removes the keys whose time is over. @returns how many */
export async function prune(sql: Sql, now: Date): Promise<number> {
  return (await sql('DELETE FROM idempotency_keys WHERE expires_at <= $1 RETURNING 1', [now])).length
}
