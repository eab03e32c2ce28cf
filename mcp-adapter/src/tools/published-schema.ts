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
    // A list of types is refused by the strict list of the MCP Inspector, and by hosts with one type for a schema.
    else if (keyword === 'type' && Array.isArray(value) && schema.anyOf === undefined && schema.oneOf === undefined)
      kept.push(['anyOf', value.map((type) => ({ type }))])
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

/** The types that a value may have; undefined when the schema leaves any of them open. */
function typesOf(root: JsonObject, schema: JsonObject, depth = 0): string[] | undefined {
  const { type, anyOf = schema.oneOf } = schema
  if (type !== undefined) return [type].flat().filter((each) => typeof each === 'string')
  if (!Array.isArray(anyOf) || depth > 4) return undefined
  const each = anyOf.map((choice) => typesOf(root, named(root, choice), depth + 1))
  return each.every((found) => found !== undefined) ? [...new Set(each.flat())] : undefined
}

/** The properties of an answer's root, each with the types that it may have; undefined where they are not known. */
function types(root: JsonObject, schema: JsonObject): [string, string[] | undefined][] {
  const properties = isObject(schema.properties) ? schema.properties : {}
  return Object.entries(properties).map(([name, property]) => [name, typesOf(root, named(root, property))])
}

/** A schema of types alone, each in a schema of its own: hosts do not all take a list of them. */
function ofTypes(known: string[] = []): JsonObject {
  const [only, ...others] = known.map((type) => ({ type }))
  return only === undefined ? {} : others.length === 0 ? only : { anyOf: [only, ...others] }
}

/**
 * The shortest form: what the root of the first schema has, each with the types that it has in all of them, and nothing
 * required. So every answer of a tool keeps it that has several (its result, an approval, what would happen). All of
 * them written out would cost each model several times as much.
 */
export function brief(schemas: JsonObject[]): JsonObject {
  const [main = [], ...others] = schemas.flatMap((schema) => alternatives(schema).map((one) => types(schema, one)))
  const known = new Map(main)
  for (const [name, found] of others.flat()) {
    const before = known.get(name)
    if (known.has(name)) known.set(name, before && found && [...new Set([...before, ...found])])
  }
  const properties = Object.fromEntries([...known].map(([name, found]) => [name, ofTypes(found)]))
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
