import type { Call } from './call.ts'
import { CodedError, QuotaExceeded } from './errors.ts'

const DAY_S = 24 * 60 * 60
/** When a report that is being made may be finished, in seconds. */
const RUNNING_RETRY_S = 2

/** Of two requests at once, the second one finds the report of the first. The lock ends with the transaction. */
const LOCK = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 2))'

const OPEN_REPORT = `SELECT id FROM reports WHERE user_id = $1 AND status IN ('queued', 'running') LIMIT 1`

/** The one whose day has to end before there is room for another: so many came after it. */
const IN_THE_WAY = `SELECT EXTRACT(EPOCH FROM created_at + interval '1 day' - $2::timestamptz)::float8 AS seconds FROM reports
  WHERE user_id = $1 AND created_at > $2::timestamptz - interval '1 day'
  ORDER BY id DESC OFFSET $3 LIMIT 1`

/**
 * A person, with all their agents and keys, has one report made at a time, and so many in any 24 hours, however they
 * ended. The database counts, so that it holds over all replicas and restarts.
 * @throws CodedError report-running; QuotaExceeded
 */
export async function claimReport({ caller, sql, now }: Call, perDay: number): Promise<void> {
  await sql(LOCK, [caller.userId])
  const [open] = await sql<{ id: string }>(OPEN_REPORT, [caller.userId])
  if (open) {
    throw Object.assign(new CodedError('report-running', `The report ${open.id} is being made.`), {
      retryAfter: RUNNING_RETRY_S,
    })
  }
  const [inTheWay] = await sql<{ seconds: number }>(IN_THE_WAY, [caller.userId, now, perDay - 1])
  if (!inTheWay) return
  const wait = Math.min(DAY_S, Math.max(1, Math.ceil(inTheWay.seconds)))
  throw new QuotaExceeded(['reports'], wait, `You may ask for ${perDay} reports in 24 hours.`)
}
