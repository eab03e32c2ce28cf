import { isObject, type Json, type JsonObject } from '../../json.ts'

/** Where schemas stand inside a schema (JSON Schema 2020-12, core, section 10). */
const ONE = new Set(
  (
    'items additionalProperties not if then else contains propertyNames unevaluatedProperties unevaluatedItems ' +
    'contentSchema'
  ).split(' '),
)
const MANY = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const NAMED = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs'])

/** A copy of a schema, each schema directly inside passed through `visit` with the keyword that holds it. */
export function mapSchemas(schema: JsonObject, visit: (child: Json, keyword: string) => Json): JsonObject {
  const copy = Object.entries(schema).map(([keyword, value]): [string, Json] => {
    if (ONE.has(keyword)) return [keyword, visit(value, keyword)]
    if (MANY.has(keyword) && Array.isArray(value)) return [keyword, value.map((child) => visit(child, keyword))]
    if (!NAMED.has(keyword) || !isObject(value)) return [keyword, value]
    const named = Object.entries(value).map(([name, child]): [string, Json] => [name, visit(child, keyword)])
    return [keyword, Object.fromEntries(named)]
  })
  return Object.fromEntries(copy)
}

/** Calls `visit` for each schema directly inside a schema. */
export function eachSchema(schema: JsonObject, visit: (child: Json, keyword: string) => void): void {
  for (const [keyword, value] of Object.entries(schema)) {
    if (ONE.has(keyword)) visit(value, keyword)
    else if (MANY.has(keyword) && Array.isArray(value)) for (const child of value) visit(child, keyword)
    else if (NAMED.has(keyword) && isObject(value)) for (const child of Object.values(value)) visit(child, keyword)
  }
}

const PREFIX = '#/$defs/'

/** The name of a definition that a schema refers to. */
export function defName(schema: JsonObject): string | undefined {
  return typeof schema.$ref === 'string' && schema.$ref.startsWith(PREFIX)
    ? schema.$ref.slice(PREFIX.length)
    : undefined
}
