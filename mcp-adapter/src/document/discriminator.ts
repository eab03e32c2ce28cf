import { escapeStep, isObject, type Json, type JsonObject } from '../json.ts'
import { atFragment, fragmentPointer } from './lookup.ts'

/**
 * JSON Schema knows no `discriminator` (OpenAPI 3.1, section 4.8.25), so what it says is written as rules: of the
 * arguments that a model sends, each alternative names its own value of the property.
 */

/** A mapping's value as a reference: it may be the bare name of a schema. */
const mappedReference = (value: Json): string =>
  /[#/]/.test(String(value)) ? String(value) : `#/components/schemas/${escapeStep(String(value))}`

const samePlace = (one: string, other: string) => one === other || fragmentPointer(one) === fragmentPointer(other)

/** The values of the property that mean the schema behind a reference. */
function valuesOf(mapping: Json | undefined, reference: string): string[] {
  const named = Object.entries(isObject(mapping) ? mapping : {}).flatMap(([name, value]) =>
    samePlace(mappedReference(value), reference) ? [name] : [],
  )
  const own = fragmentPointer(reference).split('/').at(-1) ?? ''
  return named.length > 0 ? named : [own.replaceAll('~1', '/').replaceAll('~0', '~')]
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
    const values = valuesOf(mapping, branch.$ref)
    const rule = values.length === 1 ? { const: values[0] as string } : { enum: values }
    return { ...branch, properties: { [propertyName]: { type: 'string', ...rule } }, ...required }
  })
  return { ...schema, [keyword]: told }
}

/**
 * A schema that extends one which lists it among its alternatives (`Pet: oneOf: [Cat]`, `Cat: allOf: [Pet]`), as many
 * generators write inheritance: taken by the letter it would be defined by itself. What it takes over is the rest.
 */
export function withoutChildren(root: JsonObject, schema: JsonObject, reference: string): JsonObject {
  if (!Array.isArray(schema.allOf)) return schema
  const isItself = (branch: Json) =>
    isObject(branch) && typeof branch.$ref === 'string' && samePlace(branch.$ref, reference)
  const allOf = schema.allOf.map((part): Json => {
    const parent = isObject(part) && typeof part.$ref === 'string' ? atFragment(root, part.$ref) : undefined
    if (!isObject(parent)) return part
    const lists = [parent.oneOf, parent.anyOf].filter(Array.isArray) as Json[][]
    if (!lists.some((list) => list.some(isItself))) return part
    const { oneOf: _, anyOf: __, discriminator: ___, ...rest } = parent
    return rest
  })
  return { ...schema, allOf }
}
