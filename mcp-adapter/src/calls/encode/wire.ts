import { isObject, type Json, type JsonObject } from '../../json.ts'
import { INTEGER_TEXT } from '../../tools/inputs/int64.ts'
import { defName, eachSchema } from '../../tools/inputs/schemas.ts'
import { type Sendable, Unsendable, within } from './text.ts'

/** What must happen to the values at one place: the schemas that hold there, and what follows for what is inside. */
interface Place {
  /** Integers are expected. */
  integer: boolean
  /** Their digits may be given as text, and nothing else is a text here. */
  digits: boolean
  minimum: number
  maximum: number
  properties: ReadonlyMap<string, Json[]>
  items: Json[]
  rest: Json[]
}

export type ToWire = (value: Json) => Sendable

/** All schemas that hold at the place of some: those behind references and in combinations as well. */
function gather(found: Json[], defs: JsonObject): JsonObject[] {
  const all = new Set<JsonObject>()
  const add = (schema: Json | undefined) => {
    if (!isObject(schema) || all.has(schema)) return
    all.add(schema)
    const name = defName(schema)
    if (name !== undefined) add(defs[name])
    for (const list of [schema.allOf, schema.anyOf, schema.oneOf]) {
      if (Array.isArray(list)) list.forEach(add)
    }
    add(schema.then)
    add(schema.else)
    if (isObject(schema.dependentSchemas)) Object.values(schema.dependentSchemas).forEach(add)
  }
  found.forEach(add)
  return [...all]
}

function describe(schemas: JsonObject[]): Place {
  const properties = new Map<string, Json[]>()
  const items: Json[] = []
  const rest: Json[] = []
  for (const schema of schemas) {
    for (const [name, child] of Object.entries(isObject(schema.properties) ? schema.properties : {}))
      properties.set(name, [...(properties.get(name) ?? []), child])
    const lists = [schema.items, ...(Array.isArray(schema.prefixItems) ? schema.prefixItems : [])]
    items.push(...lists.filter(isObject))
    const { additionalProperties, patternProperties } = schema
    if (isObject(additionalProperties)) rest.push(additionalProperties)
    if (isObject(patternProperties)) rest.push(...Object.values(patternProperties))
  }
  const types = (type: string) => schemas.filter((schema) => [schema.type].flat().includes(type))
  const integers = types('integer')
  const texts = types('string')
  const limit = (keyword: string) =>
    integers.map((schema) => schema[keyword]).filter((value) => typeof value === 'number')
  return {
    integer: integers.length > 0 && types('number').length === 0,
    digits:
      integers.length > 0 &&
      integers.every((schema) => schema.pattern === INTEGER_TEXT) &&
      texts.length === integers.length,
    minimum: Math.max(...limit('minimum')),
    maximum: Math.min(...limit('maximum')),
    properties,
    items,
    rest,
  }
}

function integerOf(value: string, place: Place): Sendable {
  const integer = BigInt(value)
  if (integer < place.minimum) throw new Unsendable(`must be >= ${place.minimum}`)
  if (integer > place.maximum) throw new Unsendable(`must be <= ${place.maximum}`)
  return integer
}

const LOST = 'is a number beyond 2^53, of which JSON readers lose digits: it may be another number than was meant'

/** Whether values of this schema ever have to be changed or looked at. */
function concerns(schema: Json, wireNames: ReadonlyMap<string, string> | undefined): boolean {
  if (!isObject(schema)) return false
  if (defName(schema) !== undefined || [schema.type].flat().includes('integer')) return true
  if (wireNames && isObject(schema.properties) && Object.keys(schema.properties).some((name) => wireNames.has(name)))
    return true
  let inside = false
  eachSchema(schema, (child) => {
    inside ||= concerns(child, wireNames)
  })
  return inside
}

/**
 * How arguments of a schema become what is sent: properties get their names on the wire back, integers given as text
 * become integers. An integer that has lost digits is refused: it could name somebody else's record. Undefined when
 * values of this schema are sent as they are. What is known of a place is kept, so that a call only walks its values.
 */
export function wireOf(
  schema: Json,
  defs: JsonObject,
  wireNames: ReadonlyMap<string, string> | undefined,
): ToWire | undefined {
  if (!concerns(schema, wireNames)) return undefined
  const ids = new Map<Json, number>()
  const places = new Map<string, Place>()
  const known = new WeakMap<Json[], Place>()
  const idOf = (each: Json) => {
    const id = ids.get(each) ?? ids.size
    ids.set(each, id)
    return id
  }
  const placeOf = (schemas: Json[]): Place => {
    const before = known.get(schemas)
    if (before) return before
    // The same schemas make the same place, so that a schema that contains itself has no more places than schemas.
    const key = schemas.map(idOf).join(' ')
    const place = places.get(key) ?? describe(gather(schemas, defs))
    places.set(key, place)
    known.set(schemas, place)
    return place
  }
  const convert = (value: Json, schemas: Json[]): Sendable => {
    if (value === null || typeof value === 'boolean') return value
    const place = placeOf(schemas)
    if (typeof value === 'string') {
      return place.digits ? integerOf(value, place) : value
    }
    if (typeof value === 'number') {
      const isLost = place.integer && Number.isInteger(value) && !Number.isSafeInteger(value)
      if (isLost) throw new Unsendable(place.digits ? `${LOST}. Give its digits as text` : LOST)
      return value
    }
    if (Array.isArray(value)) return value.map((item, index) => step(String(index), item, place.items))
    const entries = Object.entries(value).map(([name, child]): [string, Sendable] => {
      const found = place.properties.get(name)
      return [(found && wireNames?.get(name)) ?? name, step(name, child, found ?? place.rest)]
    })
    return Object.fromEntries(entries)
  }
  const step = (name: string, value: Json, schemas: Json[]): Sendable =>
    schemas.length === 0 ? value : within(name, () => convert(value, schemas))
  const top = [schema]
  return (value) => convert(value, top)
}
