import { Bundler } from '../document/bundle.ts'
import { lookUp, type Operation } from '../document/read.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
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

/** Schemas that stand alone, as one: themselves, or alternatives. */
function standAlone(root: JsonObject, inputs: Json[]): JsonObject {
  const { schemas, defs } = new Bundler(root, 'receive').bundle(inputs)
  const [only] = schemas
  let body = schemas.length === 1 && only ? only : { anyOf: schemas }
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
 * stands apart. The result is complete (every keyword of the document); `forClients` makes what is published.
 */
export function buildOutput(root: JsonObject, operation: Operation, roles: Roles = {}): Output {
  const shapes: Record<string, Shape> = {}
  const inputs: Json[] = []
  const sides: Side[] = []
  let complete = true
  const successes = Object.entries(operation.responses).filter(([status]) => /^2(\d\d|XX)$/i.test(status))
  const kindOf = sideRule(successes, roles)
  for (const [status, response] of successes) {
    const content = { ...contentOf(response) }
    for (const [mediaType, media] of Object.entries(content)) {
      const kind = kindOf(status, mediaType)
      if (kind === undefined) continue
      delete content[mediaType]
      const schema = (isObject(media) && media.schema) || {}
      const shape = isObjectSchema(root, schema) ? 'object' : 'wrapped'
      sides.push({
        kind,
        status,
        mediaType,
        shape,
        schema: standAlone(root, [shape === 'object' ? schema : wrapped(schema)]),
      })
    }
    if (Object.keys(content).length === 0 && Object.keys(contentOf(response)).length > 0) continue
    const { schema, shape } = jsonSchemaOf(content)
    if (shape !== undefined || schema === undefined) {
      shapes[status] = shape ?? 'text'
      if (shape === 'text') complete = false
      else inputs.push(EMPTY)
    } else if (isObjectSchema(root, schema)) {
      shapes[status] = 'object'
      inputs.push(schema)
    } else {
      shapes[status] = 'wrapped'
      inputs.push(wrapped(schema))
    }
  }
  const output = { shapes, ...(sides.length > 0 && { sides }) }
  if (!complete || inputs.length === 0) return output
  const different = [...new Map(inputs.map((schema) => [JSON.stringify(schema), schema])).values()]
  return { schema: standAlone(root, different), ...output }
}
