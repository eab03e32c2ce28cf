import { isObject, type Json, type JsonObject } from '../../json.ts'
import { defName, eachSchema, mapSchemas } from './schemas.ts'

/** The text of an integer of 64 bits, which JSON numbers lose digits of beyond 2^53. */
export const INTEGER_TEXT = '^-?[0-9]{1,20}$'

/** Positions where one more accepted form of a value would change what else is accepted. */
const STRICT = new Set('oneOf not if then else contains dependentSchemas propertyNames'.split(' '))

const isNull = (schema: Json) => isObject(schema) && schema.type === 'null'

/** Whether an `anyOf` is only "this, or null". */
const isNullable = (list: Json[]) => list.length === 2 && list.some(isNull)

function isStrict(schema: JsonObject, keyword: string): boolean {
  return STRICT.has(keyword) || (keyword === 'anyOf' && !isNullable(schema.anyOf as Json[]))
}

/** The definitions that are used where an integer must stay one. */
function strictDefs(schemas: Json[], defs: JsonObject): Set<string> {
  const strict = new Set<string>()
  const seen = new Set<Json>()
  const walk = (schema: Json, inStrict: boolean) => {
    if (!isObject(schema)) return
    const name = defName(schema)
    if (name !== undefined && inStrict && !strict.has(name)) {
      strict.add(name)
      walk(defs[name] ?? {}, true)
    }
    if (seen.has(schema) && !inStrict) return
    seen.add(schema)
    eachSchema(schema, (child, keyword) => walk(child, inStrict || isStrict(schema, keyword)))
  }
  for (const schema of [...schemas, ...Object.values(defs)]) walk(schema, false)
  return strict
}

function relax(schema: Json): Json {
  if (!isObject(schema)) return schema
  const copy = mapSchemas(schema, (child, keyword) => (isStrict(schema, keyword) ? child : relax(child)))
  const isWide = copy.type === 'integer' && (copy.format === 'int64' || copy.format === 'uint64')
  if (!isWide || copy.enum !== undefined || copy.const !== undefined) return copy
  return { ...copy, type: ['integer', 'string'], pattern: INTEGER_TEXT }
}

/**
 * Lets integers of `format: int64` be given as text as well, where that changes nothing else. The published schema does not
 * say so (see `forModels`): it would cost every reader, and whoever gives a number that lost digits is told.
 */
export function acceptIntegerTexts(schemas: Json[], defs: JsonObject): { schemas: Json[]; defs: JsonObject } {
  const strict = strictDefs(schemas, defs)
  const relaxed = Object.entries(defs).map(([name, schema]) => [name, strict.has(name) ? schema : relax(schema)])
  return { schemas: schemas.map(relax), defs: Object.fromEntries(relaxed) }
}
