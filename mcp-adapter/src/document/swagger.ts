import { upgradeFromTwoToThree } from '@scalar/openapi-upgrader/2.0-to-3.0'
import { ConfigError, messageOf } from '../errors.ts'
import { atPointer, escapeStep, isObject, type Json, type JsonObject } from '../json.ts'
import { atFragment, keepRefusals, resolved } from './lookup.ts'
import type { LeftOut } from './read.ts'
import { walk } from './structure.ts'

/**
 * Swagger 2.0 to OpenAPI 3.0 by @scalar/openapi-upgrader. It does not follow references to parameters and responses,
 * applies `consumes` and `produces` of the document to those, overlooks body parameters of a path, and gives up the
 * whole document for one operation that it cannot read. So every operation is made complete first, and one that it
 * fails on is left out.
 */

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch']
/** Shared parameters and responses, written out in each operation, may add so many values. */
const MAX_COPIED = 1_000_000
/** By place, what OpenAPI 3 has a style for (OpenAPI 3.1, section 4.8.12.2.1). */
const STYLED: Record<string, string[]> = {
  query: ['csv', 'ssv', 'pipes', 'multi'],
  path: ['csv'],
  header: ['csv'],
  formData: ['csv', 'ssv', 'pipes', 'multi'],
}

interface Copier {
  copy(value: JsonObject): JsonObject
}

function createCopier(): Copier {
  const sizes = new WeakMap<JsonObject, number>()
  let copied = 0
  const sizeOf = (value: Json): number => {
    if (typeof value !== 'object' || value === null) return 1
    return Object.values(value).reduce<number>((sum, each) => sum + sizeOf(each), 1)
  }
  return {
    copy(value) {
      const size = sizes.get(value) ?? sizeOf(value)
      sizes.set(value, size)
      copied += size
      if (copied > MAX_COPIED)
        throw new ConfigError('Its shared parameters and responses are too large to be written out')
      return structuredClone(value)
    },
  }
}

function checkParameter(parameter: JsonObject): void {
  if (typeof parameter.name !== 'string' || typeof parameter.in !== 'string')
    throw new ConfigError('A parameter of it has no "name" or no "in"')
  const format = parameter.collectionFormat ?? 'csv'
  const known = Object.hasOwn(STYLED, parameter.in) ? STYLED[parameter.in] : undefined
  if (parameter.type === 'array' && known && !known.includes(String(format)))
    throw new ConfigError(
      `The collectionFormat "${format}" of its ${parameter.in} parameter "${parameter.name}" has no style in OpenAPI 3`,
    )
}

/** All parameters of an operation, its path's included, each written out. */
function parametersOf(root: JsonObject, item: JsonObject, operation: JsonObject, { copy }: Copier): JsonObject[] {
  const byPlace = new Map<string, JsonObject>()
  for (const list of [item.parameters, operation.parameters]) {
    const own = new Set<string>()
    for (const entry of Array.isArray(list) ? list : []) {
      const parameter = resolved(root, entry)
      checkParameter(parameter)
      // There is one body, whatever it is called.
      const key = parameter.in === 'body' ? 'body' : `${parameter.in}:${parameter.name}`
      if (own.has(key)) continue
      own.add(key)
      byPlace.set(key, copy(parameter))
    }
  }
  return [...byPlace.values()]
}

const isForm = (type: Json) => type === 'multipart/form-data' || type === 'application/x-www-form-urlencoded'

/** The media types of the body. Without any that fits, forms are sent in the short form unless they hold a file. */
function consumesOf(root: JsonObject, operation: JsonObject, parameters: JsonObject[]): Json[] {
  const declared = [operation.consumes, root.consumes].find((list) => Array.isArray(list) && list.length > 0) as
    | Json[]
    | undefined
  const fields = parameters.filter((parameter) => parameter.in === 'formData')
  if (fields.length === 0) return declared ?? ['application/json']
  const fitting = (declared ?? []).filter(isForm)
  const hasFile = fields.some((field) => field.type === 'file')
  if (hasFile) return ['multipart/form-data']
  return fitting.length > 0 ? fitting : ['application/x-www-form-urlencoded']
}

function completeOperation(root: JsonObject, item: JsonObject, operation: JsonObject, copier: Copier): JsonObject {
  const parameters = parametersOf(root, item, operation, copier)
  const responses = isObject(operation.responses) ? operation.responses : {}
  const own = Object.entries(responses).flatMap(([status, response]): [string, Json][] =>
    isObject(response) && !status.startsWith('x-') ? [[status, copier.copy(resolved(root, response))]] : [],
  )
  return {
    ...operation,
    parameters,
    consumes: consumesOf(root, operation, parameters),
    responses: Object.fromEntries(own),
  }
}

/** One path with one operation, by the library; alone, so that what it stumbles over is known. */
function upgrade(root: JsonObject, paths: JsonObject): JsonObject {
  const { parameters: _, responses: __, ...rest } = root
  return upgradeFromTwoToThree({ ...rest, paths } as never) as JsonObject
}

/** Schemas that stand where version 3 has something else (`#/paths/...`, `#/responses/...`) get names of their own. */
function nameSchemas(root: JsonObject): void {
  if (!isObject(root.definitions)) root.definitions = {}
  const { definitions } = root
  const named = new Map<string, string>()
  walk(root, 'document', (schema, kind) => {
    const { $ref } = schema
    if (kind !== 'schema' || typeof $ref !== 'string' || !/^#\/(?!definitions\/)/.test($ref)) return
    const target = atFragment(root, $ref)
    if (!isObject(target)) return
    let name = named.get($ref) ?? $ref.slice(2).replaceAll(/[^A-Za-z0-9]+/g, '_')
    while (!named.has($ref) && Object.hasOwn(definitions, name)) name += '_'
    named.set($ref, name)
    definitions[name] = target
    schema.$ref = `#/definitions/${name}`
  })
}

/** The encrypted scheme first: the first server is the one that is used. */
function schemesOf(root: JsonObject): Json[] {
  const schemes = Array.isArray(root.schemes) ? root.schemes.filter((scheme) => /^https?$/.test(String(scheme))) : []
  return schemes.includes('https') ? ['https', ...schemes.filter((scheme) => scheme !== 'https')] : schemes
}

/** A form with a required field has to be sent, which the library does not say. */
function requireForms(root: JsonObject, forms: [path: string, method: string][]): void {
  for (const [path, method] of forms) {
    const body = atPointer(root, `/paths/${escapeStep(path)}/${method}/requestBody`)
    if (isObject(body)) body.required = true
  }
}

/** A Swagger 2.0 document as OpenAPI 3.0. The document itself is used up. Throws ConfigError. */
export function upgradeSwagger(
  root: JsonObject,
  refusals: Map<string, string>,
): { root: JsonObject; leftOut: LeftOut[] } {
  keepRefusals(root, refusals)
  nameSchemas(root)
  const leftOut: LeftOut[] = []
  const forms: [string, string][] = []
  const copier = createCopier()
  const { paths, ...rest } = root
  const plain: JsonObject = { ...rest, schemes: schemesOf(root) }
  const complete: JsonObject = {}
  const bare: JsonObject = { swagger: '2.0', produces: root.produces ?? ['application/json'] }
  for (const [path, entry] of Object.entries(isObject(paths) ? paths : {})) {
    if (path.startsWith('x-')) continue
    const item: JsonObject = {}
    let whole: JsonObject
    try {
      whole = resolved(root, entry)
    } catch (error) {
      leftOut.push({ operation: path, reason: messageOf(error) })
      continue
    }
    for (const method of METHODS) {
      const operation = whole[method]
      if (!isObject(operation)) continue
      try {
        const made = completeOperation(root, whole, operation, copier)
        upgrade(bare, { [path]: { [method]: structuredClone(made) } })
        item[method] = made
        const fields = made.parameters as JsonObject[]
        if (fields.some((field) => field.in === 'formData' && field.required === true)) forms.push([path, method])
      } catch (error) {
        const { operationId } = operation
        const label = typeof operationId === 'string' ? operationId : `${method.toUpperCase()} ${path}`
        leftOut.push({ operation: label, reason: messageOf(error) })
      }
    }
    Object.defineProperty(complete, path, { value: item, enumerable: true, configurable: true, writable: true })
  }
  try {
    const upgraded = upgrade(plain, complete)
    requireForms(upgraded, forms)
    return { root: upgraded, leftOut }
  } catch (error) {
    throw new ConfigError(`The Swagger 2.0 document cannot be converted: ${messageOf(error)}`)
  }
}
