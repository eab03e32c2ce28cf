import { randomUUID } from 'node:crypto'
import t from 'tap'
import { connect, connectCommand } from '../../mcp-adapter/test/clients/connect.ts'
import { FLAVOURS, type TestClient } from '../../mcp-adapter/test/clients/face.ts'
import { type RunningService, startProcess } from '../../scripts/support/running-service.ts'
import { seededFolder } from '../support/seeded.ts'

/** A scripted stand-in for a model: it knows facts and a goal, and learns the rest from what it is told. */
class ScriptedModel {
  readonly #client: TestClient
  readonly #facts: Record<string, unknown>
  readonly transcript: string[] = []

  constructor(client: TestClient, facts: Record<string, unknown>) {
    this.#client = client
    this.#facts = facts
  }

  /** Calls a tool; on an error it reads the named fields, mends its arguments, and tries again. */
  async use(name: string, guess: Record<string, unknown>) {
    let args = guess
    for (let attempt = 1; attempt <= 3; attempt++) {
      const result = await this.#client.call(name, args)
      const problem = problemOf(result)
      this.transcript.push(`${name} ${problem ? problem.error : 'done'}`)
      if (!problem?.errors?.length) return result
      args = this.#mend(args, problem.errors)
    }
    throw new Error(`${name} did not work out: ${this.transcript.join(', ')}`)
  }

  #mend(args: Record<string, unknown>, errors: { pointer: string; code: string }[]) {
    const mended = { ...args }
    for (const { pointer, code } of errors) {
      const field = pointer.split('/').at(-1) as string
      if (code === 'additionalProperties') delete mended[field]
      else mended[field] = this.#facts[field]
    }
    return mended
  }
}

type Result = Awaited<ReturnType<TestClient['call']>>

/** The problem of a failed call: in the newer era structured, in the older one as JSON in the text. */
function problemOf({ isError, structuredContent, content }: Result) {
  if (!isError) return undefined
  const text = content.findLast((part) => part.type === 'text') as { text: string }
  return (structuredContent ?? JSON.parse(text.text)) as { error: string; errors?: { pointer: string; code: string }[] }
}

/** The client configuration that the service prints, as a host would use it. */
function printedConfig(service: RunningService) {
  const text = service.output()
  const json = text.slice(text.indexOf('{\n  "mcpServers"'), text.indexOf('\n}\n', text.indexOf('"mcpServers"')) + 2)
  const { command, args, env } = JSON.parse(json).mcpServers.handrail
  return { command, args, env: { PATH: process.env.PATH ?? '', ...env }, stderr: 'ignore' as const }
}

async function rest(
  service: RunningService,
  who: keyof RunningService['keys'],
  method: string,
  path: string,
  body?: object,
) {
  const response = await fetch(`${service.api}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${service.keys[who]}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  // biome-ignore lint/suspicious/noExplicitAny: bodies of every shape
  return { status: response.status, body: (await response.json()) as any }
}

t.test('an agent works on the orders of people, under the same rules', async (t) => {
  const service = await startProcess(await seededFolder(t))
  t.teardown(() => service.stop())
  const { body: products } = await rest(service, 'customer', 'GET', '/products?search=notebook&limit=1')
  const items = [{ sku: products.items[0].sku, quantity: 1 }]

  for (const transport of ['http', 'stdio'] as const) {
    for (const flavour of FLAVOURS) {
      t.test(`${flavour} over ${transport}`, async (t) => {
        const { body: order } = await rest(service, 'customer', 'POST', '/orders', { items })
        const client =
          transport === 'http'
            ? await connect(t, service.mcp, flavour, service.keys.agent)
            : await connectCommand(t, flavour, printedConfig(service))
        const tools = await client.list()
        t.same(
          tools.map(({ name }) => name),
          [
            'get_current_caller',
            'list_users',
            'get_user_by_id',
            'list_products',
            'get_product_by_sku',
            'list_orders',
            'get_order_by_id',
            'cancel_order',
            'refund_order',
            'list_channels',
            'send_message',
            'get_message',
            'get_approval',
          ],
        )
        const model = new ScriptedModel(client, { orderId: order.id, reason: 'The customer asked for it.' })
        const me = await model.use('get_current_caller', {})
        t.match(me.structuredContent, { kind: 'agent', agentId: 'demo-agent', role: 'support' })
        const found = await model.use('list_orders', { userId: order.userId, status: 'placed', limit: 5 })
        t.equal((found.structuredContent as { items: { id: string }[] }).items[0]?.id, order.id)
        const cancelled = await model.use('cancel_order', { order: order.id, orderId: 'that one' })
        t.match(cancelled.structuredContent, { id: order.id, status: 'cancelled' })
        await model.use('cancel_order', { orderId: order.id, reason: 'Again.' })
        t.same(model.transcript, [
          'get_current_caller done',
          'list_orders done',
          'cancel_order invalid-arguments',
          'cancel_order done',
          'cancel_order order-not-open',
        ])
        await t.rejects(client.call('fulfil_order', { orderId: order.id }), { code: -32602 })

        const { body: seen } = await rest(service, 'customer', 'GET', `/orders/${order.id}`)
        t.match(seen, {
          status: 'cancelled',
          timeline: [{}, { by: { agentId: 'demo-agent' }, reason: 'The customer asked for it.' }],
        })
      })
    }
  }

  t.test('each caller sees the tools that its rights allow', async (t) => {
    const counts = []
    for (const who of ['customer', 'agent', 'support', 'manager', 'admin'] as const) {
      counts.push([who, (await (await connect(t, service.mcp, 'v2-modern', service.keys[who])).list()).length])
    }
    t.same(counts, [
      ['customer', 10],
      ['agent', 13],
      ['support', 15],
      ['manager', 19],
      ['admin', 20],
    ])
  })

  t.test('what the agent did is in the log, and no key is', async (t) => {
    t.match(service.output(), /"operation":"cancelOrder".*"agentId":"demo-agent"/)
    for (const key of Object.values(service.keys)) t.notMatch(service.output(), key.slice(-30))
  })
})
