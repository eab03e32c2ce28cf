import type { Call } from './call.ts'
import { toCsv } from './csv.ts'
import { CodedError } from './errors.ts'
import type { GroupBy, Sum } from './sales.ts'

/** Minor units. Larger ones than a number of JavaScript holds exactly stay a BigInt, and are written out digit by digit. */
interface Amount {
  amount: number | bigint
  currency: string
}

/** A row of a report; which members it has depends on `groupBy`. */
export interface ReportRow {
  day?: string
  sku?: string
  name?: string
  userId?: string
  orders: number
  items?: number
  quantity?: number
  revenue: Amount
  refunded?: Amount
}

export interface ReportResult {
  reportId: string
  groupBy: GroupBy
  from: string
  to: string
  rows: ReportRow[]
}

/**
 * What a finished report found.
 * @throws CodedError report-not-found, report-not-done
 */
export async function getReportResult({ db }: Call, reportId: string): Promise<ReportResult> {
  const report = await db.report.findUnique({ where: { id: reportId } })
  if (!report) throw new CodedError('report-not-found')
  if (report.status !== 'done') throw new CodedError('report-not-done', `The report is ${report.status}.`)
  const groupBy = report.groupBy as GroupBy
  const sums: Sum[] = JSON.parse(report.result ?? '[]')
  return {
    reportId,
    groupBy,
    from: report.from.toISOString(),
    to: report.to.toISOString(),
    rows: sums.map((sum) => ROWS[groupBy](sum)),
  }
}

const ROWS: Record<GroupBy, (sum: Sum) => ReportRow> = {
  day: (sum) => ({ day: sum.key, orders: sum.orders, items: sum.quantity, ...amounts(sum) }),
  product: (sum) => ({
    sku: sum.key,
    name: sum.name ?? '',
    quantity: sum.quantity,
    orders: sum.orders,
    // A refund is for an order as a whole.
    revenue: amounts(sum).revenue,
  }),
  customer: (sum) => ({ userId: sum.key, orders: sum.orders, ...amounts(sum) }),
}

const amounts = ({ revenue, refunded, currency }: Sum) => ({
  revenue: { amount: exact(revenue), currency },
  refunded: { amount: exact(refunded), currency },
})

function exact(text: string): number | bigint {
  const amount = Number(text)
  return Number.isSafeInteger(amount) ? amount : BigInt(text)
}

/** The columns of the CSV; amounts are minor units of `currency`. */
const COLUMNS: Record<GroupBy, string[]> = {
  day: ['day', 'currency', 'orders', 'items', 'revenue', 'refunded'],
  product: ['sku', 'name', 'currency', 'quantity', 'orders', 'revenue'],
  customer: ['userId', 'currency', 'orders', 'revenue', 'refunded'],
}

/** The same rows as CSV, one line for each. */
export function reportCsv({ groupBy, rows }: ReportResult): string {
  const cells = rows.map(
    ({ revenue, refunded, ...rest }): Record<string, string | number | bigint> => ({
      ...rest,
      currency: revenue.currency,
      revenue: revenue.amount,
      refunded: refunded?.amount ?? 0,
    }),
  )
  return toCsv(
    COLUMNS[groupBy],
    cells.map((row) => COLUMNS[groupBy].map((column) => row[column] ?? '')),
  )
}

/** A name for the file that says what is in it, without its ending: sales-by-day-2026-01-01-2026-02-01. */
export const reportFileName = ({ groupBy, from, to }: ReportResult) =>
  `sales-by-${groupBy}-${from.slice(0, 10)}-${to.slice(0, 10)}`
