import { getReportResult, reportCsv, reportFileName } from '../../../src/domain/report-result.ts'
import { cancelReport, createReport, getReport, listReports, lookAgain } from '../../../src/domain/reports.ts'
import { newOwned, reportResource } from '../../../src/domain/resources.ts'
import { operation } from '../../operation.ts'
import {
  DownloadQuery,
  NewReport,
  Report,
  ReportCsv,
  ReportOrApproval,
  ReportPage,
  ReportPath,
  ReportQuery,
  ReportResult,
} from './schemas.ts'

const reportId = '019a9f6c-6b7c-7d8e-9f0a-1b2c3d4e5f60'
const wanted = { groupBy: 'day' as const, from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' }

const queued = {
  id: reportId,
  status: 'queued' as const,
  ...wanted,
  progress: 0,
  rows: null,
  error: null,
  requestedBy: { userId: '019a0000-0000-7000-8000-000000000002', agentId: null },
  version: 1,
  createdAt: '2026-02-01T12:00:00.000Z',
  updatedAt: '2026-02-01T12:00:00.000Z',
  finishedAt: null,
}
const finished = { version: 4, updatedAt: '2026-02-01T12:00:02.000Z', finishedAt: '2026-02-01T12:00:02.000Z' }
const done = { ...queued, status: 'done' as const, progress: 100, rows: 1, ...finished }
const result = {
  reportId,
  ...wanted,
  rows: [
    {
      day: '2026-01-31',
      orders: 2,
      items: 3,
      revenue: { amount: 14985, currency: 'EUR' },
      refunded: { amount: 4995, currency: 'EUR' },
    },
  ],
}

/** @param perDay how many reports one person may ask for in 24 hours */
export const reportOperations = (perDay: number) => [
  operation({
    method: 'POST',
    path: '/reports',
    operationId: 'createReport',
    tag: 'reports',
    summary: 'Ask for a report of sales',
    description:
      'Sums up the orders of at most 366 days by day, product or customer. Managers only, ten times a minute, ' +
      'one at a time, and so many a day as the operator allows. The report is made in the background: read it with getReport until it is `done`, then use downloadReport. Cancelled orders ' +
      'do not count; each order counts as it is when it is read, and orders placed after the start are not part of it. ' +
      'Not for single orders: use listOrders.',
    action: 'report:create',
    cost: 10,
    risk: 'low',
    perMinute: 10,
    body: NewReport,
    example: { body: { groupBy: 'day', from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' } },
    on: ({ caller }) => newOwned('Report', caller),
    success: {
      status: 202,
      description: 'The report, which is being made; or an approval, where a person has to consent first.',
      schema: ReportOrApproval,
      example: queued,
      location: ({ id }) => `/api/v1/reports/${id}`,
      retryAfter: lookAgain,
    },
    errors: ['report-running'],
    handler: (call, { body }) => createReport(call, body, perDay),
  }),
  operation({
    method: 'GET',
    path: '/reports',
    operationId: 'listReports',
    tag: 'reports',
    summary: 'Find reports',
    description:
      'Lists the reports that were asked for, by anybody, the newest first. Use it to find a report that was made before ' +
      'you ask for the same one again.',
    action: 'report:read',
    cost: 3,
    risk: 'low',
    query: ReportQuery,
    example: { query: { status: 'done' } },
    on: 'list',
    success: {
      status: 200,
      description: 'A page of reports.',
      schema: ReportPage,
      example: { items: [done], nextCursor: null },
    },
    errors: ['invalid-cursor'],
    handler: (call, { query, visible }) => listReports(call, query, visible),
  }),
  operation({
    method: 'GET',
    path: '/reports/:reportId',
    operationId: 'getReport',
    tag: 'reports',
    summary: 'See how far a report is',
    description:
      'Tells the status and the progress of a report. While it is not finished, wait for the seconds in `Retry-After` ' +
      'before you read it again. What it found is in downloadReport.',
    action: 'report:read',
    cost: 1,
    risk: 'low',
    params: ReportPath,
    example: { params: { reportId } },
    on: ({ db }, { params }) => reportResource(db, params.reportId),
    success: { status: 200, description: 'The report.', schema: Report, example: done, retryAfter: lookAgain },
    errors: ['report-not-found'],
    handler: (call, { params }) => getReport(call, params.reportId),
  }),
  operation({
    method: 'POST',
    path: '/reports/:reportId/cancel',
    operationId: 'cancelReport',
    tag: 'reports',
    summary: 'Cancel a report',
    description:
      'Ends a report that is queued or running; nothing of it is kept. Use it when the report is not wanted any more.',
    action: 'report:cancel',
    cost: 2,
    risk: 'low',
    params: ReportPath,
    example: { params: { reportId } },
    on: ({ db }, { params }) => reportResource(db, params.reportId),
    before: (call, { params }) => getReport(call, params.reportId),
    success: {
      status: 200,
      description: 'The cancelled report.',
      schema: Report,
      example: { ...queued, status: 'cancelled' as const, ...finished, version: 2 },
    },
    errors: ['report-not-found', 'report-closed'],
    handler: (call, { params }) => cancelReport(call, params.reportId),
  }),
  operation({
    method: 'GET',
    path: '/reports/:reportId/download',
    operationId: 'downloadReport',
    tag: 'reports',
    summary: 'Get the rows of a report',
    description:
      'Returns what a report found, once it is `done`: as JSON, or as CSV for a spreadsheet. It holds the ids of users ' +
      'and no other personal data. One row for each key and currency; amounts are minor units.',
    action: 'report:read',
    cost: 5,
    risk: 'low',
    params: ReportPath,
    query: DownloadQuery,
    example: { params: { reportId } },
    on: ({ db }, { params }) => reportResource(db, params.reportId),
    success: {
      status: 200,
      description: 'The rows, as a file to be saved.',
      schema: ReportResult,
      example: result,
      also: {
        type: 'text/csv',
        schema: ReportCsv,
        example: reportCsv(result),
        wanted: ({ format }) => format === 'csv',
        write: reportCsv,
      },
      fileName: reportFileName,
    },
    errors: ['report-not-found', 'report-not-done'],
    handler: (call, { params }) => getReportResult(call, params.reportId),
  }),
]
