import type { IncomingMessage } from 'node:http'
import { isInitializeRequest, PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server'
import { isObject, type JsonObject } from '../json.ts'

/** Who is behind this request, for an API that trusts this proxy to say so (X-Forwarded-For, read from the right). */
export function forwardedFor(request: IncomingMessage): string {
  const before = request.headers['x-forwarded-for']
  const peer = request.socket.remoteAddress ?? ''
  return before === undefined ? peer : [before, peer].flat().filter(Boolean).join(', ')
}

/** A token in the URL (RFC 6750, section 2.3), whatever the letters are encoded as. */
export function hasTokenInQuery(url = ''): boolean {
  if (!url.includes('?')) return false
  const query = url.split('?').slice(1).join('?')
  return [...new URLSearchParams(query).keys()].some((name) => name.toLowerCase() === 'access_token')
}

/** Whether a message is answered from what the caller may do. */
export const needsRights = (message: unknown) =>
  isObject(message) && (message.method === 'tools/list' || message.method === 'tools/call')

/** Whether a message opens an exchange as revisions before 2026-07-28 do (no version in `_meta`), but not as they want it. */
export function isMalformedHello({ headers }: IncomingMessage, message: unknown): message is JsonObject {
  if (!isObject(message) || message.method !== 'initialize') return false
  const { params } = message
  const meta = isObject(params) ? params._meta : undefined
  const says = isObject(meta) ? meta[PROTOCOL_VERSION_META_KEY] : undefined
  const version = says ?? headers['mcp-protocol-version'] ?? ''
  return (version === '' || /^202[45]-/.test(String(version))) && !isInitializeRequest(message)
}
