import { isObject, type Json, type JsonObject } from '../json.ts'

const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : value === undefined ? [] : [value])
const same = (a: Json, b: Json) => JSON.stringify(a) === JSON.stringify(b)
const asSchema = (value: Json): JsonObject => (isObject(value) ? value : value === false ? { not: {} } : {})

/** Types that both allow: an integer is a number. */
function commonTypes(a: Json[], b: Json[]): Json[] {
  const narrower = (x: Json, y: Json) => x === y || (x === 'integer' && y === 'number')
  return [
    ...new Set([...a.filter((x) => b.some((y) => narrower(x, y))), ...b.filter((y) => a.some((x) => narrower(y, x)))]),
  ]
}

function properties(a: JsonObject, b: JsonObject): JsonObject {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  const member = (of: JsonObject, name: string) => (Object.hasOwn(of, name) ? of[name] : undefined)
  return Object.fromEntries(
    [...names].map((name) => {
      const [first, second] = [member(a, name), member(b, name)]
      if (first === undefined || second === undefined) return [name, (first ?? second) as Json]
      return [name, both(asSchema(first), asSchema(second))]
    }),
  )
}

function combined(keyword: string, a: Json, b: Json): Json {
  if (same(a, b)) return a
  if ((keyword === 'properties' || keyword === '$defs') && isObject(a) && isObject(b)) return properties(a, b)
  if (keyword === 'required') return [...new Set([...listOf(a), ...listOf(b)])]
  if (keyword === 'description') return [a, b].filter((text) => text !== '').join(' ')
  if (keyword === 'items') return both(asSchema(a), asSchema(b))
  if (keyword === 'type') {
    const types = commonTypes(listOf(a), listOf(b))
    return types.length === 0 ? a : types.length === 1 ? (types[0] as Json) : types
  }
  if (keyword === 'enum') {
    const values = listOf(a).filter((value) => listOf(b).some((other) => same(value, other)))
    return values.length === 0 ? a : values
  }
  // Of two limits one is enough for what is shown: a call is held against both.
  return a
}

function both(a: JsonObject, b: JsonObject): JsonObject {
  const rest = Object.entries(b).map(([keyword, value]): [string, Json] => [
    keyword,
    Object.hasOwn(a, keyword) ? combined(keyword, a[keyword] as Json, value) : value,
  ])
  return { ...a, ...Object.fromEntries(rest) }
}

/** One schema that takes every value that all of these take; perhaps some more. The first one's words come first. */
export function conjunction(schemas: JsonObject[]): JsonObject {
  return schemas.reduce(both, {})
}

const namesOf = (schema: JsonObject) => (isObject(schema.properties) ? Object.entries(schema.properties) : [])
const requiredOf = (schema: JsonObject) => listOf(schema.required).map(String)

/** What one of several ways to call a tool is, in words. */
function words(schema: JsonObject, base: string[]): string {
  const own = requiredOf(schema).filter((name) => !base.includes(name))
  const constants = namesOf(schema).flatMap(([name, value]) =>
    isObject(value) && value.const !== undefined ? [`${name} = ${JSON.stringify(value.const)}`] : [],
  )
  const told = [...constants, ...own.filter((name) => !constants.some((text) => text.startsWith(`${name} = `)))]
  const label = typeof schema.title === 'string' ? `${schema.title}: ` : ''
  return `${label}${told.length > 0 ? told.join(', ') : 'nothing more'}`
}

/**
 * One object schema for a choice of several: the properties of all, what all of them require, and the choice in words.
 * It takes every object of the choice whose members are those that its alternative names.
 */
export function oneObject(base: JsonObject, alternatives: JsonObject[]): JsonObject {
  const members = new Map<string, Json[]>()
  for (const [name, schema] of alternatives.flatMap(namesOf)) {
    const known = members.get(name) ?? []
    if (!known.some((other) => same(other, schema))) members.set(name, [...known, schema])
  }
  const choice = Object.fromEntries(
    [...members].map(([name, schemas]) => [name, schemas.length === 1 ? (schemas[0] as Json) : { anyOf: schemas }]),
  )
  const [first = [], ...others] = alternatives.map(requiredOf)
  const needed = first.filter((name) => others.every((list) => list.includes(name)))
  const ways = [...new Set(alternatives.map((schema) => words(schema, requiredOf(base))))]
  const text = ways.length > 1 ? `Needs one of: ${ways.map((way, i) => `(${i + 1}) ${way}`).join('; ')}.` : ''
  return conjunction([
    base,
    {
      properties: choice,
      ...(needed.length > 0 && { required: needed }),
      ...(text !== '' && { description: text }),
    },
  ])
}
