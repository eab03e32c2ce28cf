import { isObject, type JsonObject } from '../json.ts'

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
