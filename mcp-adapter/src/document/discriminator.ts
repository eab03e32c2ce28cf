import { escapeStep, isObject, type Json, type JsonObject } from '../json.ts'
import { atFragment, fragmentPointer } from './lookup.ts'

/**
 * JSON Schema knows no `discriminator` (OpenAPI 3.1, section 4.8.25), so what it says is written as rules: of the
 * arguments that a model sends, each alternative names its own value of the property.
 */

/** A mapping's value as a reference: it may be the bare name of a schema. */
const mappedReference = (value: Json): string =>
  /[#/]/.test(String(value)) ? String(value) : `#/components/schemas/${escapeStep(String(value))}`

type Mapping = Map<string, string[]>

/** The values of the property by the pointer to the schema that they mean. */
function readMapping(mapping: Json | undefined): Mapping {
  const values: Mapping = new Map()
  for (const [name, value] of Object.entries(isObject(mapping) ? mapping : {})) {
    const place = fragmentPointer(mappedReference(value))
    const known = values.get(place)
    if (known) known.push(name)
    else values.set(place, [name])
  }
  return values
}

/** The values of the property that mean the schema behind a reference. */
function valuesOf(mapping: Mapping, reference: string): string[] {
  const place = fragmentPointer(reference)
  const own = place.split('/').at(-1) ?? ''
  return mapping.get(place) ?? [own.replaceAll('~1', '/').replaceAll('~0', '~')]
}

/** Whether a schema, or one that it is made of, is as `test` says. */
function some(
  root: JsonObject,
  schema: Json | undefined,
  test: (one: JsonObject) => boolean,
  seen = new Set<Json>(),
): boolean {
  if (!isObject(schema) || seen.has(schema)) return false
  seen.add(schema)
  if (test(schema)) return true
  const parts = Array.isArray(schema.allOf) ? [...schema.allOf] : []
  if (typeof schema.$ref === 'string') parts.push(atFragment(root, schema.$ref) as Json)
  return parts.some((part) => some(root, part, test, seen))
}

const fixes = (property: string) => (schema: JsonObject) => {
  const { properties } = schema
  const own = isObject(properties) && Object.hasOwn(properties, property) ? properties[property] : undefined
  return isObject(own) && (own.const !== undefined || own.enum !== undefined)
}

const requires = (property: string) => (schema: JsonObject) =>
  Array.isArray(schema.required) && schema.required.includes(property)

/**
 * A schema whose alternatives do not overlap where a discriminator tells them apart. Sent: each branch that does not
 * fix the property itself gets its value. Received: `anyOf` for `oneOf`, since an answer that fits two branches is no
 * fault of anybody's.
 */
export function withBranches(root: JsonObject, schema: JsonObject, direction: 'send' | 'receive'): JsonObject {
  const { discriminator, oneOf, anyOf } = schema
  if (!isObject(discriminator) || typeof discriminator.propertyName !== 'string') return schema
  const keyword = Array.isArray(oneOf) ? 'oneOf' : 'anyOf'
  const branches = Array.isArray(oneOf) ? oneOf : anyOf
  if (!Array.isArray(branches)) return schema
  if (direction === 'receive') {
    if (keyword === 'anyOf' || anyOf !== undefined) return schema
    return Object.fromEntries(Object.entries(schema).map(([name, value]) => [name === 'oneOf' ? 'anyOf' : name, value]))
  }
  const { propertyName, mapping } = discriminator
  const named = readMapping(mapping)
  const told = branches.map((branch): Json => {
    if (
      !isObject(branch) ||
      typeof branch.$ref !== 'string' ||
      branch.properties !== undefined ||
      branch.required !== undefined
    )
      return branch
    const required = some(root, branch, requires(propertyName)) ? {} : { required: [propertyName] }
    if (some(root, branch, fixes(propertyName))) return { ...branch, ...required }
    const values = valuesOf(named, branch.$ref)
    const rule = values.length === 1 ? { const: values[0] as string } : { enum: values }
    return { ...branch, properties: { [propertyName]: { type: 'string', ...rule } }, ...required }
  })
  return { ...schema, [keyword]: told }
}

const listed = new WeakMap<Json[], Set<string>>()

/** The pointers to the alternatives of a list; read once, because each of them may extend the schema that lists it. */
function placesIn(list: Json[]): Set<string> {
  const known = listed.get(list)
  if (known) return known
  const places = list.flatMap((branch) =>
    isObject(branch) && typeof branch.$ref === 'string' ? [fragmentPointer(branch.$ref)] : [],
  )
  const set = new Set(places)
  listed.set(list, set)
  return set
}

/**
 * A schema that extends one which lists it among its alternatives (`Pet: oneOf: [Cat]`, `Cat: allOf: [Pet]`), as many
 * generators write inheritance: taken by the letter it would be defined by itself. What it takes over is the rest.
 */
export function withoutChildren(root: JsonObject, schema: JsonObject, reference: string): JsonObject {
  if (!Array.isArray(schema.allOf)) return schema
  const place = fragmentPointer(reference)
  const allOf = schema.allOf.map((part): Json => {
    const parent = isObject(part) && typeof part.$ref === 'string' ? atFragment(root, part.$ref) : undefined
    if (!isObject(parent)) return part
    const lists = [parent.oneOf, parent.anyOf].filter(Array.isArray) as Json[][]
    if (!lists.some((list) => placesIn(list).has(place))) return part
    const { oneOf: _, anyOf: __, discriminator: ___, ...rest } = parent
    return rest
  })
  return { ...schema, allOf }
}
