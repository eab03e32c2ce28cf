import { isDeepStrictEqual } from 'node:util'
import { isHidden } from '../../document/bundle.ts'
import { lookUp } from '../../document/read.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'

/** The fields of an object that says no more than which fields it has. */
interface PlainObject {
  properties: Record<string, Json>
  required: string[]
}

/** Rules about the object as a whole, which would be lost when its fields stood beside others. */
const WHOLE =
  'anyOf oneOf not if patternProperties propertyNames dependentRequired dependentSchemas dependencies const enum'.split(
    ' ',
  )
const MOST_STEPS = 50
/** So many parts are put together; parts that each name another twice would be endlessly many. */
const MOST_PARTS = 1000

/** What references lead to; undefined where they do not end. */
export function resolveSchema(root: JsonObject, schema: Json): Json | undefined {
  let target = schema
  for (let step = 0; step < MOST_STEPS; step++) {
    if (!isObject(target) || typeof target.$ref !== 'string') return target
    const beside = Object.keys(target).filter((word) => word !== '$ref' && word !== 'description' && word !== 'title')
    if (beside.length > 0) return target
    target = lookUp(root, target.$ref)
  }
  return undefined
}

function merge(all: PlainObject[]): PlainObject | undefined {
  const properties = new Map<string, Json>()
  for (const [name, schema] of all.flatMap((one) => Object.entries(one.properties))) {
    const before = properties.get(name)
    if (before !== undefined && !isDeepStrictEqual(before, schema)) return undefined
    properties.set(name, before ?? schema)
  }
  return { properties: Object.fromEntries(properties), required: all.flatMap((one) => one.required) }
}

function read(root: JsonObject, schema: Json, inside: number, left: { parts: number }): PlainObject | undefined {
  left.parts -= 1
  if (left.parts < 0) return undefined
  const target = resolveSchema(root, schema)
  if (!isObject(target) || target.$ref !== undefined || inside > MOST_STEPS) return undefined
  if (target.type !== undefined && target.type !== 'object') return undefined
  if (WHOLE.some((word) => target[word] !== undefined)) return undefined
  const parts = Array.isArray(target.allOf) ? target.allOf : []
  // A part of allOf that is closed closes the others out; open fields have no place among arguments.
  const closed = target.additionalProperties === false && parts.length === 0 && inside === 0
  if (target.additionalProperties !== undefined && !closed) return undefined
  const own = {
    properties: isObject(target.properties) ? target.properties : {},
    required: Array.isArray(target.required) ? target.required.map(String) : [],
  }
  const others = parts.map((part) => read(root, part, inside + 1, left))
  return others.some((part) => part === undefined) ? undefined : merge([own, ...(others as PlainObject[])])
}

/**
 * The fields of a body that can stand beside the parameters without a change of meaning: of a plain object, or of
 * `allOf` over such. Fields that the API sets (readOnly) are not among them. Undefined for every other schema: a
 * dictionary, alternatives, an array, a value, or an object that is open.
 */
export function plainObject(root: JsonObject, schema: Json): PlainObject | undefined {
  const found = read(root, schema, 0, { parts: MOST_PARTS })
  if (!found || Object.keys(found.properties).length === 0) return undefined
  const kept = Object.entries(found.properties).filter(([, child]) => !isHidden(root, child, 'send'))
  const properties = Object.fromEntries(kept)
  const names = [...new Set(found.required)]
  // A required field that is nowhere described can still be given where the body is one argument.
  if (names.some((name) => !Object.hasOwn(found.properties, name))) return undefined
  return { properties, required: names.filter((name) => Object.hasOwn(properties, name)) }
}
