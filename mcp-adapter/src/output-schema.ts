import { Bundler } from './bundle.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { lookUp, type Operation } from './openapi.ts'

/** How an answer of one 2xx status becomes `structuredContent`. */
export type Shape = 'object' | 'wrapped' | 'empty' | 'text'

export interface Output {
  /** What is shown; absent when an answer cannot be described as JSON. */
  schema?: JsonObject
  /** By status as the document writes it: `200`, `2XX`. */
  shapes: Record<string, Shape>
}

function isObjectSchema(root: JsonObject, schema: Json, seen: string[] = []): boolean {
  if (!isObject(schema)) return false
  if (schema.type !== undefined) return schema.type === 'object'
  if (typeof schema.$ref === 'string') {
    return !seen.includes(schema.$ref) && isObjectSchema(root, lookUp(root, schema.$ref), [...seen, schema.$ref])
  }
  const every = (list: Json | undefined) =>
    Array.isArray(list) && list.length > 0 && list.every((s) => isObjectSchema(root, s, seen))
  const some = Array.isArray(schema.allOf) && schema.allOf.some((s) => isObjectSchema(root, s, seen))
  return isObject(schema.properties) || some || every(schema.anyOf) || every(schema.oneOf)
}

const EMPTY: JsonObject = { type: 'object', properties: { status: { type: 'integer' } }, required: ['status'] }

function jsonSchemaOf(response: JsonObject): { schema?: Json; shape?: Shape } {
  const content = isObject(response.content) ? response.content : {}
  const types = Object.keys(content)
  if (types.length === 0) return { shape: 'empty' }
  const type = types.find((name) => /^application\/(.+\+)?json\b/i.test(name))
  const media = type === undefined ? undefined : content[type]
  return isObject(media) ? { schema: media.schema ?? {} } : { shape: 'text' }
}

/**
 * The answers of an operation as one JSON Schema whose root is an object: the schema of its 2xx response; an array or
 * a scalar as `{result}`; no content as `{status}`; several different ones as `anyOf`. The result is complete (every
 * keyword of the document); `forClients` below makes what is published.
 */
export function buildOutput(root: JsonObject, operation: Operation): Output {
  const shapes: Record<string, Shape> = {}
  const inputs: Json[] = []
  let complete = true
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!/^2(\d\d|XX)$/i.test(status)) continue
    const { schema, shape } = jsonSchemaOf(response)
    if (shape !== undefined || schema === undefined) {
      shapes[status] = shape ?? 'text'
      if (shape === 'text') complete = false
      else inputs.push(EMPTY)
    } else if (isObjectSchema(root, schema)) {
      shapes[status] = 'object'
      inputs.push(schema)
    } else {
      shapes[status] = 'wrapped'
      inputs.push({ type: 'object', properties: { result: schema }, required: ['result'] })
    }
  }
  if (!complete || inputs.length === 0) return { shapes }
  const different = [...new Map(inputs.map((schema) => [JSON.stringify(schema), schema])).values()]
  const { schemas, defs } = new Bundler(root, 'receive').bundle(different)
  const [only] = schemas
  let body = schemas.length === 1 && only ? only : { anyOf: schemas }
  // A root that is a reference (a schema that contains itself) is written out: clients look for properties there.
  if (typeof body.$ref === 'string') {
    const { $ref, ...beside } = body
    body = { ...(defs[$ref.slice('#/$defs/'.length)] as JsonObject), ...beside }
  }
  return { schema: { type: 'object', ...body, ...(Object.keys(defs).length > 0 && { $defs: defs }) }, shapes }
}

const LIMITS = new Set(
  (
    'unevaluatedProperties format pattern minLength maxLength minimum maximum exclusiveMinimum ' +
    'exclusiveMaximum multipleOf minItems maxItems uniqueItems minProperties maxProperties'
  ).split(' '),
)
const WORDS = new Set(['title', 'description', 'deprecated', 'readOnly', 'writeOnly'])
const MAPS = new Set(['properties', '$defs', 'patternProperties', 'dependentSchemas'])
const VALUES = new Set(['const', 'default', 'examples'])
/** Of a long list of known values the first few show what they are like. */
const MOST_EXAMPLES = 6

/** The values of an `enum`, or of an `anyOf` of constants; undefined for any other schema. */
function closedSet(schema: JsonObject): Json[] | undefined {
  if (Array.isArray(schema.enum)) return schema.enum
  const choices = schema.anyOf
  if (!Array.isArray(choices) || choices.length === 0) return undefined
  const constants = choices.flatMap((choice) => (isObject(choice) && choice.const !== undefined ? [choice.const] : []))
  return constants.length === choices.length ? constants : undefined
}

/**
 * The published form of an output schema: names, types and what is required. It leaves out the limits that an API may
 * widen tomorrow: SDK clients refuse a result that breaks the published schema, after the request was made, so a new
 * field, a new enum value or a longer text must not break it. It leaves out the words as well: a host that shows
 * output schemas to its model pays for them with every request. Known values stay readable as `examples`, which no
 * validator enforces. The complete schema still decides what counts as drift.
 */
export function forClients(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(forClients)
  if (!isObject(schema)) return schema
  const values = closedSet(schema)
  const open: [string, Json][] = []
  for (const [keyword, value] of Object.entries(schema)) {
    if (LIMITS.has(keyword) || WORDS.has(keyword) || (keyword === 'additionalProperties' && !isObject(value))) continue
    if (values && (keyword === 'enum' || keyword === 'anyOf')) {
      const types = new Set(values.map((v) => (v === null ? 'null' : typeof v)))
      if (schema.type === undefined && types.size === 1) open.push(['type', [...types][0] as string])
      if (schema.examples === undefined) open.push(['examples', values.slice(0, MOST_EXAMPLES)])
    } else if (VALUES.has(keyword)) open.push([keyword, value])
    else if (MAPS.has(keyword) && isObject(value)) {
      open.push([keyword, Object.fromEntries(Object.entries(value).map(([name, child]) => [name, forClients(child)]))])
    } else open.push([keyword, forClients(value)])
  }
  return Object.fromEntries(open)
}
