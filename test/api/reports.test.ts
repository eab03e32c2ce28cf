import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { workReports } from '../../src/work/reports.ts'
import { onEachDatabase, onQuickest } from '../support/database.ts'
import { addSales, HOUR, until } from '../support/sales.ts'
import {
  type Credential,
  PEOPLE,
  type Service,
  type ServiceOptions,
  startService,
  UNKNOWN_ID,
} from '../support/service.ts'

const january = { groupBy: 'day', from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' }

/** The service with its worker, and with orders of the first days of January. */
async function start(t: Test, options: ServiceOptions & { orders?: number } = {}) {
  const service = await startService(t, options)
  const { orders = 50 } = options
  if (orders > 0) await addSales(service.storage, orders)
  workReports(service.storage, service.services.queue, { chunk: 20 })
  return service
}

async function done(service: Service, id: string, who: Credential = 'manager') {
  return until(async () => {
    const { body } = await service.call(who, 'GET', `/reports/${id}`)
    return body.finishedAt !== null && body
  })
}

await onEachDatabase(t, 'a report is asked for, made in the background, and downloaded', async (t, database) => {
  const service = await start(t, { database })
  const asked = await service.call('manager', 'POST', '/reports', january)
  t.equal(asked.status, 202)
  t.equal(asked.headers.location, `/api/v1/reports/${asked.body.id}`)
  t.equal(asked.headers['retry-after'], '2')
  t.strictSame(asked.body, {
    id: asked.body.id,
    status: 'queued',
    groupBy: 'day',
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-02-01T00:00:00.000Z',
    progress: 0,
    rows: null,
    error: null,
    requestedBy: { userId: PEOPLE.manager.id, agentId: null },
    version: 1,
    createdAt: asked.body.createdAt,
    updatedAt: asked.body.createdAt,
    finishedAt: null,
  })
  const report = await done(service, asked.body.id)
  t.match(report, { status: 'done', progress: 100, error: null })
  const { body, headers } = await service.call('manager', 'GET', `/reports/${report.id}/download`)
  t.equal(body.rows.length, report.rows)
  t.equal(
    headers['content-disposition'],
    'attachment; filename="sales-by-day-2026-01-01-2026-02-01.json"',
    'a file with a name of its own',
  )
  const again = await service.call('manager', 'GET', `/reports/${report.id}`)
  t.equal(again.headers['retry-after'], undefined, 'what is finished needs no second look')
  const orders = await service.storage.db.order.count({ where: { status: { not: 'cancelled' } } })
  t.equal(
    body.rows.reduce((sum: number, row: { orders: number }) => sum + row.orders, 0),
    orders,
  )
})

await onQuickest(t, 'a report is cancelled once, and not when it is finished', async (t, database) => {
  const service = await startService(t, { database })
  const { id } = (await service.call('manager', 'POST', '/reports', january)).body
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => service.call('admin', 'POST', `/reports/${id}/cancel`)),
  )
  t.same(answers.map(({ status }) => status).sort(), [200, 409, 409, 409, 409])
  const refused = answers.find(({ status }) => status === 409)
  t.match(refused?.body, { error: 'report-closed', message: 'The report is cancelled.' })
  workReports(service.storage, service.services.queue)
  const other = (await service.call('manager', 'POST', '/reports', january)).body
  t.match(await done(service, other.id), { status: 'done' }, 'the worker came past the cancelled one')
  t.match((await service.call('manager', 'GET', `/reports/${id}`)).body, { status: 'cancelled', rows: null })
  t.match((await service.call('manager', 'POST', `/reports/${other.id}/cancel`)).body, {
    error: 'report-closed',
    message: 'The report is done.',
  })
})

await onQuickest(t, 'a repeated request asks for one report and does not count twice', async (t, database) => {
  const service = await startService(t, { database })
  const key = { 'idempotency-key': randomUUID() }
  const ask = (headers = {}) => service.call('manager', 'POST', '/reports', january, headers)
  const first = await ask(key)
  for (let index = 0; index < 12; index++) {
    const again = await ask(key)
    t.strictSame([again.status, again.body], [202, first.body])
    t.equal(again.headers['idempotent-replayed'], 'true')
    t.equal(again.headers['retry-after'], '2')
  }
  await service.storage.db.report.updateMany({ data: { status: 'done' } })
  for (let index = 0; index < 12; index++) {
    const { status, body } = await service.call('manager', 'POST', '/reports?dryRun=true', january)
    t.equal(status, 200)
    t.match(body.effect, { before: null, after: { status: 'queued' } })
  }
  t.equal(await service.storage.db.report.count(), 1)
  const open = await service.storage.sql("SELECT 1 FROM jobs.job WHERE name = 'reports'")
  t.equal(open.length, 1, 'a dry run leaves no job behind')
})

t.test('each grouping has its own columns, as JSON and as CSV', async (t) => {
  const service = await start(t, { orders: 0 })
  const { db } = service.storage
  await service.order('ada', 'LAMP', 2)
  await service.order('bob', 'FAN', 1)
  const gone = await service.order('ada', 'MUG', 1)
  await service.call('ada', 'POST', `/orders/${gone}/cancel`, { reason: 'r' })
  await db.order.updateMany({ where: { userId: PEOPLE.ada.id }, data: { refundedAmount: 995n } })
  const today = (await db.order.findFirstOrThrow()).createdAt.toISOString().slice(0, 10)
  const tomorrow = new Date(Date.parse(today) + 48 * HOUR).toISOString()
  const lamp = { amount: 9990, currency: 'EUR' }
  const fan = { amount: 3000, currency: 'JPY' }
  const back = { amount: 995, currency: 'EUR' }
  const none = { amount: 0, currency: 'JPY' }
  const { ada, bob } = PEOPLE
  const expected = {
    day: [
      [
        { day: today, orders: 1, items: 2, revenue: lamp, refunded: back },
        { day: today, orders: 1, items: 1, revenue: fan, refunded: none },
      ],
      `day,currency,orders,items,revenue,refunded\r\n${today},EUR,1,2,9990,995\r\n${today},JPY,1,1,3000,0\r\n`,
    ],
    product: [
      [
        { sku: 'FAN', name: 'Fan', orders: 1, quantity: 1, revenue: fan },
        { sku: 'LAMP', name: 'Lamp', orders: 1, quantity: 2, revenue: lamp },
      ],
      'sku,name,currency,quantity,orders,revenue\r\nFAN,Fan,JPY,1,1,3000\r\nLAMP,Lamp,EUR,2,1,9990\r\n',
    ],
    customer: [
      [
        { userId: ada.id, orders: 1, revenue: lamp, refunded: back },
        { userId: bob.id, orders: 1, revenue: fan, refunded: none },
      ],
      `userId,currency,orders,revenue,refunded\r\n${ada.id},EUR,1,9990,995\r\n${bob.id},JPY,1,3000,0\r\n`,
    ],
  }
  for (const [groupBy, [rows, csv]] of Object.entries(expected)) {
    const wanted = { groupBy, from: `${today}T00:00:00Z`, to: tomorrow }
    const { body: report } = await service.call('manager', 'POST', '/reports', wanted)
    await done(service, report.id)
    const json = await service.call('manager', 'GET', `/reports/${report.id}/download`)
    t.strictSame(json.body.rows, rows, groupBy)
    t.match(json.body, { reportId: report.id, groupBy })
    const text = await service.call('manager', 'GET', `/reports/${report.id}/download?format=csv`)
    t.equal(text.body, csv)
    t.equal(text.headers['content-type'], 'text/csv; charset=utf-8')
    t.match(text.headers['content-disposition'], /^attachment; filename="sales-by-[a-z0-9-]+\.csv"$/)
    t.ok(text.headers.etag !== json.headers.etag, 'the two forms have tags of their own')
    const { status } = await service.call('manager', 'GET', `/reports/${report.id}/download?format=csv`, undefined, {
      'if-none-match': text.headers.etag,
    })
    t.equal(status, 304)
  }
})

t.test('a name that a spreadsheet would carry out comes out as text', async (t) => {
  const service = await start(t, { orders: 0 })
  const name = '=HYPERLINK("http://evil.example","Lamp, cheap")'
  await service.storage.db.product.update({ where: { sku: 'LAMP' }, data: { name } })
  await service.order('ada')
  const to = new Date(Date.now() + HOUR).toISOString()
  const wanted = { groupBy: 'product', from: new Date(Date.now() - HOUR).toISOString(), to }
  const { id } = (await service.call('manager', 'POST', '/reports', wanted)).body
  await done(service, id)
  const csv = (await service.call('manager', 'GET', `/reports/${id}/download?format=csv`)).body
  t.ok(csv.includes(`LAMP,"'=HYPERLINK(""http://evil.example"",""Lamp, cheap"")",EUR,1,1,4995\r\n`), csv)
  const json = (await service.call('manager', 'GET', `/reports/${id}/download`)).body
  t.equal(json.rows[0].name, name, 'JSON needs no such thing')
})

t.test('sums that no number of JavaScript holds keep their last digit', async (t) => {
  const service = await start(t, { orders: 400 })
  const wanted = { ...january, groupBy: 'customer' }
  const { id } = (await service.call('manager', 'POST', '/reports', wanted)).body
  await done(service, id)
  const { payload } = await service.app.inject({
    url: `/api/v1/reports/${id}/download`,
    headers: { authorization: `Bearer ${service.keys.manager}` },
  })
  const rows = await service.storage.sql<{ revenue: string }>(
    `SELECT sum(total_amount)::text AS revenue FROM orders WHERE status <> 'cancelled' GROUP BY user_id, currency`,
  )
  for (const { revenue } of rows) t.ok(payload.includes(`"amount":${revenue},`), revenue)
  t.ok(rows.some(({ revenue }) => BigInt(revenue) > BigInt(Number.MAX_SAFE_INTEGER)))
})

t.test('a person may ask ten times a minute, with all their agents', async (t) => {
  const service = await startService(t)
  const scopes = ['report:create', 'report:read']
  const { body: agent } = await service.call('manager', 'POST', '/api-keys', { name: 'a', scopes, agentId: 'analyst' })
  const ask = (who: Credential, headers = {}) => service.call(who, 'POST', '/reports', january, headers)
  for (let count = 0; count < 10; count++) {
    t.equal((await ask('manager')).status, 202)
    await service.storage.db.report.updateMany({ data: { status: 'done' } })
  }
  const refused = await ask('manager')
  t.equal(refused.status, 429)
  t.match(refused.body, {
    error: 'quota-exceeded',
    retryable: true,
    message: 'The quota "createReport" (10 in 60 s) is used up.',
    'violated-policies': ['createReport'],
  })
  t.ok(Number(refused.headers['retry-after']) > 1)
  t.equal((await ask('admin')).status, 202, 'another person')
  t.equal((await ask('manager', { authorization: `Bearer ${agent.key}` })).status, 429, 'an agent of the same person')
  t.equal((await service.call('manager', 'GET', '/reports')).status, 200, 'other operations')
  t.equal((await ask('ada')).status, 403)
  t.equal(await service.storage.db.report.count(), 11)
  const operation = service.document.paths['/api/v1/reports']?.post
  t.equal(operation?.['x-per-minute'], 10)
})

t.test('where policy wants consent, the approval comes whole, and then the report', async (t) => {
  const service = await startService(t, {
    replace: ({ policy }) => ({
      policy: {
        ...policy,
        check: async (caller, action, resource, context) =>
          action === 'report:create' && caller.userId === PEOPLE.manager.id && !context?.approved
            ? { allow: false, code: 'approval-required', policies: ['reports-need-approval'] }
            : policy.check(caller, action, resource, context),
      },
    }),
  })
  const key = { 'idempotency-key': randomUUID() }
  const waiting = await service.call('manager', 'POST', '/reports', january, key)
  t.equal(waiting.status, 202)
  t.equal(waiting.headers.location, `/api/v1/approvals/${waiting.body.id}`)
  t.equal(waiting.headers['retry-after'], '30')
  const read = await service.call('manager', 'GET', `/approvals/${waiting.body.id}`)
  t.strictSame(waiting.body, read.body, 'not a member is lost')
  await service.call('admin', 'POST', `/approvals/${waiting.body.id}/approve`, {})
  const headers = { ...key, 'approval-id': waiting.body.id }
  const made = await service.call('manager', 'POST', '/reports', january, headers)
  t.equal(made.headers.location, `/api/v1/reports/${made.body.id}`)
  t.strictSame(made.body, (await service.call('manager', 'GET', `/reports/${made.body.id}`)).body)
})

// The rest shares one service: nothing of it stands in the way of another.
const service = await startService(t)

/** A person has one report made at a time. */
const finish = () => service.storage.db.report.updateMany({ data: { status: 'done' } })

t.test('a list shows the newest first, by status, page by page', async (t) => {
  const ids: string[] = []
  for (let index = 0; index < 5; index++) {
    ids.unshift((await service.call('admin', 'POST', '/reports', january)).body.id)
    await finish()
  }
  await service.storage.db.report.update({ where: { id: ids[2] as string }, data: { status: 'queued' } })
  await service.call('manager', 'POST', `/reports/${ids[2]}/cancel`)
  const seen: string[] = []
  let cursor = ''
  do {
    const { body } = await service.call('admin', 'GET', `/reports?limit=2${cursor && `&cursor=${cursor}`}`)
    seen.push(...body.items.map(({ id }: { id: string }) => id))
    cursor = body.nextCursor
  } while (cursor)
  t.same(seen, ids)
  const { body } = await service.call('admin', 'GET', '/reports?status=cancelled')
  t.match(body.items, [{ id: ids[2], status: 'cancelled' }])
})

t.test('a period that makes no sense is refused, and the field named', async (t) => {
  const ask = (change: object) => service.call('manager', 'POST', '/reports', { ...january, ...change })
  for (const [change, pointer] of [
    [{ to: january.from }, '/body/to'],
    [{ to: '2025-12-31T00:00:00Z' }, '/body/to'],
    [{ to: '2027-01-03T00:00:00Z' }, '/body/to'],
    [{ from: 'January' }, '/body/from'],
    [{ from: '2026-06-30T23:59:60Z' }, '/body/from'],
    [{ to: undefined }, '/body/to'],
    [{ groupBy: 'user' }, '/body/groupBy'],
    [{ format: 'csv' }, '/body/format'],
  ] as const) {
    const { status, body } = await ask(change)
    t.equal(status, 400, JSON.stringify(change))
    t.match(body, { error: 'validation-failed', errors: [{ pointer }] })
  }
  t.equal((await ask({ from: '2026-01-01T01:00:00+01:00', to: '2027-01-02T00:00:00Z' })).status, 202, '366 days')
})

t.test('a report that is not done cannot be downloaded', async (t) => {
  await finish()
  const { id } = (await service.call('manager', 'POST', '/reports', january)).body
  const { status, body } = await service.call('manager', 'GET', `/reports/${id}/download?format=csv`)
  t.equal(status, 409)
  t.match(body, { error: 'report-not-done', message: 'The report is queued.' })
})

t.test('who is refused is not counted: the limit comes after the rights', async (t) => {
  for (let index = 0; index < 12; index++) {
    t.equal((await service.call('support', 'POST', '/reports', january)).body.error, 'forbidden')
    t.equal((await service.call(undefined, 'POST', '/reports', january)).body.error, 'unauthenticated')
  }
})

t.test('customers and support learn nothing of reports', async (t) => {
  await finish()
  const { id } = (await service.call('manager', 'POST', '/reports', january)).body
  for (const who of ['ada', 'support'] as const) {
    t.equal((await service.call(who, 'POST', '/reports', january)).status, 403)
    t.equal((await service.call(who, 'GET', '/reports')).status, 403)
    for (const report of [id, UNKNOWN_ID]) {
      t.equal((await service.call(who, 'GET', `/reports/${report}`)).body.error, 'report-not-found')
      t.equal((await service.call(who, 'GET', `/reports/${report}/download`)).body.error, 'report-not-found')
      t.equal((await service.call(who, 'POST', `/reports/${report}/cancel`)).body.error, 'report-not-found')
    }
  }
})

t.test('progress never goes beyond what is done', async (t) => {
  await finish()
  const { id } = (await service.call('manager', 'POST', '/reports', january)).body
  const show = async (data: object) => {
    await service.storage.db.report.update({ where: { id }, data })
    return (await service.call('manager', 'GET', `/reports/${id}`)).body.progress
  }
  t.equal(await show({ status: 'running', done: 0, total: 0 }), 0)
  t.equal(await show({ done: 1, total: 3 }), 33)
  t.equal(await show({ done: 5, total: 3 }), 99)
  t.equal(await show({ status: 'done' }), 100)
})
