import { ConfigError, messageOf } from '../errors.ts'
import { isObject, type Json } from '../json.ts'
import { didYouMean } from '../nearest.ts'
import type { ApiDocument, Operation } from './read.ts'

/** Which of a document's servers, and the values of its variables (`backend.server`). */
export interface ServerChoice {
  index?: number
  variables?: Record<string, string>
}

/** The choice does not fit the document (`backend.server`). */
export class WrongServer extends ConfigError {
  override name = 'WrongServer'
}

function checkVariables(declared: Record<string, Json>, given: Record<string, string>): void {
  for (const [name, value] of Object.entries(given)) {
    const variable = Object.hasOwn(declared, name) ? declared[name] : undefined
    if (!isObject(variable))
      throw new WrongServer(`the server has no variable "${name}".${didYouMean(name, Object.keys(declared))}`)
    const allowed = Array.isArray(variable.enum) ? variable.enum.map(String) : undefined
    if (allowed && !allowed.includes(value))
      throw new WrongServer(`"${name}" is one of ${allowed.join(', ')}, not "${value}".${didYouMean(value, allowed)}`)
  }
}

/**
 * The URL of one server of a list, its variables filled in with what was chosen or their defaults; absolute, or
 * relative to the document. Undefined when there is none, or a variable has no value. `isChosen`: the choice was made
 * for this list, and what is wrong with it throws WrongServer; a list of a path or an operation takes of it what fits.
 */
export function serverUrl(servers: Json | undefined, choice: ServerChoice = {}, isChosen = false): string | undefined {
  const list = Array.isArray(servers) ? servers : []
  const server = list[isChosen ? (choice.index ?? 0) : 0]
  if (isChosen && choice.index !== undefined && server === undefined)
    throw new WrongServer(`the document has ${list.length} servers, and none of index ${choice.index}`)
  if (!isObject(server) || typeof server.url !== 'string') return undefined
  const declared = isObject(server.variables) ? server.variables : {}
  const given = choice.variables ?? {}
  if (isChosen) checkVariables(declared, given)
  let isComplete = true
  const url = server.url.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => {
    const variable = Object.hasOwn(declared, name) ? declared[name] : undefined
    const value = Object.hasOwn(given, name) ? given[name] : isObject(variable) ? variable.default : undefined
    if (typeof value === 'object' || value === undefined) isComplete = false
    return String(value)
  })
  return isComplete ? url : undefined
}

const urlAt = (text: string | undefined, place: string): URL | undefined =>
  text !== undefined && URL.canParse(text, place) ? new URL(text, place) : undefined

const plainPath = ({ pathname }: URL) => pathname.replace(/\/+$/, '')

/** The base path of an operation with a server of its own. Throws ConfigError when it is not of this API's host. */
function basePathOf(document: ApiDocument, { server }: Operation, baseUrl: string): string {
  const place = document.url ?? baseUrl
  const own = urlAt(server, place)
  const shared = urlAt(document.server, place)
  const base = new URL(baseUrl)
  if (!own || ![base.origin, shared?.origin].includes(own.origin))
    throw new ConfigError(`Its server is ${server}, and the API's credentials are for another host`)
  // The API may stand somewhere else than its document says; then only what is below the document's server is known.
  const from = shared ? plainPath(shared) : ''
  const to = plainPath(base)
  const path = plainPath(own)
  if (to === from || to === '') return path
  if (path !== from && !path.startsWith(`${from}/`))
    throw new ConfigError(`Its server is ${server}, and it is not known where that is below ${baseUrl}`)
  return to + path.slice(from.length)
}

/**
 * The document of an API at `baseUrl`: operations with servers of their own get their base path, and those of other
 * hosts are left out, since credentials are for one host.
 */
export function placeOperations(document: ApiDocument, baseUrl: string): ApiDocument {
  const placed = [...document.operations.values()].filter(({ server }) => server !== undefined)
  if (placed.length === 0 || !URL.canParse(baseUrl)) return document
  const operations = new Map(document.operations)
  const leftOut = [...document.leftOut]
  for (const operation of placed) {
    try {
      operations.set(operation.id, { ...operation, basePath: basePathOf(document, operation, baseUrl) })
    } catch (error) {
      operations.delete(operation.id)
      leftOut.push({ operation: operation.id, reason: messageOf(error) })
    }
  }
  return { ...document, operations, leftOut }
}
