import { randomUUID } from 'node:crypto'
import t from 'tap'
import { onEachDatabase } from '../support/database.ts'
import { type Credential, PEOPLE, type Service, startService, UNKNOWN_ID } from '../support/service.ts'

const REASON = { reason: 'The lamps arrived broken.' }

interface Asked {
  path: string
  key: { 'idempotency-key': string }
  id: string
  /** Repeats the request. */
  repeat(headers?: object, body?: object, who?: Credential): ReturnType<Service['call']>
}

/** The support person asks for a refund of 149.85, which needs consent. */
async function ask(service: Service, who: Credential = 'support'): Promise<Asked> {
  const order = await service.order('ada', 'LAMP', 3)
  const path = `/orders/${order}/refund`
  const key = { 'idempotency-key': randomUUID() }
  const { status, body, headers } = await service.call(who, 'POST', path, REASON, key)
  t.equal(status, 202)
  t.equal(headers.location, `/api/v1/approvals/${body.id}`)
  return {
    path,
    key,
    id: body.id,
    repeat: (more = { 'approval-id': body.id }, body_ = REASON, by = who) =>
      service.call(by, 'POST', path, body_, { ...key, ...more }),
  }
}

const approve = (service: Service, id: string, who: Credential = 'manager') =>
  service.call(who, 'POST', `/approvals/${id}/approve`, {})

const refunded = async (service: Service) =>
  Number((await service.storage.db.order.aggregate({ _sum: { refundedAmount: true } }))._sum.refundedAmount)

onEachDatabase(t, 'what needs consent waits for it, and is done once', async (t, database) => {
  const service = await startService(t, { database })
  const { id, repeat } = await ask(service)
  t.equal(await refunded(service), 0)

  const { body: seen } = await service.call('manager', 'GET', `/approvals/${id}`)
  t.match(seen, {
    status: 'pending',
    operationId: 'refundOrder',
    reasons: ['large-refunds-need-approval'],
    requestedBy: { userId: PEOPLE.support.id, agentId: null },
    request: { body: REASON },
    effect: { before: { refunded: { amount: 0 } }, after: { refunded: { amount: 14985 } } },
  })
  t.same((await service.call('manager', 'GET', '/approvals?status=pending')).body.items, [seen])

  // Asked again, it still waits: the first answer is not played back for ever.
  t.match(await repeat({}), { status: 202, body: { id, status: 'pending' } })
  t.match(await repeat(), { status: 202, body: { id, status: 'pending' } })
  t.equal((await approve(service, id)).body.status, 'approved')
  t.match(await repeat({}), { status: 202, body: { id, status: 'approved' } })

  const done = await repeat()
  t.match(done, { status: 200, body: { refunded: { amount: 14985 } } })
  t.match(await repeat(), { status: 200, headers: { 'idempotent-replayed': 'true' }, body: done.body })
  t.match(await repeat({}), { status: 200, headers: { 'idempotent-replayed': 'true' }, body: done.body })
  t.equal(await refunded(service), 14985)
  t.match((await service.call('support', 'GET', `/approvals/${id}`)).body, {
    status: 'used',
    decidedBy: PEOPLE.manager.id,
  })
  const trail = await service.storage.db.auditEntry.findMany({
    where: { operationId: 'refundOrder' },
    orderBy: { id: 'asc' },
  })
  t.same(
    trail.map(({ outcome }) => outcome),
    ['approval-requested', 'done', 'replayed', 'replayed'],
  )
  t.same(
    trail.slice(0, 2).map(({ approvalId }) => approvalId),
    [id, id],
  )
})

onEachDatabase(t, 'of many who use an approval at once, one gets it', async (t, database) => {
  const service = await startService(t, { database })
  const { id, path } = await ask(service)
  await approve(service, id)
  const answers = await Promise.all(
    Array.from({ length: 12 }, () =>
      service.call('support', 'POST', path, REASON, { 'approval-id': id, 'idempotency-key': randomUUID() }),
    ),
  )
  t.equal(answers.filter(({ status }) => status === 200).length, 1)
  for (const { status, body } of answers) if (status !== 200) t.match(body, { error: 'approval-used' })
  t.equal(await refunded(service), 14985)
})

t.test('an approval cannot be forged', async (t) => {
  const service = await startService(t)
  const { repeat } = await ask(service)
  for (const forged of [UNKNOWN_ID, randomUUID()]) {
    t.match(await repeat({ 'approval-id': forged }), { status: 403, body: { error: 'approval-invalid' } })
  }
  t.match(await repeat({ 'approval-id': "' OR status = 'approved" }), {
    status: 400,
    body: { errors: [{ pointer: '/header/approval-id' }] },
  })
  t.equal(await refunded(service), 0)
})

t.test('an approval cannot be used twice', async (t) => {
  const service = await startService(t)
  const { id, path, repeat } = await ask(service)
  await approve(service, id)
  t.equal((await repeat()).status, 200)
  const again = { 'approval-id': id, 'idempotency-key': randomUUID() }
  t.match(await service.call('support', 'POST', path, REASON, again), { status: 403, body: { error: 'approval-used' } })
  t.equal(await refunded(service), 14985)
})

t.test('an approval cannot be moved to other parameters', async (t) => {
  const service = await startService(t)
  const { id, path } = await ask(service)
  const other = await service.order('ada', 'LAMP', 4)
  await approve(service, id)
  const use = (where: string, body: object) =>
    service.call('support', 'POST', where, body, { 'approval-id': id, 'idempotency-key': randomUUID() })
  for (const [where, body] of [
    [`/orders/${other}/refund`, REASON],
    [path, { ...REASON, amount: 14984 }],
    [path, { reason: 'Another reason.' }],
    [path.replace('refund', 'cancel'), REASON],
  ] as const) {
    t.match(
      await use(where, body),
      { status: 403, body: { error: 'approval-invalid' } },
      `${where} ${JSON.stringify(body)}`,
    )
  }
  t.equal(await refunded(service), 0)
  t.equal((await use(path, REASON)).status, 200, 'the exact request still may, even with a new key')
})

t.test('an approval cannot be used by another caller', async (t) => {
  const service = await startService(t)
  const { body: key } = await service.call('support', 'POST', '/api-keys', {
    name: 'a',
    scopes: ['*'],
    agentId: 'helper',
  })
  const { id, repeat, path } = await ask(service)
  await approve(service, id)
  for (const who of ['manager', 'admin'] as const) {
    t.match(await repeat({ 'approval-id': id }, REASON, who), { status: 403, body: { error: 'approval-invalid' } }, who)
  }
  const asAgent = { authorization: `Bearer ${key.key}`, 'approval-id': id, 'idempotency-key': randomUUID() }
  t.match((await service.call(undefined, 'POST', path, REASON, asAgent)).body, { error: 'approval-invalid' })
  t.equal(await refunded(service), 0)
})

t.test('an approval cannot be used after it expired, was denied or withdrawn', async (t) => {
  const service = await startService(t)
  const late = await ask(service)
  await approve(service, late.id)
  await service.storage.db.approval.update({ where: { id: late.id }, data: { expiresAt: new Date() } })
  t.match(await late.repeat(), { status: 403, body: { error: 'approval-expired' } })
  t.match(await late.repeat({}), { status: 403, body: { error: 'approval-expired' } })
  t.match((await service.call('manager', 'GET', `/approvals/${late.id}`)).body, { status: 'expired' })
  t.match((await service.call('manager', 'GET', '/approvals?status=expired')).body.items, [{ id: late.id }])
  t.match((await approve(service, late.id)).body, { error: 'approval-not-pending' })

  const denied = await ask(service)
  t.equal((await service.call('manager', 'POST', `/approvals/${denied.id}/deny`, { note: 'No.' })).status, 200)
  t.match(await denied.repeat(), { status: 403, body: { error: 'approval-denied' } })
  t.match(await denied.repeat({}), { status: 403, body: { error: 'approval-denied' } })
  t.match((await approve(service, denied.id)).body, { error: 'approval-not-pending' })

  const withdrawn = await ask(service)
  await approve(service, withdrawn.id)
  t.equal((await service.call('support', 'POST', `/approvals/${withdrawn.id}/cancel`)).status, 200)
  t.match(await withdrawn.repeat(), { status: 403, body: { error: 'approval-denied' } })
  t.equal(await refunded(service), 0)
})

t.test('nobody decides who asked, no agent does, and nobody consents to what they may not do', async (t) => {
  const service = await startService(t)
  const own = await ask(service, 'manager')
  t.match(await approve(service, own.id), { status: 403, body: { error: 'own-approval' } })
  t.equal((await approve(service, own.id, 'admin')).status, 200)

  const { id } = await ask(service)
  const { body: key } = await service.call('manager', 'POST', '/api-keys', {
    name: 'a',
    scopes: ['*'],
    agentId: 'helper',
  })
  const asAgent = { authorization: `Bearer ${key.key}` }
  t.match((await service.call(undefined, 'POST', `/approvals/${id}/approve`, {}, asAgent)).body, {
    error: 'people-only',
  })

  // Deleting a user is for administrators, so a manager cannot consent to it.
  const user = await service.user()
  const { body } = await service.call('admin', 'DELETE', `/users/${user}`, undefined, { 'if-match': '"1"' })
  t.match(await approve(service, body.id), { status: 403, body: { error: 'forbidden' } })
  t.match(await approve(service, body.id, 'admin'), { status: 403, body: { error: 'own-approval' } })
})

t.test('policy is asked again when it runs', async (t) => {
  const service = await startService(t)
  const { id, repeat } = await ask(service)
  await approve(service, id)
  await service.storage.db.user.update({ where: { id: PEOPLE.support.id }, data: { role: 'customer' } })
  t.equal((await repeat()).status, 404, 'a customer does not even see the order')
  await service.storage.db.user.update({ where: { id: PEOPLE.support.id }, data: { role: 'support' } })
  t.equal((await repeat()).status, 200, 'and the approval was not used up')
})

t.test('a high-risk act of an agent waits, the same act of the person does not', async (t) => {
  const service = await startService(t)
  const user = await service.user()
  const { body: key } = await service.call('manager', 'POST', '/api-keys', {
    name: 'a',
    scopes: ['*'],
    agentId: 'helper',
  })
  const headers = { authorization: `Bearer ${key.key}` }
  const asked = await service.call(undefined, 'POST', `/users/${user}/suspend`, undefined, headers)
  t.match(asked, {
    status: 202,
    body: { reasons: ['high-risk-acts-of-agents-need-approval'], requestedBy: { agentId: 'helper' } },
  })
  t.equal((await service.call('manager', 'POST', `/users/${user}/suspend`)).status, 200)
})

t.test('what cannot be done at all asks nobody', async (t) => {
  const service = await startService(t)
  const order = await service.order('ada', 'LAMP', 3)
  const { status, body } = await service.call('support', 'POST', `/orders/${order}/refund`, {
    ...REASON,
    amount: 99_999,
  })
  t.match({ status, body }, { status: 409, body: { error: 'refund-too-large' } })
  t.equal(await service.storage.db.approval.count(), 0)
})

t.test('the same request without a key asks once', async (t) => {
  const service = await startService(t)
  const user = await service.user()
  const remove = () => service.call('admin', 'DELETE', `/users/${user}`, undefined, { 'if-match': '"1"' })
  const [first, second] = [await remove(), await remove()]
  t.equal(first.body.id, second.body.id)
  t.equal(await service.storage.db.approval.count(), 1)
})
