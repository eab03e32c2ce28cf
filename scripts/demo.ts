// The main job as a story: a customer orders over REST, an agent looks the order up and cancels it over MCP, and a
// forbidden act is refused; a retry does nothing twice, and a large refund waits for a person. It runs on a database of its own and exits non-zero when anything is not as told.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { type Holder, type RunningService, startProcess } from './support/running-service.ts'

// biome-ignore lint/suspicious/noExplicitAny: the story looks into answers of every shape
type Json = any

const say = (text: string) => process.stdout.write(`${text}\n`)
const show = (value: unknown) => say(JSON.stringify(value, null, 2).replaceAll(/^/gm, '    '))

async function rest(
  service: RunningService,
  who: Holder,
  method: string,
  path: string,
  body?: object,
  key = randomUUID(),
): Promise<Json> {
  say(`\n  ${who}> ${method} ${path}`)
  if (body) show(body)
  const response = await fetch(`${service.api}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${service.keys[who]}`,
      ...(body && { 'content-type': 'application/json' }),
      ...(method === 'POST' && { 'idempotency-key': key }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const answer = await response.json()
  say(`  <  ${response.status}`)
  show(answer)
  return { status: response.status, answer, replayed: response.headers.get('idempotent-replayed') === 'true' }
}

async function tool(client: Client, name: string, args: object): Promise<Json> {
  say(`\n  agent> tools/call ${name}`)
  show(args)
  const result: Json = await client.callTool({ name, arguments: { ...args } })
  say(`  <  ${result.isError ? 'error' : 'done'}`)
  show(result.structuredContent ?? result.content)
  return result
}

async function play(service: RunningService): Promise<void> {
  say('\n1. A customer finds a product and orders it, over REST.')
  const { answer: found } = await rest(service, 'customer', 'GET', '/api/v1/products?search=mug&limit=1')
  const [product] = found.items
  assert.ok(product, 'there is a mug in the shop')
  const items = [{ sku: product.sku, quantity: 2 }]
  const key = randomUUID()
  const { status, answer: order } = await rest(service, 'customer', 'POST', '/api/v1/orders', { items }, key)
  assert.equal(status, 201)
  assert.equal(order.total.amount, 2 * product.price.amount, 'the service sets the price')

  say('\n2. An agent of the support team connects over MCP. It sees the tools that it may use, and no others.')
  const client = new Client({ name: 'demo', version: '1.0.0' })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(service.mcp), {
      requestInit: { headers: { authorization: `Bearer ${service.keys.agent}` } },
    }) as Parameters<Client['connect']>[0],
  )
  const { tools } = await client.listTools()
  say(`\n  agent> tools/list\n  <  ${tools.map(({ name }) => name).join(', ')}`)
  assert.ok(tools.some(({ name }) => name === 'cancel_order'))
  assert.ok(!tools.some(({ name }) => name === 'create_order'))

  say('\n3. It looks the order up and cancels it, because the customer asked for it.')
  const read = await tool(client, 'get_order_by_id', { orderId: order.id })
  assert.equal(read.structuredContent.status, 'placed')
  const cancelled = await tool(client, 'cancel_order', { orderId: order.id, reason: 'The customer ordered twice.' })
  assert.ok(!cancelled.isError)
  assert.equal(cancelled.structuredContent.status, 'cancelled')
  const { answer: seen } = await rest(service, 'customer', 'GET', `/api/v1/orders/${order.id}`)
  assert.equal(seen.timeline[1].by.agentId, 'demo-agent', 'the customer sees who did it')
  const { answer: stock } = await rest(service, 'customer', 'GET', `/api/v1/products/${product.sku}`)
  assert.equal(stock.stock, product.stock, 'the stock is as it was')

  say('\n4. A second attempt is told what is wrong.')
  const again = await tool(client, 'cancel_order', { orderId: order.id, reason: 'Once more.' })
  assert.ok(again.isError)

  say('\n5. The agent tries what it may not do: the tool is hidden, and the API refuses the same key as well.')
  await assert.rejects(client.callTool({ name: 'create_order', arguments: { items } }), (error: Json) => {
    say(`\n  agent> tools/call create_order\n  <  ${error.code} ${error.message}`)
    return error.code === -32602
  })
  const refused = await rest(service, 'agent', 'POST', '/api/v1/orders', { items })
  assert.equal(refused.status, 403)
  assert.equal(refused.answer.error, 'scope-missing')

  say(
    '\n6. The customer’s network lost an answer, so the order is sent again with the same key: nothing is ordered twice.',
  )
  const repeated = await rest(service, 'customer', 'POST', '/api/v1/orders', { items }, key)
  assert.ok(repeated.replayed)
  assert.equal(repeated.answer.id, order.id)

  say('\n7. A large refund by the agent waits for a person. The agent sees where it stands.')
  const { answer: shelf } = await rest(service, 'customer', 'GET', '/api/v1/products?limit=1')
  const many = Math.ceil(20_000 / shelf.items[0].price.amount)
  const basket = { items: [{ sku: shelf.items[0].sku, quantity: many }] }
  const { answer: large } = await rest(service, 'customer', 'POST', '/api/v1/orders', basket)
  const refund = { orderId: large.id, reason: 'It arrived broken.' }
  const asked = await tool(client, 'refund_order', refund)
  assert.equal(asked.structuredContent.status, 'pending')
  const { id: approvalId, idempotency_key: refundKey } = asked.structuredContent
  const stands = await tool(client, 'get_approval', { approvalId })
  assert.equal(stands.structuredContent.status, 'pending')

  say('\n8. A manager sees the exact change and approves it (in a browser: /approvals). The agent goes on, once.')
  const { answer: approved } = await rest(service, 'manager', 'POST', `/api/v1/approvals/${approvalId}/approve`, {})
  assert.equal(approved.effect.after.refunded.amount, large.total.amount)
  const done = await tool(client, 'refund_order', { ...refund, approval_id: approvalId, idempotency_key: refundKey })
  assert.equal(done.structuredContent.refunded.amount, large.total.amount)

  say('\n9. Everything is in the audit trail: who, for whom, through which tool, with whose consent.')
  const { answer: trail } = await rest(service, 'admin', 'GET', '/api/v1/audit-entries?operationId=refundOrder&limit=2')
  assert.deepEqual(
    trail.items.map(({ outcome, tool }: Json) => `${outcome} by ${tool}`),
    ['done by refund_order', 'approval-requested by refund_order'],
  )
  await client.close()
}

const dataDir = mkdtempSync(join(tmpdir(), 'handrail-demo-'))
say('Starting Handrail on a database of its own (some seconds) ...')
const service = await startProcess(dataDir, { LOG_LEVEL: 'warn' })
try {
  await play(service)
  say('\nAll went as told.')
} catch (error) {
  say(`\nNot as told: ${(error as Error).message}`)
  process.exitCode = 1
} finally {
  await service.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
