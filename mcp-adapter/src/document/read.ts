import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { request } from 'undici'
import { parse } from 'yaml'
import { ConfigError, messageOf } from '../errors.ts'
import { atPointer, isObject, type JsonObject } from '../json.ts'

/** One operation of a document, with its parameters and body already looked up. Schemas keep their references. */
export interface Operation {
  id: string
  method: string
  path: string
  summary?: string
  description?: string
  /** Path-item parameters first, then the operation's own, which replace those of the same name and place. */
  parameters: JsonObject[]
  requestBody?: JsonObject
  /** By status: `200`, `2XX`, `default`. */
  responses: Record<string, JsonObject>
  /** The operation object itself, for extensions. */
  source: JsonObject
}

export interface ApiDocument {
  root: JsonObject
  operations: Map<string, Operation>
  /** The document's first server, as written; relative to where the document came from. */
  server?: string
  /** Where the document came from, when it came over HTTP. */
  url?: string
}

const METHODS = ['get', 'head', 'put', 'post', 'patch', 'delete']
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
const MAX_REFERENCE_STEPS = 50

/**
 * What a `$ref` of this document names (RFC 6901 inside a URI fragment). References to other files or hosts are
 * refused: a document must not make the adapter read anything but itself.
 */
export function lookUp(root: JsonObject, reference: string): JsonObject {
  if (!reference.startsWith('#'))
    throw new ConfigError(`Only references inside the document are followed: ${reference}`)
  const found = atPointer(root, decodeURIComponent(reference.slice(1)))
  if (!isObject(found)) throw new ConfigError(`The document has nothing at ${reference}`)
  return found
}

function resolved(root: JsonObject, value: unknown): JsonObject {
  let current = value
  for (let step = 0; step < MAX_REFERENCE_STEPS; step++) {
    if (!isObject(current)) return {}
    if (typeof current.$ref !== 'string') return current
    current = lookUp(root, current.$ref)
  }
  throw new ConfigError('A reference in the document leads back to itself')
}

function readParameters(root: JsonObject, item: JsonObject, operation: JsonObject): JsonObject[] {
  const byPlace = new Map<string, JsonObject>()
  for (const list of [item.parameters, operation.parameters]) {
    if (!Array.isArray(list)) continue
    for (const entry of list) {
      const parameter = resolved(root, entry)
      byPlace.set(`${parameter.in}:${parameter.name}`, parameter)
    }
  }
  return [...byPlace.values()]
}

/** Reads the operations of a parsed document. Throws ConfigError when it is not OpenAPI 3.1 or an id is given twice. */
export function readDocument(parsed: unknown, name: string, url?: string): ApiDocument {
  if (!isObject(parsed) || typeof parsed.openapi !== 'string' || !parsed.openapi.startsWith('3.1')) {
    throw new ConfigError(`${name} is not an OpenAPI 3.1 document`)
  }
  const operations = new Map<string, Operation>()
  for (const [path, pathItem] of Object.entries(isObject(parsed.paths) ? parsed.paths : {})) {
    const item = resolved(parsed, pathItem)
    for (const method of METHODS) {
      const source = item[method]
      if (!isObject(source) || typeof source.operationId !== 'string') continue
      const id = source.operationId
      if (operations.has(id)) throw new ConfigError(`${name} gives the operationId "${id}" twice`)
      const responses = isObject(source.responses) ? source.responses : {}
      operations.set(id, {
        id,
        method: method.toUpperCase(),
        path,
        ...(typeof source.summary === 'string' && { summary: source.summary }),
        ...(typeof source.description === 'string' && { description: source.description }),
        parameters: readParameters(parsed, item, source),
        ...(source.requestBody !== undefined && { requestBody: resolved(parsed, source.requestBody) }),
        responses: Object.fromEntries(Object.entries(responses).map(([status, r]) => [status, resolved(parsed, r)])),
        source,
      })
    }
  }
  const server = Array.isArray(parsed.servers) && isObject(parsed.servers[0]) ? parsed.servers[0].url : undefined
  return { root: parsed, operations, ...(typeof server === 'string' && { server }), ...(url !== undefined && { url }) }
}

async function download(url: string): Promise<string> {
  const response = await request(url, {
    headersTimeout: 10_000,
    bodyTimeout: 10_000,
    signal: AbortSignal.timeout(20_000),
  })
  if (response.statusCode !== 200) {
    await response.body.dump()
    throw new Error(`it answered ${response.statusCode}`)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_DOCUMENT_BYTES) throw new Error(`it is larger than ${MAX_DOCUMENT_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Loads a document, JSON or YAML, from an http(s) URL or from a file (relative to the curation file). No credential
 * is sent for it. Throws ConfigError.
 */
export async function loadDocument(source: string, curationFile: string): Promise<ApiDocument> {
  const remote = /^https?:\/\//.test(source)
  const name = remote ? source : resolve(dirname(curationFile), source)
  let parsed: unknown
  try {
    const text = remote ? await download(source) : await readFile(name, 'utf8')
    // JSON first: the YAML reader takes JSON too, but a large document costs it seconds.
    parsed = text.trimStart().startsWith('{') ? JSON.parse(text) : parse(text)
  } catch (error) {
    throw new ConfigError(`Cannot read the OpenAPI document ${name}: ${messageOf(error)}`)
  }
  return readDocument(parsed, name, remote ? source : undefined)
}
