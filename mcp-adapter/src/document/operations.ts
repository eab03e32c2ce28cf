import { ConfigError, messageOf } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { resolved } from './lookup.ts'
import type { LeftOut, Operation } from './read.ts'
import { type ServerChoice, serverUrl } from './servers.ts'

const METHODS = ['get', 'head', 'put', 'post', 'patch', 'delete']
/** Methods that a document may have and no tool can be made of. */
const NO_TOOLS = ['options', 'trace', 'query']
const PLACES = new Set(['path', 'query', 'header', 'cookie', 'querystring'])

/** One operation object, with where it stands. */
interface Candidate {
  method: string
  path: string
  item: JsonObject
  source: JsonObject
  id: string
}

/** Path-item parameters first, then the operation's own, which replace those of the same name and place. */
function readParameters(root: JsonObject, { item, source, path }: Candidate): JsonObject[] {
  const byPlace = new Map<string, JsonObject>()
  const template = [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name as string)
  for (const list of [item.parameters, source.parameters]) {
    const own = new Set<string>()
    for (const entry of Array.isArray(list) ? list : []) {
      const parameter = resolved(root, entry)
      if (typeof parameter.name !== 'string' || !PLACES.has(String(parameter.in)))
        throw new ConfigError('A parameter of it has no "name", or no "in" that OpenAPI knows')
      // A value for a place that the path has not cannot be sent.
      if (parameter.in === 'path' && !template.includes(parameter.name)) continue
      const key = `${parameter.in}:${parameter.name}`
      // Twice in one list: the first counts.
      if (own.has(key)) continue
      own.add(key)
      byPlace.set(key, parameter)
    }
  }
  for (const name of template) {
    const key = `path:${name}`
    if (!byPlace.has(key)) byPlace.set(key, { name, in: 'path', required: true, schema: { type: 'string' } })
  }
  return [...byPlace.values()]
}

function checkPath(path: string): void {
  if (!path.startsWith('/')) throw new ConfigError('Its path does not begin with "/"')
  const literal = path.replaceAll(/\{[^{}]*\}/g, '')
  if (/[\\\s]/.test(literal)) throw new ConfigError('Its path has a space or a backslash')
  if (path.split(/[/?]/).some((segment) => /^(\.|%2e){1,2}$/i.test(segment)))
    throw new ConfigError('Its path has a segment "." or ".."')
}

function readOperation(root: JsonObject, candidate: Candidate, choice: ServerChoice): Operation {
  const { method, path, item, source, id } = candidate
  // A fragment tells operations of one path apart ("/items#search"). It is never sent.
  checkPath(path.split('#')[0] as string)
  const responses = isObject(source.responses) ? source.responses : {}
  const servers = [source.servers, item.servers].find((list) => Array.isArray(list) && list.length > 0)
  const server = serverUrl(servers, choice)
  return {
    id,
    method: method.toUpperCase(),
    path,
    tags: Array.isArray(source.tags) ? source.tags.filter((tag) => typeof tag === 'string') : [],
    ...(typeof source.summary === 'string' && { summary: source.summary }),
    ...(typeof source.description === 'string' && { description: source.description }),
    ...(source.deprecated === true && { deprecated: true }),
    ...(Array.isArray(servers) && { servers: servers.filter(isObject) }),
    ...(server !== undefined && { server }),
    parameters: readParameters(root, candidate),
    ...(source.requestBody !== undefined && { requestBody: resolved(root, source.requestBody) }),
    responses: Object.fromEntries(
      Object.entries(responses).flatMap(([status, response]) =>
        status.startsWith('x-') ? [] : [[status, resolved(root, response)]],
      ),
    ),
    source,
  }
}

/** An id from method and path: `GET /users/{id}/keys` is `get_users_id_keys`. */
function derivedId(method: string, path: string): string {
  return [method, ...path.split(/[^A-Za-z0-9]+/)].filter((word) => word !== '').join('_')
}

/**
 * Gives every operation an id of its own. The first that names one keeps it; without one, or with one that is given
 * already, it is made of method and path, so that it stays the same whatever else the document gains.
 */
function nameOperations(candidates: Candidate[]): void {
  const taken = new Set<string>()
  const unnamed = candidates.filter((candidate) => {
    const id = candidate.source.operationId
    if (typeof id !== 'string' || id === '' || taken.has(id)) return true
    taken.add(id)
    candidate.id = id
    return false
  })
  for (const candidate of unnamed) {
    const stem = derivedId(candidate.method, candidate.path)
    let id = stem
    for (let count = 2; taken.has(id); count++) id = `${stem}_${count}`
    taken.add(id)
    candidate.id = id
  }
}

const label = (method: string, path: string) => `${method.toUpperCase()} ${path}`

/** The path item behind `$ref`s; what stands beside one goes over it. */
function readItem(root: JsonObject, item: Json): JsonObject {
  if (!isObject(item) || typeof item.$ref !== 'string') return isObject(item) ? item : {}
  const { $ref: _, ...own } = item
  return { ...resolved(root, item), ...own }
}

/**
 * The operations of a normalised document, in its order. One that cannot be read is left out with the reason, and the
 * others are not touched by it. Callbacks and webhooks are requests to others: no operations.
 */
export function readOperations(
  root: JsonObject,
  choice: ServerChoice = {},
): { operations: Map<string, Operation>; leftOut: LeftOut[] } {
  const candidates: Candidate[] = []
  const leftOut: LeftOut[] = []
  for (const [path, entry] of Object.entries(isObject(root.paths) ? root.paths : {})) {
    if (path.startsWith('x-')) continue
    let item: JsonObject
    try {
      item = readItem(root, entry)
    } catch (error) {
      leftOut.push({ operation: path, reason: messageOf(error) })
      continue
    }
    for (const method of METHODS) {
      const source = item[method]
      if (isObject(source)) candidates.push({ method, path, item, source, id: '' })
    }
    const further = isObject(item.additionalOperations) ? Object.keys(item.additionalOperations) : []
    for (const method of [...NO_TOOLS.filter((name) => isObject(item[name])), ...further])
      leftOut.push({
        operation: label(method, path),
        reason: `The method ${method.toUpperCase()} is not offered to agents`,
      })
  }
  nameOperations(candidates)
  const operations = new Map<string, Operation>()
  for (const candidate of candidates) {
    try {
      operations.set(candidate.id, readOperation(root, candidate, choice))
    } catch (error) {
      const { operationId } = candidate.source
      const operation = operationId === candidate.id ? candidate.id : label(candidate.method, candidate.path)
      leftOut.push({ operation, reason: messageOf(error) })
    }
  }
  return { operations, leftOut }
}
