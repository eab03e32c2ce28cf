import { v7 as uuidv7 } from 'uuid'
import type { Report } from '../storage/generated/client.ts'
import type { ReportStatus } from '../storage/generated/enums.ts'
import type { Call, Database, Visibility } from './call.ts'
import { CodedError, invalid } from './errors.ts'
import { keyset, type PageQuery, UUID } from './page.ts'
import { claimReport } from './report-quota.ts'
import type { GroupBy } from './sales.ts'
import { toTime } from './time.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const MOST_DAYS = 366

/** When to look again at a report that is not finished, in seconds. */
const LOOK_AGAIN_SECONDS = 2

/** The statuses in which work is still to be done. */
const OPEN: ReportStatus[] = ['queued', 'running']

export interface NewReport {
  groupBy: GroupBy
  /** Orders placed at or after, RFC 3339. */
  from: string
  /** Orders placed before, RFC 3339. */
  to: string
}

export interface ReportQuery extends PageQuery {
  status?: ReportStatus
}

/** The result may be megabytes: only a download reads it. */
type Head = Omit<Report, 'result'>
const HEAD = { omit: { result: true } } as const

/** A report as the API shows it. */
export function presentReport(report: Head) {
  return {
    id: report.id,
    status: report.status,
    groupBy: report.groupBy as GroupBy,
    from: report.from.toISOString(),
    to: report.to.toISOString(),
    progress: progressOf(report),
    rows: report.rowCount,
    error: report.error,
    requestedBy: { userId: report.userId, agentId: report.agentId },
    version: report.version,
    createdAt: report.createdAt.toISOString(),
    updatedAt: report.updatedAt.toISOString(),
    finishedAt: report.finishedAt?.toISOString() ?? null,
  }
}

/** Per cent of the orders. 100 means done and nothing else: orders may have come in since they were counted. */
function progressOf({ status, done, total }: Head): number {
  if (status === 'done') return 100
  return total === 0 ? 0 : Math.min(99, Math.floor((100 * done) / total))
}

/** @returns the seconds to wait before reading the report again; undefined when it will not change any more */
export const lookAgain = ({ status }: Pick<Head, 'status'>) => (OPEN.includes(status) ? LOOK_AGAIN_SECONDS : undefined)

/**
 * Asks for a report; a worker makes it.
 * @throws CodedError validation-failed: times that are out of order, too far apart, or none; report-running;
 * quota-exceeded
 */
export async function createReport(call: Call, wanted: NewReport, perDay: number) {
  const { caller, db, jobs, now } = call
  const from = toTime(wanted.from, '/body/from')
  const to = toTime(wanted.to, '/body/to')
  if (from >= to) throw invalid('/body/to', 'range', 'must be later than `from`')
  if (to.getTime() - from.getTime() > MOST_DAYS * DAY_MS) {
    throw invalid('/body/to', 'range', `must be at most ${MOST_DAYS} days after \`from\``)
  }
  await claimReport(call, perDay)
  const report = await db.report.create({
    data: {
      id: uuidv7(),
      groupBy: wanted.groupBy,
      from,
      to,
      userId: caller.userId,
      agentId: caller.agentId ?? null,
      createdAt: now,
      updatedAt: now,
    },
    ...HEAD,
  })
  jobs.push({ queue: 'reports', id: report.id })
  return presentReport(report)
}

export async function listReports({ db }: Call, query: ReportQuery, visible: Visibility) {
  const list = keyset('reports', query, UUID)
  const rows = await db.report.findMany({
    where: {
      AND: [
        visible.all ? {} : { userId: visible.ownerId },
        list.after ? { id: { lt: list.after } } : {},
        query.status ? { status: query.status } : {},
      ],
    },
    orderBy: { id: 'desc' },
    take: list.take,
    ...HEAD,
  })
  return list.page(rows, (row) => row.id, presentReport)
}

/** @throws CodedError report-not-found */
export async function getReport({ db }: Pick<Call, 'db'>, reportId: string) {
  return presentReport(await findReport(db, reportId))
}

/**
 * Ends a report that is not finished. The worker sees it before its next chunk.
 * @throws CodedError report-not-found, report-closed
 */
export async function cancelReport({ db, now }: Call, reportId: string) {
  const { count } = await db.report.updateMany({
    where: { id: reportId, status: { in: OPEN } },
    data: { status: 'cancelled', result: null, finishedAt: now, updatedAt: now, version: { increment: 1 } },
  })
  const report = await findReport(db, reportId)
  if (count === 0) throw new CodedError('report-closed', `The report is ${report.status}.`)
  return presentReport(report)
}

/** @throws CodedError report-not-found */
export async function findReport(db: Database, reportId: string): Promise<Head> {
  const report = await db.report.findUnique({ where: { id: reportId }, ...HEAD })
  if (!report) throw new CodedError('report-not-found')
  return report
}
