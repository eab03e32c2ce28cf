import { isObject, type Json, type JsonObject } from '../json.ts'

const ONE = new Set(
  (
    'items additionalProperties not if then else contains propertyNames unevaluatedItems unevaluatedProperties ' +
    'contentSchema'
  ).split(' '),
)
const LIST = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const MAP = new Set(['properties', '$defs', 'patternProperties', 'dependentSchemas'])

/** A schema with each schema directly inside it changed (JSON Schema 2020-12, section 10). Values stay as they are. */
export function mapChildren(schema: JsonObject, change: (child: Json) => Json): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]): [string, Json] => {
      if (ONE.has(keyword)) return [keyword, change(value)]
      if (LIST.has(keyword) && Array.isArray(value)) return [keyword, value.map(change)]
      if (MAP.has(keyword) && isObject(value))
        return [keyword, Object.fromEntries(Object.entries(value).map(([name, child]) => [name, change(child)]))]
      return [keyword, value]
    }),
  )
}

/** The name of the definition that a reference leads to: `#/$defs/Order` is `Order`. */
export function referenceName({ $ref }: JsonObject): string | undefined {
  const name = typeof $ref === 'string' ? /^#\/\$defs\/([^/]+)$/.exec($ref)?.[1] : undefined
  return name === undefined ? undefined : decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')
}

/** The definition behind a reference of a schema that stands alone. */
export function definition(root: JsonObject, schema: JsonObject): JsonObject | undefined {
  const name = referenceName(schema)
  const found =
    name !== undefined && isObject(root.$defs) && Object.hasOwn(root.$defs, name) ? root.$defs[name] : undefined
  return isObject(found) ? found : undefined
}
