import { isObject, type Json, type JsonObject } from '../json.ts'
import { lookUp } from './lookup.ts'

export type Direction = 'send' | 'receive'

const hiddenBy: Record<Direction, string> = { send: 'readOnly', receive: 'writeOnly' }
const MOST_STEPS = 50

/** A schema and, with it, what its references and the parts of its `allOf` say; each once. */
function* together(root: JsonObject, schema: Json, seen = new Set<Json>()): Generator<JsonObject> {
  if (!isObject(schema) || seen.has(schema) || seen.size > MOST_STEPS) return
  seen.add(schema)
  yield schema
  if (typeof schema.$ref === 'string') yield* together(root, lookUp(root, schema.$ref), seen)
  for (const part of Array.isArray(schema.allOf) ? schema.allOf : []) yield* together(root, part, seen)
}

/** Whether a property does not travel in this direction: by its own mark, or by that of what it refers to. */
export function isHidden(root: JsonObject, schema: Json, direction: Direction): boolean {
  const mark = hiddenBy[direction]
  if (!isObject(schema)) return false
  if (schema[mark] === true || (schema.$ref === undefined && schema.allOf === undefined)) return schema[mark] === true
  return [...together(root, schema)].some((part) => part[mark] === true)
}

/** The names of properties that do not travel, of a schema and those that hold together with it. */
function hiddenNames(root: JsonObject, schema: JsonObject, direction: Direction): string[] {
  const parts = schema.allOf === undefined ? [schema] : together(root, schema)
  const names: string[] = []
  for (const { properties } of parts) {
    if (!isObject(properties)) continue
    for (const name of Object.keys(properties)) {
      if (isHidden(root, properties[name] as Json, direction)) names.push(name)
    }
  }
  return names
}

/**
 * A schema without the properties that do not travel (`readOnly` is not sent, `writeOnly` is not received). `outer` are
 * hidden names of the `allOf` around: what another part hides is not required in this one.
 */
export function withoutHidden(
  root: JsonObject,
  schema: JsonObject,
  direction: Direction,
  outer: string[] = [],
): JsonObject {
  const hidden = new Set([...hiddenNames(root, schema, direction), ...outer])
  if (hidden.size === 0) return schema
  const { required, properties, allOf, ...rest } = schema
  const needed = Array.isArray(required) ? required.filter((name) => !hidden.has(String(name))) : []
  const shown = Object.entries(isObject(properties) ? properties : {}).filter(
    ([, child]) => !isHidden(root, child, direction),
  )
  const parts = (Array.isArray(allOf) ? allOf : []).map((part) =>
    isObject(part) && part.$ref === undefined ? withoutHidden(root, part, direction, [...hidden]) : part,
  )
  return {
    ...rest,
    ...(isObject(properties) && { properties: Object.fromEntries(shown) }),
    ...(Array.isArray(allOf) && { allOf: parts }),
    ...(needed.length > 0 && { required: needed }),
  }
}
