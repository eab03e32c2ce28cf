import fc from 'fast-check'
import { brokenJson, hostileText, keeping, type Schema, spoiled } from './values.ts'

export interface ListedTool {
  name: string
  inputSchema: Schema
}

/** A POST to the MCP endpoint. */
export interface BadMessage {
  /** The tool that is called, or what else it is. */
  what: string
  headers: Record<string, string>
  body: string | Buffer
}

const METHODS = ['initialize', 'ping', 'tools/list', 'tools/call', 'resources/list', 'logging/setLevel', 'x', '']
const VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']
const MODERN = '2026-07-28'

/**
 * Messages of both eras: tool calls whose arguments are wrong in one place, messages that are no JSON-RPC, and bodies
 * that are no JSON.
 */
export function badMessages(
  tools: ListedTool[],
  keys: string[],
  known: Record<string, unknown[]>,
): fc.Arbitrary<BadMessage> {
  const headers = fc
    .record({
      key: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...keys) },
        { weight: 1, arbitrary: fc.constantFrom('', 'x', 'hr_a_b') },
      ),
      version: fc.constantFrom(...VERSIONS),
      accept: fc.oneof(
        { weight: 12, arbitrary: fc.constant('application/json, text/event-stream') },
        { weight: 1, arbitrary: fc.constantFrom('text/plain', '*/*', '') },
      ),
    })
    .map(({ key, version, accept }) => ({
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept,
      'mcp-protocol-version': version,
    }))
  const id = fc.oneof(fc.nat(), fc.constantFrom<unknown>(null, 'x', 1.5, {}, [], undefined))
  const calls = tools.map(({ name, inputSchema }) => {
    const right = keeping(inputSchema, inputSchema, known)
    const args = fc.oneof({ weight: 1, arbitrary: right }, { weight: 4, arbitrary: spoiled(right) })
    return fc.tuple(headers, args, id, fc.boolean()).map(([sent, given, of, modern]) => ({
      what: name,
      headers: modern ? { ...sent, ...modernHeaders('tools/call', name) } : sent,
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: of,
        method: 'tools/call',
        params: { name, arguments: given, ...(modern && { _meta: ENVELOPE }) },
      }),
    }))
  })
  const messages = fc
    .tuple(
      headers,
      fc.record({
        jsonrpc: fc.constantFrom('2.0', '2.0', '1.0'),
        id,
        method: fc.constantFrom(...METHODS),
        params: fc.object(),
      }),
      hostileText,
    )
    .chain(([sent, message, text]) =>
      fc.oneof(
        spoiled(fc.constant(message)).map((bad) => ({
          what: 'a message',
          headers: sent,
          body: JSON.stringify(bad) ?? '',
        })),
        fc.constant({ what: 'a batch', headers: sent, body: JSON.stringify([message, message, text]) }),
        fc.constant({
          what: 'an unknown tool',
          headers: sent,
          body: JSON.stringify({ ...message, method: 'tools/call', params: { name: text, arguments: message.params } }),
        }),
        brokenJson(fc.constant(JSON.stringify(message))).map((body) => ({ what: 'no JSON', headers: sent, body })),
      ),
    )
  return fc.oneof({ weight: 3, arbitrary: fc.oneof(...calls) }, { weight: 1, arbitrary: messages })
}

/** What every request of 2026-07-28 carries in `_meta`. */
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientInfo': { name: 'fuzz', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

const modernHeaders = (method: string, name: string) => ({
  'mcp-protocol-version': MODERN,
  'mcp-method': method,
  'mcp-name': name,
})
