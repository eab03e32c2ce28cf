import type { ServerResponse } from 'node:http'
import { SERVER_INFO_META_KEY } from '@modelcontextprotocol/server'
import { isObject, type JsonObject } from '../json.ts'
import { DATA_TEXT } from '../results/data-text.ts'
import type { CallResult, Era } from '../results/result.ts'
import type { PublishedTool } from '../tools/tools.ts'

/** How a server of the SDK names itself, and how long its lists may be kept. */
export interface Identification {
  serverInfo: { name: string; version: string; title?: string }
  /** `_meta` of a result that says no more than who answers, as JSON text. */
  metaText: string
  listCache: { ttlMs: number; cacheScope: 'private' | 'public' }
}

/** The texts of tools, which do not change. Callers differ in which of them they see. */
const texts = new WeakMap<PublishedTool, string>()

function textOf(tool: PublishedTool): string {
  const known = texts.get(tool)
  if (known !== undefined) return known
  const text = JSON.stringify(tool)
  texts.set(tool, text)
  return text
}

/** A `tools/list` result as the SDK writes it: from 2026-07-28 on it says how long it keeps, and who answers. */
export function listResult(
  tools: readonly PublishedTool[],
  era: Era,
  { serverInfo, listCache }: Identification,
): string {
  const list = `{"tools":[${tools.map(textOf).join(',')}]`
  if (era === 'legacy') return `${list}}`
  const { ttlMs, cacheScope } = listCache
  const more = { resultType: 'complete', ttlMs, cacheScope, _meta: { [SERVER_INFO_META_KEY]: serverInfo } }
  return `${list},${JSON.stringify(more).slice(1)}`
}

/** A result that is data and nothing else, from the text of the data: to write that a second time would cost as much. */
function plainText(result: CallResult): string | undefined {
  const { [DATA_TEXT]: data } = result
  if (data === undefined) return undefined
  for (const name in result) if (name !== 'content' && name !== 'structuredContent') return undefined
  return `{"content":${JSON.stringify(result.content)},"structuredContent":${data}`
}

/** A `tools/call` result as the SDK writes it. */
export function callResult(result: CallResult, era: Era, { serverInfo, metaText }: Identification): string {
  const plain = plainText(result)
  if (era === 'legacy') return plain === undefined ? JSON.stringify(result) : `${plain}}`
  if (isObject(result._meta)) {
    const { _meta: meta, ...rest } = result
    const all = { ...(meta as JsonObject), [SERVER_INFO_META_KEY]: serverInfo }
    return JSON.stringify({ ...rest, resultType: 'complete', _meta: all })
  }
  // The end is added to the text: to copy the result first costs as much as writing it.
  return `${plain ?? JSON.stringify(result).slice(0, -1)},"resultType":"complete","_meta":${metaText}}`
}

const HEADERS: Record<Era, string[]> = {
  modern: ['content-type', 'application/json'],
  // An earlier client gets a stream of one event, as the SDK's transport without sessions sends it.
  legacy: [
    'cache-control',
    'no-cache, no-transform',
    'connection',
    'keep-alive',
    'content-type',
    'text/event-stream',
    'x-accel-buffering',
    'no',
  ],
}

/** The SDK's rhythm: a proxy would otherwise take a slow call for a dead connection. */
const KEEP_ALIVE_MS = 15_000

/** The answer to one request. */
interface LeanAnswer {
  /** Ends the response with a JSON-RPC message: a result or an error, as JSON text. */
  end(message: string): void
  /** Nothing is written any more. */
  cancel(): void
}

/** Opens the answer to a request of an era; while nothing is said, the stream of an earlier client is kept alive. */
export function openAnswer(response: ServerResponse, era: Era, keepAliveMs = KEEP_ALIVE_MS): LeanAnswer {
  const keepAlive =
    era === 'legacy'
      ? setInterval(() => {
          if (!response.headersSent) response.writeHead(200, HEADERS.legacy)
          response.write(': keepalive\n\n')
        }, keepAliveMs).unref()
      : undefined
  return {
    end(message) {
      clearInterval(keepAlive)
      const body = era === 'legacy' ? `event: message\ndata: ${message}\n\n` : message
      const length = Buffer.byteLength(body)
      if (!response.headersSent) response.writeHead(200, [...HEADERS[era], 'content-length', String(length)])
      // Corked, head and body become one text and go out as such when it is uncorked. `end` with a body would add an empty
      // second piece, and gathering pieces costs more than writing one. ASCII is copied instead of encoded.
      const { socket } = response
      socket?.cork()
      response.write(body, length === body.length ? 'latin1' : 'utf8')
      socket?.uncork()
      response.end()
    },
    cancel: () => clearInterval(keepAlive),
  }
}
