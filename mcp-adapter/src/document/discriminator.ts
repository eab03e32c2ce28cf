import { escapeStep, isObject, type Json, type JsonObject } from '../json.ts'
import { atFragment, fragmentPointer } from './lookup.ts'

/**
 * JSON Schema knows no `discriminator` (OpenAPI 3.1, section 4.8.25), so what it says is written as rules: of the
 * arguments that a model sends, each alternative names its own value of the property.
 */

const MOST_STEPS = 50

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

/** Whether a schema, or one that it is made of, already fixes the property. */
function fixes(root: JsonObject, schema: Json | undefined, property: string, steps = 0): boolean {
  if (!isObject(schema) || steps > MOST_STEPS) return false
  const own =
    isObject(schema.properties) && Object.hasOwn(schema.properties, property) ? schema.properties[property] : undefined
  if (isObject(own) && (own.const !== undefined || own.enum !== undefined)) return true
  if (typeof schema.$ref === 'string' && fixes(root, atFragment(root, schema.$ref) as Json, property, steps + 1))
    return true
  return Array.isArray(schema.allOf) && schema.allOf.some((part) => fixes(root, part, property, steps + 1))
}

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
    if (!isObject(branch) || typeof branch.$ref !== 'string' || branch.properties !== undefined) return branch
    if (fixes(root, branch, propertyName)) return branch
    const values = valuesOf(mapping, branch.$ref)
    const rule = values.length === 1 ? { const: values[0] as string } : { enum: values }
    return { ...branch, properties: { [propertyName]: { type: 'string', ...rule } }, required: [propertyName] }
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
