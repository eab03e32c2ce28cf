/** The same call in the words of each endpoint. */
export type Era = '2026-07-28' | '2025-11-25'

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

function post(path: string, headers: string[], body: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    'Authorization: Bearer bench-token-0123456789',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1')
}

/** A `tools/call` or `tools/list` as a client of that revision sends it. */
export function mcp(era: Era, method: string, params: object, id: number): Buffer {
  const modern = era === '2026-07-28'
  const name = 'name' in params ? [`Mcp-Name: ${params.name}`] : []
  const headers = [`MCP-Protocol-Version: ${era}`, ...(modern ? [`Mcp-Method: ${method}`, ...name] : [])]
  const all = { jsonrpc: '2.0', id, method, params: { ...params, ...(modern && { _meta: META }) } }
  return post('/mcp', headers, JSON.stringify(all))
}

/** The tool call that is measured everywhere. */
export const call =
  (era: Era, tool = 'get_order') =>
  (index: number) =>
    mcp(era, 'tools/call', { name: tool, arguments: { orderId: `o${index % 1000}`, expand: 'items' } }, index)

/** The request to the API that the call means. */
export const direct = (index: number) =>
  Buffer.from(
    `GET /api/orders/o${index % 1000}?expand=items HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer bench\r\n\r\n`,
  )
