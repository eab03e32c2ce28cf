import { isObject, type Json, type JsonObject } from '../json.ts'
import { INTEGER_TEXT } from './inputs/int64.ts'

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

/** The schema behind a reference into the same document's `$defs`; any other as it is. */
function named(root: JsonObject, schema: Json): JsonObject {
  if (!isObject(schema)) return {}
  const name = typeof schema.$ref === 'string' ? schema.$ref.slice('#/$defs/'.length) : undefined
  const target = name !== undefined && isObject(root.$defs) ? root.$defs[name] : undefined
  return isObject(target) ? target : schema
}

/** The objects that a schema leaves the choice of; itself, when it leaves none. */
function alternatives(schema: JsonObject): JsonObject[] {
  const { anyOf = schema.oneOf } = schema
  return Array.isArray(anyOf) ? anyOf.map((choice) => named(schema, choice)) : [schema]
}

/** The properties of an answer's root, each with its type alone. */
function types(root: JsonObject, schema: JsonObject): [string, JsonObject][] {
  return Object.entries(isObject(schema.properties) ? schema.properties : {}).map(([name, property]) => {
    const { type } = named(root, property)
    return [name, typeof type === 'string' ? { type } : {}]
  })
}

/**
 * The shortest form: what the root of the first schema has, each with its type where all of them agree on it, and
 * nothing required. So every answer of a tool keeps it that has several (its result, an approval, what would happen).
 * All of them written out would cost each model several times as much.
 */
export function brief(schemas: JsonObject[]): JsonObject {
  const [main = [], ...others] = schemas.flatMap((schema) => alternatives(schema).map((one) => types(schema, one)))
  const properties = Object.fromEntries(main)
  for (const [name, type] of others.flat()) {
    if (Object.hasOwn(properties, name) && properties[name]?.type !== type.type) properties[name] = {}
  }
  return { type: 'object', properties }
}

/** Every rule that is checked before anything is sent, and that a model seldom breaks: it need not read them. */
const CHECKED = new Set(['minLength', 'maxLength', 'pattern', 'minItems', 'maxItems', 'additionalProperties'])

/**
 * The published form of an input schema: names, types, choices, ranges, what is required, and the words. A call is
 * held against the complete schema all the same, and what it breaks is told.
 */
export function forModels(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(forModels)
  if (!isObject(schema)) return schema
  const kept: [string, Json][] = []
  for (const [keyword, value] of Object.entries(schema)) {
    if (CHECKED.has(keyword) && !(keyword === 'additionalProperties' && isObject(value))) continue
    // Text is taken for such an integer too, where digits would be lost. Saying so would cost every reader.
    if (keyword === 'type' && schema.pattern === INTEGER_TEXT) {
      kept.push(['type', 'integer'])
      continue
    }
    // Words that the curation file takes away go over those of the component behind a reference.
    if (keyword === 'description' && value === '') continue
    if (MAPS.has(keyword) && isObject(value)) {
      kept.push([keyword, Object.fromEntries(Object.entries(value).map(([name, child]) => [name, forModels(child)]))])
    } else kept.push([keyword, VALUES.has(keyword) || keyword === 'enum' ? value : forModels(value)])
  }
  return Object.fromEntries(kept)
}
