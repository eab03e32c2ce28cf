import type { Call } from '../domain/call.ts'
import type { DeliveryStatus } from '../storage/generated/enums.ts'
import type { Queue } from './queue.ts'

/** What goes to an inbox is where it is to be read already: it is delivered when the transaction commits. */
const INSERT = `INSERT INTO messages
    (id, event, channel_id, text, about_type, about_id, user_id, agent_id, status, next_attempt_at, delivered_at,
     created_at, updated_at)
  SELECT $1, $2, id, $4, $5, $6, $7, $8,
    CASE WHEN kind = 'inbox' THEN 'delivered' ELSE 'queued' END::"DeliveryStatus",
    CASE WHEN kind <> 'inbox' THEN $9::timestamptz END, CASE WHEN kind = 'inbox' THEN $9::timestamptz END,
    $9::timestamptz, $9::timestamptz
  FROM channels WHERE id = $3 RETURNING status`

/** Writes what a call wants to send, and the jobs that will do it, in the call's transaction. */
export async function writeOutbox({ caller, sql, now, outbox, jobs }: Call, queue: Queue): Promise<void> {
  for (const { id, event, channelId, text, about } of outbox) {
    const [row] = await sql<{ status: DeliveryStatus }>(INSERT, [
      id,
      event,
      channelId,
      text,
      about?.type ?? null,
      about?.id ?? null,
      caller.userId,
      caller.agentId ?? null,
      now,
    ])
    if (!row) throw new Error(`there is no channel ${channelId} to send to`)
    if (row.status !== 'delivered') jobs.push({ queue: 'messages', id })
  }
  await queue.add(sql, jobs)
}
