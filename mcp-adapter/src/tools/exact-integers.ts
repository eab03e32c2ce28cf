import { isObject, type Json } from '../json.ts'

/** Values, not schemas. */
const VALUES = new Set(['const', 'default', 'enum', 'examples', 'required'])

const MAPS = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas'])

/**
 * A schema in which 64-bit integers may be texts. JavaScript numbers are exact up to 2^53; an answer's larger ones are
 * shown as their digits (OpenAPI Format Registry: int64, uint64).
 */
export function allowDigits(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(allowDigits)
  if (!isObject(schema)) return schema
  const copy = Object.entries(schema).map(([keyword, value]): [string, Json] => {
    if (MAPS.has(keyword) && isObject(value))
      return [keyword, Object.fromEntries(Object.entries(value).map(([name, child]) => [name, allowDigits(child)]))]
    return [keyword, VALUES.has(keyword) ? value : allowDigits(value)]
  })
  const { type, format } = schema
  const isLong = (type === 'integer' || type === 'number') && (format === 'int64' || format === 'uint64')
  return Object.fromEntries(isLong ? [...copy, ['type', [type, 'string']]] : copy)
}
