import t from 'tap'
import { PEOPLE, type Service, startService } from '../support/service.ts'

const lamp = { items: [{ sku: 'LAMP', quantity: 2 }] }
const noKey = { 'idempotency-key': undefined }

/** Everything that a request could leave behind, beside the audit trail. */
async function everything({ storage: { db } }: Service) {
  return JSON.stringify(
    [
      await db.user.findMany(),
      await db.product.findMany(),
      await db.order.findMany({ include: { items: true, events: true, refunds: true } }),
      await db.apiKey.findMany({ select: { id: true, revokedAt: true } }),
      await db.message.findMany(),
      await db.approval.findMany(),
      await db.idempotencyKey.findMany(),
    ],
    (_, value) => (typeof value === 'bigint' ? String(value) : value),
  )
}

t.test('a dry run tells the effect, its cost and whether consent is needed, and changes nothing', async (t) => {
  const service = await startService(t)
  const order = await service.order('ada', 'LAMP', 3)
  const before = await everything(service)
  const { status, headers, body } = await service.call(
    'support',
    'POST',
    `/orders/${order}/refund?dryRun=true`,
    { reason: 'r' },
    noKey,
  )
  t.equal(status, 200)
  t.match(headers['content-type'], 'application/vnd.handrail.dry-run+json')
  t.match(body, {
    dryRun: true,
    operationId: 'refundOrder',
    cost: 3,
    risk: 'medium',
    approval: { needed: true, reasons: ['large-refunds-need-approval'] },
    effect: { before: { refunded: { amount: 0 } }, after: { refunded: { amount: 14985 } } },
  })
  const placed = await service.call('ada', 'POST', '/orders?dryRun=true', lamp, noKey)
  t.match(placed.body, {
    approval: { needed: false, reasons: [] },
    effect: { before: null, after: { total: { amount: 9990 } } },
  })
  t.equal(await everything(service), before)
  const trail = await service.storage.db.auditEntry.findMany({ where: { outcome: 'dry-run' } })
  t.same(trail.map(({ operationId }) => operationId).sort(), ['createOrder', 'refundOrder'])
})

t.test('a dry run is refused for what the request would be refused for', async (t) => {
  const service = await startService(t)
  const before = await everything(service)
  const mug = { items: [{ sku: 'MUG', quantity: 2 }] }
  t.match((await service.call('ada', 'POST', '/orders?dryRun=true', mug, noKey)).body, { error: 'insufficient-stock' })
  t.match((await service.call('ada', 'POST', '/orders?dryRun=true', {}, noKey)).body, { error: 'validation-failed' })
  t.match((await service.call('ada', 'POST', '/orders?dryRun=true', { ...lamp, userId: PEOPLE.bob.id }, noKey)).body, {
    error: 'forbidden',
  })
  t.match((await service.call('ada', 'POST', '/orders?dryRun=maybe', lamp, noKey)).body, {
    errors: [{ pointer: '/query/dryRun' }],
  })
  t.match((await service.call('ada', 'PATCH', `/users/${PEOPLE.ada.id}?dryRun=true`, { username: 'x_y_z' })).body, {
    error: 'precondition-required',
  })
  t.equal((await service.call('ada', 'GET', '/orders?dryRun=true')).status, 400, 'a read has nothing to try out')
  t.equal(await everything(service), before)
})

t.test('a dry run shows no key that could be used', async (t) => {
  const service = await startService(t)
  const { body } = await service.call(
    'ada',
    'POST',
    '/api-keys?dryRun=true',
    { name: 'k', scopes: ['order:read'] },
    noKey,
  )
  t.match(body.effect.after, { name: 'k', scopes: ['order:read'] })
  t.notOk('key' in body.effect.after)
})
