import { join } from 'node:path'
import { startAdapter } from '@handrail/mcp-adapter'
import pino from 'pino'
import t from 'tap'
import { connect } from '../../mcp-adapter/test/clients/connect.ts'
import { FLAVOURS, type TestClient } from '../../mcp-adapter/test/clients/face.ts'
import { ROOT } from '../../src/root.ts'
import { type Service, startService } from '../support/service.ts'

const REASON = 'The lamps arrived broken.'

/** The service and the adapter in front of it, each on a port of its own. */
async function start(t: Parameters<typeof startService>[0]) {
  const service = await startService(t)
  const adapter = await startAdapter({
    configFile: join(ROOT, 'mcp-adapter', 'tools.yaml'),
    apiUrl: await service.app.listen({ port: 0 }),
    port: 0,
    log: pino({ level: 'silent' }),
  })
  t.teardown(() => adapter.close())
  const { body } = await service.call('support', 'POST', '/api-keys', { name: 'a', scopes: ['*'], agentId: 'helper' })
  return { service, url: adapter.url, agentKey: body.key as string }
}

/** What a tool said: the structured body, which older clients find as text when it is an error. */
// biome-ignore lint/suspicious/noExplicitAny: bodies of every shape
function said({ structuredContent, content }: Awaited<ReturnType<TestClient['call']>>): any {
  const texts = content.flatMap((part) => (part.type === 'text' ? [(part as { text: string }).text] : []))
  return structuredContent ?? JSON.parse(texts.find((text) => text.startsWith('{')) ?? '{}')
}

async function ask(service: Service, client: TestClient) {
  const orderId = await service.order('ada', 'LAMP', 3)
  const asked = await client.call('refund_order', { orderId, reason: REASON })
  t.notOk(asked.isError, 'waiting is no error')
  const { id, idempotency_key, status } = said(asked)
  t.equal(status, 'pending')
  const exact = { orderId, reason: REASON, approval_id: id, idempotency_key }
  return { id: id as string, exact }
}

const approve = (service: Service, id: string) => service.call('manager', 'POST', `/approvals/${id}/approve`, {})

async function refunded({ storage }: Service): Promise<number> {
  return Number((await storage.db.order.aggregate({ _sum: { refundedAmount: true } }))._sum.refundedAmount)
}

for (const flavour of FLAVOURS) {
  t.test(`over MCP (${flavour}) an approval is waited for, told and used once`, async (t) => {
    const { service, url, agentKey } = await start(t)
    const client = await connect(t, url, flavour, agentKey)
    const { id, exact } = await ask(service, client)
    t.match(said(await client.call('get_approval', { approvalId: id })), { id, status: 'pending' })
    t.match(said(await client.call('refund_order', exact)), { id, status: 'pending' }, 'it still waits')
    t.equal((await approve(service, id)).status, 200)
    t.match(said(await client.call('get_approval', { approvalId: id })), { id, status: 'approved' })
    t.match(said(await client.call('refund_order', exact)), { refunded: { amount: 14985 } })
    t.match(said(await client.call('refund_order', exact)), { refunded: { amount: 14985 } }, 'a repeat gets the answer')
    const { idempotency_key: _, ...anew } = exact
    t.match(said(await client.call('refund_order', anew)), { error: 'approval-used' })
    t.equal(await refunded(service), 14985)
    t.equal(await service.storage.db.refund.count(), 1)
  })
}

t.test('over MCP an approval cannot be forged, moved, lent or used too late', async (t) => {
  const { service, url, agentKey } = await start(t)
  const client = await connect(t, url, 'v2-modern', agentKey)
  const { id, exact } = await ask(service, client)
  const other = await service.order('ada', 'LAMP', 4)

  const forged = { ...exact, approval_id: '019a0000-0000-7000-8000-0000000000aa' }
  t.match(said(await client.call('refund_order', forged)), { error: 'approval-invalid' }, 'forged')
  await approve(service, id)
  const { idempotency_key: _, ...bare } = exact
  for (const moved of [{ orderId: other }, { reason: 'Another reason.' }, { amount: 14984 }]) {
    t.match(said(await client.call('refund_order', { ...bare, ...moved })), { error: 'approval-invalid' }, 'moved')
  }
  const person = await connect(t, url, 'v2-modern', service.keys.support)
  t.match(said(await person.call('refund_order', bare)), { error: 'approval-invalid' }, 'the agent’s own person')
  const manager = await connect(t, url, 'v2-modern', service.keys.manager)
  t.match(said(await manager.call('refund_order', bare)), { error: 'approval-invalid' }, 'another person')
  await service.storage.db.approval.update({ where: { id }, data: { expiresAt: new Date() } })
  t.match(said(await client.call('refund_order', exact)), { error: 'approval-expired' }, 'too late')
  t.equal(await refunded(service), 0)

  const { tools } = { tools: await client.list() }
  t.notOk(
    tools.some(({ name }) => /^(approve|deny)/.test(name)),
    'no agent is shown a way to decide',
  )
})
