import { type Static, Type } from '@sinclair/typebox'
import { Approval } from '../approvals/schemas.ts'
import { Sku } from '../products/schemas.ts'
import { closed, freeText, Id, nullable, oneOf, pageOf, pageQuery, ref, Time, Total, Version } from '../schemas.ts'

const GROUPS = ['day', 'product', 'customer'] as const
const STATUSES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const

const groupBy = oneOf(GROUPS, { description: 'What there is a row for: each day in UTC, product or customer.' })
const from = (more: object) => Type.String({ ...Time, ...more, description: 'Orders placed at this time or later.' })
const to = (more: object) => Type.String({ ...Time, ...more, description: 'Orders placed before this time.' })
const count = (description: string) => Type.Integer({ minimum: 0, description })

export const Report = Type.Object(
  {
    id: Id,
    status: oneOf(STATUSES, { description: 'Where it stands. `done`, `failed` and `cancelled` are final.' }),
    groupBy,
    from: from({}),
    to: to({}),
    progress: Type.Integer({ minimum: 0, maximum: 100, description: 'Per cent; 100 means that it is done.' }),
    rows: nullable(count('How many rows it has; null until it is done.')),
    error: nullable(Type.String(freeText), 'Why it failed; null where it did not.'),
    requestedBy: Type.Object({
      userId: Type.String({ ...Id, description: 'Who asked; with an agent, the person it acts for.' }),
      agentId: nullable(Type.String(), 'The agent that asked; null where the person did.'),
    }),
    version: Version,
    createdAt: Time,
    updatedAt: Time,
    finishedAt: nullable(Time, 'When it was done, failed or was cancelled.'),
  },
  { $id: 'Report', description: 'A report of sales that is made in the background.' },
)

export const NewReport = closed(
  { groupBy, from: from({}), to: to({}) },
  { $id: 'NewReport', description: 'A report to make: of the orders of at most 366 days.' },
)

/**
 * Both are 202: the report that is being made, or, where policy wants it, the approval that it waits for. Their
 * required members have nothing but id, status, version and times in common, so every body fits one of them.
 */
export const ReportOrApproval = Type.Unsafe<Static<typeof Report>>({
  $id: 'ReportOrApproval',
  description: 'The report; or the approval (it has an `operationId`) where a person has to consent first.',
  anyOf: [ref(Report), ref(Approval)],
})

/** As wide as the sums: a total may be larger than a number of JavaScript holds exactly. */
const sum = () => Type.Unsafe<{ amount: number | bigint; currency: string }>(ref(Total))

export const ReportResult = Type.Object(
  {
    reportId: Id,
    groupBy,
    from: from({}),
    to: to({}),
    rows: Type.Array(
      Type.Object({
        day: Type.Optional(Type.String({ format: 'date', description: 'With `day`: the day in UTC.' })),
        sku: Type.Optional(Sku),
        name: Type.Optional(Type.String({ description: 'With `product`: its name in the newest order.', ...freeText })),
        userId: Type.Optional(Type.String({ ...Id, description: 'With `customer`: who ordered.' })),
        orders: count('Orders, without cancelled ones.'),
        items: Type.Optional(count('With `day`: pieces sold.')),
        quantity: Type.Optional(count('With `product`: pieces sold.')),
        revenue: sum(),
        refunded: Type.Optional(sum()),
      }),
      { description: 'One row for each key and currency, in that order.' },
    ),
  },
  {
    $id: 'ReportResult',
    description:
      'The rows of a report. `revenue` is what was ordered, without cancelled orders and before refunds; `refunded` is ' +
      'what went back of it, and is not known by product.',
  },
)

export const ReportCsv = Type.String({
  $id: 'ReportCsv',
  ...freeText,
  description:
    'CSV (RFC 4180) with a header row. Amounts are minor units of the currency in the row. Text that a spreadsheet ' +
    'would take for a formula has an apostrophe in front.',
})

export const ReportPage = pageOf(Report, 'ReportPage')
export const ReportPath = closed({ reportId: Id })
export const ReportQuery = closed({
  status: Type.Optional(oneOf(STATUSES, { description: 'Only reports with this status.' })),
  ...pageQuery,
})
export const DownloadQuery = closed({
  format: Type.Optional(oneOf(['json', 'csv'], { description: 'JSON where it is left out.' })),
})

export const reportSchemas = [Report, NewReport, ReportOrApproval, ReportResult, ReportCsv, ReportPage]
