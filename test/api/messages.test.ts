import t, { type Test } from 'tap'
import { createDeliveries } from '../../src/work/deliver.ts'
import { createSenders, NOTHING_SET_UP } from '../../src/work/deliveries/deliveries.ts'
import { onQuickest } from '../support/database.ts'
import { startReceiver, until } from '../support/receiver.ts'
import { PEOPLE, type Service, startService } from '../support/service.ts'

/** Has the service send what it holds. */
function deliver(t: Test, { services }: Service, settings = NOTHING_SET_UP): void {
  const { storage, queue, vault } = services
  createDeliveries(storage, queue, createSenders(settings, vault).senders, {
    backoff: { baseMs: 10, capMs: 50 },
    mostAttempts: 2,
    report: (error) => t.fail('work failed', { error }),
  }).start()
}

const status = async ({ call }: Service, id: string) => (await call('support', 'GET', `/messages/${id}`)).body.status

onQuickest(t, 'a message to the team is in its inbox a moment later', async (t, database) => {
  const service = await startService(t, { database })
  deliver(t, service)
  const about = { type: 'product', id: 'LAMP' }
  const sent = await service.call('support', 'POST', '/messages', { channel: 'team', text: 'Grüße <b>', about })
  t.equal(sent.status, 201)
  t.equal(sent.headers.location, `/api/v1/messages/${sent.body.id}`)
  t.match(sent.body, { status: 'delivered', attempts: 0, sentBy: { userId: PEOPLE.support.id, agentId: null } })
  const { body } = await service.call('manager', 'GET', '/messages?channel=team&status=delivered')
  t.same(body.items, [sent.body])
  t.same((await service.call('manager', 'GET', '/messages?channel=events')).body.items, [])
})

t.test('an event of the service is read like a message', async (t) => {
  const service = await startService(t)
  deliver(t, service)
  const orderId = await service.order('ada')
  await until('it is delivered', async () => {
    const { body } = await service.call('support', 'GET', '/messages?channel=events&status=delivered')
    return body.items.length > 0
  })
  const { items } = (await service.call('support', 'GET', '/messages?channel=events')).body
  t.match(items[0], { event: 'order.placed', sentBy: { userId: PEOPLE.ada.id } })
  t.match(items[0].text, new RegExp(orderId))
  // What an event tells of a customer is for the team.
  t.match((await service.call('ada', 'GET', `/messages/${items[0].id}`)).body, { error: 'message-not-found' })
})

t.test('a message outside the team waits for a person, and is sent once with the approval', async (t) => {
  const receiver = await startReceiver(t, () => ({ status: 200 }))
  const settings = { ...NOTHING_SET_UP, webhookHosts: [receiver.host] }
  const service = await startService(t, { deliveries: settings })
  const { call } = service
  deliver(t, service, settings)
  const target = `${receiver.url}/`
  await call('admin', 'POST', '/channels', { id: 'partner', kind: 'webhook', name: 'Partner', team: false, target })
  const scopes = ['channel:read', 'message:send', 'message:read', 'approval:read']
  const { body: key } = await call('support', 'POST', '/api-keys', { name: 'agent', agentId: 'helper', scopes })
  const headers = { authorization: `Bearer ${key.key}`, 'idempotency-key': 'a-key-for-this-message' }
  const text = { channel: 'partner', text: 'The lamps are late.' }
  const asked = await call('support', 'POST', '/messages', text, headers)
  t.equal(asked.status, 202)
  t.match(asked.body, {
    status: 'pending',
    action: 'message:send',
    reasons: ['messages-outside-the-team-need-approval'],
    requestedBy: { agentId: 'helper' },
    effect: { before: null, after: { channel: 'partner', text: 'The lamps are late.' } },
  })
  t.equal(await service.storage.db.message.count(), 0, 'nothing is queued meanwhile')
  t.equal((await call('manager', 'POST', `/approvals/${asked.body.id}/approve`, {})).status, 200)
  const approved = { ...headers, 'approval-id': asked.body.id }
  const sent = await call('support', 'POST', '/messages', text, approved)
  t.equal(sent.status, 201)
  t.match(sent.body, { sentBy: { userId: PEOPLE.support.id, agentId: 'helper' } })
  t.same((await call('support', 'POST', '/messages', text, approved)).body, sent.body)
  await until('it is delivered', async () => (await status(service, sent.body.id)) === 'delivered')
  t.equal(receiver.received.length, 1)
  t.match(JSON.parse(receiver.received[0]?.text ?? ''), { data: { text: 'The lamps are late.' } })
})

t.test('dead letters are seen by administrators, and tried again when they say so', async (t) => {
  let mended = false
  const receiver = await startReceiver(t, () => ({ status: mended ? 200 : 503, body: 'the reason is s3cret' }))
  const settings = { ...NOTHING_SET_UP, webhookHosts: [receiver.host] }
  const service = await startService(t, { deliveries: settings })
  const { call } = service
  deliver(t, service, settings)
  await call('admin', 'POST', '/channels', {
    id: 'partner',
    kind: 'webhook',
    name: 'Partner',
    team: true,
    target: receiver.url,
  })
  const id = await service.message('partner')
  await until('it is given up', async () => (await status(service, id)) === 'failed')
  const { body } = await call('admin', 'GET', '/dead-letters')
  t.match(body.items, [{ id, status: 'failed', attempts: 2, error: 'The receiver failed (503).', nextAttemptAt: null }])
  t.notMatch(JSON.stringify([body, service.log]), /s3cret/)
  mended = true
  const key = { 'idempotency-key': 'a-key-that-is-sent-twice' }
  const retried = await call('admin', 'POST', `/dead-letters/${id}/retry`, undefined, key)
  t.match(retried.body, { status: 'queued', attempts: 0 })
  await until('it is delivered', async () => (await status(service, id)) === 'delivered')
  const repeated = await call('admin', 'POST', `/dead-letters/${id}/retry`, undefined, key)
  t.same(repeated.body, retried.body, 'repeated with its key, it gets its answer')
  t.match((await call('admin', 'POST', `/dead-letters/${id}/retry`)).body, { error: 'dead-letter-not-found' })
  t.same((await call('admin', 'GET', '/dead-letters')).body.items, [])
})

t.test('a dry run sends nothing, and shows what it would send', async (t) => {
  const service = await startService(t)
  const text = { channel: 'team', text: 'Only a try.' }
  const { body } = await service.call('support', 'POST', '/messages?dryRun=true', text)
  t.match(body, { dryRun: true, approval: { needed: false }, effect: { after: { ...text, status: 'delivered' } } })
  t.equal(await service.storage.db.message.count(), 0)
})

t.test('lists of messages are paged, and keep to their filters', async (t) => {
  const service = await startService(t)
  const ids: string[] = []
  for (let index = 0; index < 3; index++) ids.unshift(await service.message())
  const first = (await service.call('support', 'GET', '/messages?channel=team&limit=2')).body
  const rest = (await service.call('support', 'GET', `/messages?channel=team&limit=2&cursor=${first.nextCursor}`)).body
  t.same(
    [...first.items, ...rest.items].map(({ id }: { id: string }) => id),
    ids,
  )
  t.equal(rest.nextCursor, null)
  t.same((await service.call('support', 'GET', '/messages?status=failed')).body.items, [])
})
