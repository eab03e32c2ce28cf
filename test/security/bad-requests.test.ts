import { join } from 'node:path'
import { startAdapter } from '@handrail/mcp-adapter'
import fc from 'fast-check'
import pino from 'pino'
import t from 'tap'
import { createSender, sendBytes } from '../../scripts/support/fuzz-run.ts'
import { ROOT } from '../../src/root.ts'
import { judgeMcp, judgeRest } from '../support/fuzz/judge.ts'
import { badMessages, type ListedTool } from '../support/fuzz/mcp.ts'
import { badRequests } from '../support/fuzz/rest.ts'
import { PEOPLE, startService } from '../support/service.ts'

/** The same ones in each run; `npm run fuzz` sends many more, and others each time. */
const SEED = 20261123
const REQUESTS = 600
const IN_FLIGHT = 8

t.test(`injection: whatever is sent, each answer is a whole one (seed ${SEED})`, async (t) => {
  const service = await startService(t)
  const api = await service.app.listen({ port: 0 })
  const adapter = await startAdapter({
    configFile: join(ROOT, 'mcp-adapter', 'tools.yaml'),
    apiUrl: api,
    port: 0,
    log: pino({ level: 'silent' }),
  })
  t.teardown(() => adapter.close())
  const orders = [await service.order('ada'), await service.order('bob')]
  const users = Object.values(PEOPLE).map(({ id }) => id)
  const skus = ['LAMP', 'MUG', 'FAN']
  const known = { orderId: orders, order_id: orders, userId: users, user_id: users, sku: skus }
  const keys = Object.values(service.keys)

  const rest = createSender(api, IN_FLIGHT)
  const mcp = createSender(new URL(adapter.url).origin, IN_FLIGHT)
  t.teardown(() => Promise.all([rest.close(), mcp.close()]))
  const headers = {
    authorization: `Bearer ${service.keys.admin}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  const listed = await mcp.send({ method: 'POST', path: '/mcp', headers, body })
  const tools: ListedTool[] = JSON.parse(/^data: (.*)$/m.exec(listed.body)?.[1] ?? listed.body).result.tools

  const ofRest = judgeRest(service.document, 'GET')
  const ofHead = judgeRest(service.document, 'HEAD')
  const sample = { seed: SEED, numRuns: REQUESTS / 2 }
  const probes = [
    ...fc.sample(badRequests(service.document, keys, known), sample).map((each) => async () => {
      const wrong = (each.method === 'HEAD' ? ofHead : ofRest)(await rest.send(each))
      return wrong && { wrong, ...each }
    }),
    ...fc.sample(badMessages(tools, keys, known), sample).map((each) => async () => {
      const wrong = judgeMcp(await mcp.send({ method: 'POST', path: '/mcp', ...each }))
      return wrong && { wrong, ...each }
    }),
    ...Array.from({ length: 22 }, (_, index) => async () => {
      const line = await sendBytes(index % 2 ? api : adapter.url, index >> 1)
      return /^HTTP\/1\.1 5(?!05)/.test(line) ? { wrong: line } : undefined
    }),
  ]
  const found: unknown[] = []
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      for (let probe = probes.pop(); probe; probe = probes.pop()) {
        const wrong = await probe()
        if (wrong) found.push(wrong)
      }
    }),
  )
  t.same(found, [])
})
