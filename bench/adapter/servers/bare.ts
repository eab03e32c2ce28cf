import { createRequire } from 'node:module'
import fastify from 'fastify'
import { serving } from '../support/child.ts'

/**
 * The floor: a Fastify route that parses the JSON-RPC, calls the API and answers. It checks nothing, so nothing that
 * does more can be much faster.
 */
// The adapter's own release of undici, so that the floor does not differ in that.
const require = createRequire(new URL('../../../mcp-adapter/package.json', import.meta.url))
const { Agent } = require('undici') as typeof import('undici')
const api = process.env.BENCH_API ?? ''
const agent = new Agent()
const app = fastify()
interface Message {
  id: number
  params: { arguments: { orderId: string; expand: string } }
}
app.post<{ Body: Message }>('/mcp', async (request) => {
  const { id, params } = request.body
  const { orderId, expand } = params.arguments
  const { body } = await agent.request({
    origin: api,
    path: `/api/orders/${encodeURIComponent(orderId)}?expand=${encodeURIComponent(expand)}`,
    method: 'GET',
    headers: { authorization: request.headers.authorization ?? '' },
  })
  const data = await body.json()
  const content = [{ type: 'text', text: JSON.stringify(data) }]
  return { jsonrpc: '2.0', id, result: { content, structuredContent: data } }
})
await app.listen({ port: 0, host: '127.0.0.1' })
serving((app.server.address() as { port: number }).port)
