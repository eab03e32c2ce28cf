import { isObject, type Json, type JsonObject } from '../json.ts'
import { INTEGER_TEXT } from './inputs/int64.ts'

const LIMITS = new Set(
  (
    'unevaluatedProperties unevaluatedItems format pattern minLength maxLength minimum maximum exclusiveMinimum ' +
    'exclusiveMaximum multipleOf minItems maxItems uniqueItems minProperties maxProperties contains minContains ' +
    'maxContains propertyNames dependentRequired dependentSchemas not if then else definitions'
  ).split(' '),
)
const WORDS = new Set(['title', 'description', 'deprecated', 'readOnly', 'writeOnly'])
const MAPS = new Set(['properties', '$defs', 'patternProperties', 'dependentSchemas'])
const VALUES = new Set(['const', 'default', 'examples'])
const CHOICES = new Set(['anyOf', 'oneOf'])
/** Of a long list of known values the first few show what they are like. */
const MOST_EXAMPLES = 6

/** The values of an `enum`, a `const`, or a choice of constants; undefined for any other schema. */
function closedSet(schema: JsonObject): Json[] | undefined {
  if (Array.isArray(schema.enum)) return schema.enum
  if (schema.const !== undefined) return [schema.const]
  const choices = schema.anyOf ?? schema.oneOf
  if (!Array.isArray(choices) || choices.length === 0) return undefined
  const constants = choices.flatMap((choice) => (isObject(choice) && choice.const !== undefined ? [choice.const] : []))
  return constants.length === choices.length ? constants : undefined
}

/** A type for values of one kind; nothing else would be true of all of them. */
function typeOfAll(values: Json[]): string | undefined {
  const types = new Set(values.map((v) => (v === null ? 'null' : Array.isArray(v) ? 'array' : typeof v)))
  return types.size === 1 ? [...types][0] : undefined
}

/**
 * The published form of an output schema: names and types. It leaves out the limits that an API may widen tomorrow: SDK
 * clients refuse a result that breaks the published schema, after the request was made, so a new field, a new enum
 * value, a longer text, or a field that is not there must not break it. One of several (`oneOf`) becomes any of them:
 * without their limits, several fit. It leaves out the words as well: a host that shows output schemas to its model
 * pays for them with every request. Known values stay readable as `examples`, which no validator enforces. The complete
 * schema still decides what counts as drift, and what keeps it keeps this one too. Without `strict`, nothing is required.
 */
export function forClients(schema: Json, strict = true): Json {
  const open = (child: Json) => forClients(child, strict)
  if (Array.isArray(schema)) return schema.map(open)
  if (!isObject(schema)) return schema
  const values = closedSet(schema)
  const kept: [string, Json][] = []
  for (const [keyword, value] of Object.entries(schema)) {
    if (LIMITS.has(keyword) || WORDS.has(keyword)) continue
    if ((keyword === 'additionalProperties' || keyword === 'items') && !isObject(value)) continue
    if (keyword === 'required') {
      if (strict) kept.push([keyword, value])
    } else if (values && (CHOICES.has(keyword) || keyword === 'enum' || keyword === 'const')) {
      const type = typeOfAll(values)
      if (schema.type === undefined && type !== undefined) kept.push(['type', type])
      if (schema.examples === undefined) kept.push(['examples', values.slice(0, MOST_EXAMPLES)])
    } else if (VALUES.has(keyword)) kept.push([keyword, value])
    else if (MAPS.has(keyword) && isObject(value)) {
      kept.push([keyword, Object.fromEntries(Object.entries(value).map(([name, child]) => [name, open(child)]))])
    } else if (keyword === 'oneOf') {
      if (schema.anyOf === undefined) kept.push(['anyOf', open(value)])
    } else kept.push([keyword, open(value)])
  }
  return Object.fromEntries(kept)
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
 * held against the complete schema all the same, and what it breaks is told. `isVerbatim` leaves out nothing.
 */
export function forModels(schema: Json, isVerbatim = false): Json {
  const inside = (child: Json) => forModels(child, isVerbatim)
  if (Array.isArray(schema)) return schema.map(inside)
  if (!isObject(schema)) return schema
  const kept: [string, Json][] = []
  for (const [keyword, value] of Object.entries(schema)) {
    if (!isVerbatim && CHECKED.has(keyword) && !(keyword === 'additionalProperties' && isObject(value))) continue
    // Text is taken for such an integer too, where digits would be lost. Saying so would cost every reader.
    if (keyword === 'type' && schema.pattern === INTEGER_TEXT) {
      kept.push(['type', 'integer'])
      continue
    }
    // Words that the curation file takes away go over those of the component behind a reference.
    if (keyword === 'description' && value === '') continue
    if (MAPS.has(keyword) && isObject(value)) {
      kept.push([keyword, Object.fromEntries(Object.entries(value).map(([name, child]) => [name, inside(child)]))])
    } else kept.push([keyword, VALUES.has(keyword) || keyword === 'enum' ? value : inside(value)])
  }
  return Object.fromEntries(kept)
}
