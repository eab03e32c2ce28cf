import type { IncomingHttpHeaders } from 'node:http'
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  classifyInboundRequest,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server'
import { isObject, type JsonObject } from '../json.ts'
import type { Era } from '../results/result.ts'

/** A request for which the SDK's whole machinery comes to one call of ours. */
export interface LeanRequest {
  era: Era
  id: string | number
  /** `_meta` as it came. */
  meta: JsonObject | undefined
  /** The tool to call; undefined for `tools/list`. */
  call: { name: string; args: JsonObject } | undefined
}

const MODERN = '2026-07-28'
const LEGACY = new Set(SUPPORTED_PROTOCOL_VERSIONS.filter((version) => version < MODERN))
const NOTHING: ReadonlySet<string> = new Set()
const RESERVED = 'io.modelcontextprotocol/'
const ENVELOPE: ReadonlySet<string> = new Set([
  PROTOCOL_VERSION_META_KEY,
  CLIENT_INFO_META_KEY,
  CLIENT_CAPABILITIES_META_KEY,
  LOG_LEVEL_META_KEY,
])
/** Whether `_meta` has names of the protocol's own beside these: each has rules that the SDK knows. */
const hasReserved = (meta: JsonObject, known: ReadonlySet<string>) => {
  for (const name in meta) if (name.startsWith(RESERVED) && !known.has(name)) return true
  return false
}

const hasOnly = (value: object, known: ReadonlySet<string>) => {
  for (const name in value) if (!known.has(name)) return false
  return true
}
/** The SDK drops this name where it copies an object. */
const hasProto = (value: object) => Object.hasOwn(value, '__proto__')
const MESSAGE = new Set(['jsonrpc', 'id', 'method', 'params'])
const LIST_PARAMS = new Set(['_meta'])
const CALL_PARAMS = new Set(['_meta', 'name', 'arguments'])

/**
 * What clients say of themselves with every request of 2026-07-28, and the SDK has found well formed. A client says the
 * same each time, and finding it so costs more than all the rest. It holds no more than that a text is well formed.
 */
const MOST_ENVELOPES = 500
const LONGEST_ENVELOPE = 4096
const wellFormed = new Set<string>()

const NAME_AND_VERSION = new Set(['name', 'version'])

/** What an envelope says, as a text that no other one has. */
function saidIn(meta: JsonObject): string {
  const info = meta[CLIENT_INFO_META_KEY]
  const capabilities = meta[CLIENT_CAPABILITIES_META_KEY]
  // Most clients say no more than who they are, which needs no JSON to be told apart from all others.
  if (
    isObject(info) &&
    typeof info.name === 'string' &&
    typeof info.version === 'string' &&
    hasOnly(info, NAME_AND_VERSION) &&
    isObject(capabilities) &&
    hasOnly(capabilities, NOTHING) &&
    !(LOG_LEVEL_META_KEY in meta)
  )
    return `${info.name.length} ${info.name} ${info.version}`
  return JSON.stringify([
    info,
    capabilities,
    // A name that is there without a value is not one that is missing.
    LOG_LEVEL_META_KEY in meta ? [meta[LOG_LEVEL_META_KEY]] : [],
    CLIENT_INFO_META_KEY in meta,
  ])
}

function isEnvelope(message: JsonObject, method: string, meta: JsonObject): boolean {
  const said = saidIn(meta)
  if (wellFormed.has(said)) return true
  const { kind } = classifyInboundRequest({
    httpMethod: 'POST',
    protocolVersionHeader: MODERN,
    mcpMethodHeader: method,
    body: message,
  })
  if (kind !== 'modern') return false
  if (wellFormed.size >= MOST_ENVELOPES) wellFormed.clear()
  if (said.length <= LONGEST_ENVELOPE) wellFormed.add(said)
  return true
}

/** The era of a request whose `_meta` and headers are exactly what its revision wants. */
function eraOf(
  headers: IncomingHttpHeaders,
  message: JsonObject,
  method: string,
  { name, _meta: meta }: JsonObject,
): Era | undefined {
  const version = headers['mcp-protocol-version']
  if (version === MODERN) {
    if (!isObject(meta) || meta[PROTOCOL_VERSION_META_KEY] !== MODERN) return undefined
    if (headers['mcp-method'] !== method) return undefined
    // A name in Base64 is for the SDK to read.
    if (name !== undefined && headers['mcp-name'] !== name) return undefined
    if (hasReserved(meta, ENVELOPE)) return undefined
    return isEnvelope(message, method, meta) ? 'modern' : undefined
  }
  if (version !== undefined && !LEGACY.has(version as string)) return undefined
  const { accept } = headers
  if (!accept?.includes('application/json') || !accept.includes('text/event-stream')) return undefined
  return hasReserved((meta ?? {}) as JsonObject, NOTHING) ? undefined : 'legacy'
}

/** A name as tools have them. The SDK judges all others. */
const TOOL_NAME = /^[\w-]{1,64}$/

/**
 * A request that can be answered past the SDK, or undefined: `tools/list` without a cursor, and `tools/call` without
 * anything that belongs to an earlier or a later exchange, with the very headers that their revision asks for. What is
 * odd in any way is left to the SDK, so that every other answer and every refusal is its own.
 */
export function readLean(headers: IncomingHttpHeaders, message: unknown): LeanRequest | undefined {
  if (!isObject(message) || message.jsonrpc !== '2.0' || !hasOnly(message, MESSAGE)) return undefined
  const { id, method, params = {} } = message
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) return undefined
  if (!isObject(params) || (method !== 'tools/call' && method !== 'tools/list')) return undefined
  const { _meta: meta, name, arguments: args = {} } = params
  // Who wants to hear of progress gets a stream.
  if (meta !== undefined && (!isObject(meta) || 'progressToken' in meta || hasProto(meta))) return undefined
  const isCall = method === 'tools/call'
  if (!hasOnly(params, isCall ? CALL_PARAMS : LIST_PARAMS)) return undefined
  if (isCall && (typeof name !== 'string' || !TOOL_NAME.test(name) || !isObject(args) || hasProto(args)))
    return undefined
  const era = eraOf(headers, message, method, params)
  if (era === undefined) return undefined
  const call = isCall ? { name: name as string, args: args as JsonObject } : undefined
  return { era, id: id as string | number, meta, call }
}
