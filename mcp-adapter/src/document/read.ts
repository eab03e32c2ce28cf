import { isObject, type JsonObject } from '../json.ts'
import { normalise } from './normalise.ts'
import { readOperations } from './operations.ts'
import { type ServerChoice, serverUrl } from './servers.ts'

export { lookUp } from './lookup.ts'

/** One operation of a document, with its parameters and body already looked up. Schemas keep their references. */
export interface Operation {
  /** Its operationId, or what stands for it: unique in the document. */
  id: string
  method: string
  path: string
  tags: string[]
  summary?: string
  description?: string
  deprecated?: true
  /** Of the operation or else of its path item, when one of them has its own. */
  servers?: JsonObject[]
  /** The URL of the first of these, variables filled in; relative to where the document came from. */
  server?: string
  /** Instead of the base path of the API, when it has a server of its own (see `placeOperations`). */
  basePath?: string
  /** Path-item parameters first, then the operation's own, which replace those of the same name and place. */
  parameters: JsonObject[]
  requestBody?: JsonObject
  /** By status: `200`, `2XX`, `default`. */
  responses: Record<string, JsonObject>
  /** The operation object itself, for extensions. */
  source: JsonObject
}

/** An operation that no tool can be made of: its operationId or `GET /path`, and why. */
export interface LeftOut {
  operation: string
  reason: string
}

export interface ApiDocument {
  /** OpenAPI 3.1 with schemas of JSON Schema 2020-12, whatever was read. Every reference that can be followed is `#/...`. */
  root: JsonObject
  operations: Map<string, Operation>
  leftOut: LeftOut[]
  /** The URL of the chosen server, variables filled in; relative to where the document came from. */
  server?: string
  /** Where the document came from, when it came over HTTP. */
  url?: string
  /** The files and URLs that it was read from, the main one first. */
  places?: string[]
}

/**
 * Reads the operations of a parsed document of OpenAPI 3.0, 3.1 or 3.2, which is normalised in place. Throws ConfigError
 * when it is none, or for a `server` that it has not.
 */
export function readDocument(parsed: unknown, name: string, url?: string, server?: ServerChoice): ApiDocument {
  const root = normalise(parsed, name)
  const chosen = serverUrl(root.servers, server, true)
  return {
    root,
    ...readOperations(root, server),
    ...(chosen !== undefined && { server: chosen }),
    ...(url !== undefined && { url }),
  }
}

/** Whether a parsed document is of Swagger 2.0. */
export function isSwagger(parsed: unknown): parsed is JsonObject {
  return isObject(parsed) && String(parsed.swagger).startsWith('2.')
}
