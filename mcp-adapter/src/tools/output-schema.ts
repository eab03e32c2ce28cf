import { Bundler } from '../document/bundle.ts'
import { lookUp, type Operation } from '../document/read.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Fields } from '../results/fields.ts'
import { allowDigits } from './exact-integers.ts'
import type { Roles } from './safety.ts'

/** How an answer of one 2xx status becomes `structuredContent`. */
export type Shape = 'object' | 'wrapped' | 'empty' | 'text'

export interface Output {
  /** What is shown; absent when an answer cannot be described as JSON. */
  schema?: JsonObject
  /** By status as the document writes it: `200`, `2XX`. */
  shapes: Record<string, Shape>
  /** Answers that say that nothing was done yet; absent when there are none. */
  sides?: Side[]
}

/** What an operation answers instead of its result: an approval that is waited for, or what would happen. */
export interface Side {
  kind: 'approval' | 'dry-run'
  status: string
  mediaType: string
  shape: Shape
  /** Complete, as the document has it. */
  schema: JsonObject
}

/** `known`: what was found out about references; one that is being looked at counts as none of an object. */
function isObjectSchema(root: JsonObject, schema: Json, known = new Map<string, boolean>()): boolean {
  if (!isObject(schema)) return false
  if (schema.type !== undefined) return schema.type === 'object'
  const { $ref } = schema
  if (typeof $ref === 'string') {
    if (!known.has($ref)) {
      known.set($ref, false)
      known.set($ref, isObjectSchema(root, lookUp(root, $ref), known))
    }
    return known.get($ref) === true
  }
  const every = (list: Json | undefined) =>
    Array.isArray(list) && list.length > 0 && list.every((s) => isObjectSchema(root, s, known))
  const some = Array.isArray(schema.allOf) && schema.allOf.some((s) => isObjectSchema(root, s, known))
  return isObject(schema.properties) || some || every(schema.anyOf) || every(schema.oneOf)
}

const EMPTY: JsonObject = { type: 'object', properties: { status: { type: 'integer' } }, required: ['status'] }

const isJson = (type: string) => /^application\/(.+\+)?json\b/i.test(type)
const contentOf = (response: JsonObject): JsonObject => (isObject(response.content) ? response.content : {})

function jsonSchemaOf(content: JsonObject): { schema?: Json; shape?: Shape } {
  const types = Object.keys(content)
  if (types.length === 0) return { shape: 'empty' }
  const type = types.find(isJson)
  const media = type === undefined ? undefined : content[type]
  return isObject(media) ? { schema: media.schema ?? {} } : { shape: 'text' }
}

const wrapped = (schema: Json): JsonObject => ({ type: 'object', properties: { result: schema }, required: ['result'] })

/** Names of `$defs` that schemas lead to, directly or through others. */
function reachable(schemas: Json[], defs: JsonObject): JsonObject {
  const live = new Set<string>()
  const walk = (value: Json): void => {
    if (Array.isArray(value)) value.forEach(walk)
    if (!isObject(value)) return
    const name = typeof value.$ref === 'string' ? value.$ref.slice('#/$defs/'.length) : undefined
    if (name !== undefined && !live.has(name)) {
      live.add(name)
      walk(defs[name] ?? {})
    }
    Object.values(value).forEach(walk)
  }
  schemas.forEach(walk)
  return Object.fromEntries(Object.entries(defs).filter(([name]) => live.has(name)))
}

/** The fields that are kept of one answer; what is wrapped was not an object in the API's own words. */
function keepFields(schema: JsonObject, shape: Shape, defs: JsonObject, fields: Fields): JsonObject {
  if (shape === 'object') return fields.schema(schema, defs) as JsonObject
  if (shape !== 'wrapped') return schema
  const properties = schema.properties as JsonObject
  return { ...schema, properties: { result: fields.schema(properties.result ?? {}, defs) } }
}

interface Part {
  shape: Shape
  schema: JsonObject
}

/** Schemas that stand alone, as one: themselves, or alternatives. */
function standAlone(root: JsonObject, parts: Part[], fields?: Fields): JsonObject {
  const bundled = new Bundler(root, 'receive').bundle(parts.map((part) => part.schema))
  const all = bundled.defs
  const whole = bundled.schemas.map((schema, i) => {
    const { shape } = parts[i] as Part
    return allowDigits(fields ? keepFields(schema, shape, all, fields) : schema) as JsonObject
  })
  const different = [...new Map(whole.map((schema) => [JSON.stringify(schema), schema])).values()]
  const used = fields ? reachable(different, all) : all
  const defs = Object.fromEntries(Object.entries(used).map(([name, schema]) => [name, allowDigits(schema)]))
  const [only] = different
  let body = different.length === 1 && only ? only : { anyOf: different }
  // A root that is a reference (a schema that contains itself) is written out: clients look for properties there.
  if (typeof body.$ref === 'string') {
    const { $ref, ...beside } = body
    body = { ...(defs[$ref.slice('#/$defs/'.length)] as JsonObject), ...beside }
  }
  return { type: 'object', ...body, ...(Object.keys(defs).length > 0 && { $defs: defs }) }
}

/**
 * Which answers are sides. Where approvals are, a 202 beside another success; an operation that has no other success
 * answers its result with it too. Where dry runs are, JSON that is not of the main type.
 */
function sideRule(
  successes: [string, JsonObject][],
  roles: Roles,
): (status: string, type: string) => Side['kind'] | undefined {
  const hasResult = successes.some(([status, response]) => {
    const names = Object.keys(contentOf(response))
    const isResult = (name: string) => !roles.dryRun || !isJson(name) || name === 'application/json'
    return status !== '202' && (names.length === 0 || names.some(isResult))
  })
  const waits = (status: string) => roles.approval !== undefined && status === '202' && hasResult
  const main = successes.filter(([status]) => !waits(status)).map(([, response]) => Object.keys(contentOf(response)))
  const types = main.flat().filter(isJson)
  const isPlain = main.some((names) => names.length === 0) || types.includes('application/json')
  const mainType = isPlain ? 'application/json' : types[0]
  return (status, type) => {
    if (!isJson(type)) return undefined
    if (waits(status)) return 'approval'
    return roles.dryRun && type !== mainType ? 'dry-run' : undefined
  }
}

/**
 * The answers of an operation as one JSON Schema whose root is an object: the schema of its 2xx response; an array or
 * a scalar as `{result}`; no content as `{status}`; several different ones as `anyOf`. What `roles` make a side answer
 * stands apart. The result is complete (every keyword of the document, for the fields that are kept); `forClients`
 * makes what is published.
 */
export function buildOutput(root: JsonObject, operation: Operation, roles: Roles = {}, fields?: Fields): Output {
  const shapes: Record<string, Shape> = {}
  const parts = new Map<string, Part>()
  const add = (schema: JsonObject, shape: Shape) => parts.set(`${shape} ${JSON.stringify(schema)}`, { schema, shape })
  const sides: Side[] = []
  let complete = true
  const successes = Object.entries(operation.responses).filter(([status]) => /^2(\d\d|XX)$/i.test(status))
  const kindOf = sideRule(successes, roles)
  for (const [status, response] of successes) {
    // HEAD has no content, whatever it describes (RFC 9110, section 9.3.2).
    const content = operation.method === 'HEAD' ? {} : { ...contentOf(response) }
    for (const [mediaType, media] of Object.entries(content)) {
      const kind = kindOf(status, mediaType)
      if (kind === undefined) continue
      delete content[mediaType]
      const described = (isObject(media) && media.schema) || {}
      const shape: Shape = isObjectSchema(root, described) ? 'object' : 'wrapped'
      const schema = shape === 'object' ? (described as JsonObject) : wrapped(described)
      sides.push({ kind, status, mediaType, shape, schema: standAlone(root, [{ schema, shape }]) })
    }
    const isSideOnly = Object.keys(content).length === 0 && Object.keys(contentOf(response)).length > 0
    if (isSideOnly && operation.method !== 'HEAD') continue
    const { schema, shape } = jsonSchemaOf(content)
    if (shape !== undefined || schema === undefined) {
      shapes[status] = shape ?? 'text'
      if (shape === 'text') complete = false
      else add(EMPTY, 'empty')
    } else if (isObjectSchema(root, schema)) {
      shapes[status] = 'object'
      add(schema as JsonObject, 'object')
    } else {
      shapes[status] = 'wrapped'
      add(wrapped(schema), 'wrapped')
    }
  }
  const output = { shapes, ...(sides.length > 0 && { sides }) }
  if (!complete || parts.size === 0) return output
  return { schema: standAlone(root, [...parts.values()], fields), ...output }
}
