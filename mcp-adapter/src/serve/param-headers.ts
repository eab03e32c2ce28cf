import type { IncomingHttpHeaders } from 'node:http'
import { classifyInboundRequest } from '@modelcontextprotocol/server'
import { isObject, type Json, type JsonObject } from '../json.ts'

/** A parameter whose value clients repeat in a header. */
interface Mirrored {
  /** `Mcp-Param-…` as the schema writes it. */
  header: string
  path: string[]
  isInteger: boolean
}

const KEYWORD = 'x-mcp-header'
const none: Mirrored[] = []
const known = new WeakMap<JsonObject, Mirrored[]>()

/** The parameters that a schema marks. Marks elsewhere than below `properties` are refused when tools are made. */
function find(schema: Json | undefined, path: string[]): Mirrored[] {
  if (!isObject(schema)) return none
  const { [KEYWORD]: name, type, properties } = schema
  const own = typeof name === 'string' ? [{ header: `Mcp-Param-${name}`, path, isInteger: type === 'integer' }] : none
  if (!isObject(properties)) return own
  return [...own, ...Object.entries(properties).flatMap(([step, each]) => find(each, [...path, step]))]
}

function mirroredIn(schema: JsonObject): Mirrored[] {
  const before = known.get(schema)
  if (before) return before
  const found = find(schema, [])
  known.set(schema, found)
  return found
}

const SENTINEL = /^=\?base64\?(.*)\?=$/s
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What a header's value says, or undefined where its Base64 is none. */
function decoded(value: string): string | undefined {
  const text = SENTINEL.exec(value)?.[1]
  if (text === undefined) return value
  if (!BASE64.test(text)) return undefined
  try {
    return UTF8.decode(Buffer.from(text, 'base64'))
  } catch {
    return undefined
  }
}

function valueAt(args: Json, path: string[]): Json | undefined {
  let value: Json | undefined = args
  for (const step of path) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
  return value
}

const isDecimal = (text: string) => /^-?\d+(\.\d+)?$/.test(text)

function agrees(said: string | undefined, value: string | number | boolean, isInteger: boolean): boolean {
  if (said === undefined) return false
  if (isInteger && typeof value === 'number' && isDecimal(said)) return Number(said) === value
  return said === String(value)
}

/**
 * The headers that repeat arguments and do not say the same as the body (MCP 2026-07-28, Streamable HTTP, custom
 * headers; SEP-2243): what routes or limits by a header must not see another call than the one that is made. The first
 * such header with what is wrong, never with what it holds, or undefined. Earlier revisions have no such headers.
 */
export function wrongParamHeader(
  schema: JsonObject,
  message: JsonObject,
  headers: IncomingHttpHeaders,
): string | undefined {
  const mirrored = mirroredIn(schema)
  if (mirrored.length === 0) return undefined
  // What is wrong in another way is told by the SDK, which looks at that first.
  const [version, method] = [headers['mcp-protocol-version'], headers['mcp-method']]
  if (typeof version !== 'string' || typeof method !== 'string') return undefined
  const asked = { httpMethod: 'POST', protocolVersionHeader: version, mcpMethodHeader: method, body: message }
  if (classifyInboundRequest(asked).kind !== 'modern') return undefined
  const args = (isObject(message.params) ? message.params.arguments : undefined) ?? null
  for (const { header, path, isInteger } of mirrored) {
    const value = valueAt(args, path)
    // Objects have no text, and neither do integers that JSON numbers cannot hold.
    if (value === undefined || value === null || typeof value === 'object') continue
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) continue
    const said = headers[header.toLowerCase()]
    if (said === undefined) return `the ${header} header is missing, and the body has a value for it`
    const text = decoded(String(said))
    if (text === undefined) return `the ${header} header holds broken Base64`
    if (!agrees(text, value, isInteger)) return `the ${header} header says something else than the body`
  }
  return undefined
}
