import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import { listening } from '../support/child.ts'
import { inputSchema, outputSchema } from './tool.ts'

/** What the SDK's documentation shows: a server per request from a factory, behind the SDK's own Node handler. */
const require = createRequire(new URL('../../../mcp-adapter/package.json', import.meta.url))
const { Agent } = require('undici') as typeof import('undici')
const api = process.env.BENCH_API ?? ''
const agent = new Agent()
const tools = Number(process.env.BENCH_TOOLS ?? 1)
const input = fromJsonSchema<{ orderId: string; expand?: string }>(inputSchema)
const output = fromJsonSchema<Record<string, unknown>>(outputSchema)

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'stock', version: '1.0.0' })
  for (let index = 0; index < tools; index++) {
    server.registerTool(
      index === 0 ? 'get_order' : `get_order_${index}`,
      { title: 'Get an order', description: 'Reads one order.', inputSchema: input, outputSchema: output },
      async ({ orderId, expand = '' }, ctx) => {
        const { body } = await agent.request({
          origin: api,
          path: `/api/orders/${encodeURIComponent(orderId)}?expand=${encodeURIComponent(expand)}`,
          method: 'GET',
          headers: { authorization: 'Bearer bench' },
          signal: ctx.mcpReq.signal,
        })
        const data = (await body.json()) as Record<string, unknown>
        return { content: [{ type: 'text', text: JSON.stringify(data) }], structuredContent: data }
      },
    )
  }
  return server
})
const answer = toNodeHandler(handler)
await listening(createServer((request, response) => void answer(request as NodeIncomingMessageLike, response)))
