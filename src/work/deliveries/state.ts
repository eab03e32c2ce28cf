import type { DeliveryStatus } from '../../storage/generated/enums.ts'
import type { Sql } from '../../storage/sql.ts'
import type { Destination, Letter } from './sender.ts'

/** A message that one worker may send now. */
export interface Claimed {
  letter: Letter
  to: Destination
  /** The channel takes nothing any more. */
  ended: boolean
  /** 1 and up; names the claim. */
  attempt: number
}

interface Row {
  id: string
  event: string | null
  text: string
  aboutType: string | null
  aboutId: string | null
  userId: string
  agentId: string | null
  createdAt: Date
  attempt: number
  channelId: string
  kind: Destination['kind']
  target: string | null
  newest: Uint8Array | null
  before: Uint8Array | null
  rotatedAt: Date | null
  ended: boolean
}

// One clock for all workers: the database's. A message that is still `sending` when its lease has ended belonged to a
// worker that died, and nobody knows how far it got.
const CLAIM = `
  UPDATE messages m SET status = 'sending', attempts = m.attempts + 1, uncertain = m.uncertain OR m.status = 'sending',
    next_attempt_at = clock_timestamp() + $2 * interval '1 millisecond', version = m.version + 1,
    updated_at = clock_timestamp()
  FROM channels c
  WHERE m.id = $1 AND c.kind <> 'inbox' AND c.id = m.channel_id AND m.status <> 'delivered' AND NOT m.dead AND m.attempts < $3
    AND m.next_attempt_at <= clock_timestamp()
  RETURNING m.id, m.event, m.text, m.about_type AS "aboutType", m.about_id AS "aboutId", m.user_id AS "userId",
    m.agent_id AS "agentId", m.created_at AS "createdAt", m.attempts AS attempt, c.id AS "channelId", c.kind, c.target,
    c.secrets[1] AS newest, c.secrets[2] AS before, c.rotated_at AS "rotatedAt",
    c.disabled_at IS NOT NULL OR c.removed_at IS NOT NULL AS ended`

/**
 * Takes a message for one attempt.
 * @returns undefined where it is not due, done with, in another worker's hands or out of attempts
 */
export async function claim(sql: Sql, id: string, leaseMs: number, most: number): Promise<Claimed | undefined> {
  const [row] = await sql<Row>(CLAIM, [id, leaseMs, most])
  if (!row) return undefined
  const { aboutType, aboutId, newest, before } = row
  return {
    letter: {
      id,
      event: row.event,
      text: row.text,
      about: aboutType !== null && aboutId !== null ? { type: aboutType, id: aboutId } : null,
      sentBy: { userId: row.userId, agentId: row.agentId },
      createdAt: row.createdAt,
    },
    to: {
      id: row.channelId,
      kind: row.kind,
      target: row.target,
      secrets: [newest, before].filter((secret) => secret !== null),
      rotatedAt: row.rotatedAt,
    },
    ended: row.ended,
    attempt: row.attempt,
  }
}

/** Where a message stands; `due` where its time has come. */
export async function look(sql: Sql, id: string) {
  const [row] = await sql<{
    status: DeliveryStatus
    dead: boolean
    attempts: number
    nextAttemptAt: Date | null
    due: boolean
  }>(
    `SELECT status, dead, attempts, next_attempt_at AS "nextAttemptAt", next_attempt_at <= clock_timestamp() AS due
     FROM messages WHERE id = $1 FOR UPDATE`,
    [id],
  )
  return row
}

/** Notes that a message arrived, whichever attempt it was and whatever has been noted since. */
export async function recordDelivery(sql: Sql, id: string, receipt: string | null): Promise<void> {
  await sql(
    `UPDATE messages SET status = 'delivered', dead = false, error = NULL, receipt = $2, next_attempt_at = NULL,
       delivered_at = clock_timestamp(), version = version + 1, updated_at = clock_timestamp()
     WHERE id = $1 AND status <> 'delivered'`,
    [id, receipt],
  )
}

export interface Failure {
  attempt: number
  /** It may have arrived. */
  unknown: boolean
  error: string
  /** When it is tried again; null: never, it is a dead letter. */
  next: Date | null
}

/**
 * Notes that an attempt failed, or that nobody knows: once one attempt ended unknown, the message is never told failed.
 * @returns false where another attempt has begun since, or the message is done with
 */
export async function recordFailure(
  sql: Sql,
  id: string,
  { attempt, unknown, error, next }: Failure,
): Promise<boolean> {
  const rows = await sql(
    `UPDATE messages SET
       status = CASE WHEN uncertain OR $3 THEN 'unknown' WHEN $5::timestamptz IS NULL THEN 'failed' ELSE 'queued' END
         ::"DeliveryStatus",
       uncertain = uncertain OR $3, error = $4, next_attempt_at = $5, dead = $5::timestamptz IS NULL,
       version = version + 1, updated_at = clock_timestamp()
     WHERE id = $1 AND status = 'sending' AND attempts = $2 RETURNING 1 AS one`,
    [id, attempt, unknown, error, next],
  )
  if (rows.length > 0) return true
  if (unknown) await doubt(sql, id)
  return false
}

/** A late word of an attempt that was given up on: it may have arrived. */
async function doubt(sql: Sql, id: string): Promise<void> {
  await sql(
    `UPDATE messages SET uncertain = true, status = CASE WHEN status = 'sending' THEN status ELSE 'unknown' END,
       version = version + 1, updated_at = clock_timestamp()
     WHERE id = $1 AND status <> 'delivered' AND NOT uncertain`,
    [id],
  )
}

/** Ends a message whose last attempt was never recorded. */
export async function bury(sql: Sql, id: string): Promise<void> {
  await sql(
    `UPDATE messages SET status = CASE WHEN uncertain OR status = 'sending' THEN 'unknown' ELSE 'failed' END
         ::"DeliveryStatus",
       uncertain = uncertain OR status = 'sending', dead = true, next_attempt_at = NULL,
       error = 'The service ended during the last attempt.', version = version + 1, updated_at = clock_timestamp()
     WHERE id = $1`,
    [id],
  )
}

/** A receiver that says it is gone for good gets nothing any more. */
export async function disable(sql: Sql, channelId: string): Promise<void> {
  await sql(
    `UPDATE channels SET disabled_at = clock_timestamp(), version = version + 1, updated_at = clock_timestamp()
     WHERE id = $1 AND disabled_at IS NULL`,
    [channelId],
  )
}
