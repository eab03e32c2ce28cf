import { isObject, type Json, type JsonObject } from '../../json.ts'
import { MODEL_NAME, modelNames } from '../naming.ts'
import { eachSchema, mapSchemas } from './schemas.ts'

/** Schemas whose properties have names that every model's API takes. */
interface Aliased {
  schemas: Json[]
  defs: JsonObject
  /** The names on the wire, by alias. Absent when no name had to change. */
  wireNames?: ReadonlyMap<string, string>
}

/** Every name that a schema gives to a property, at any depth. */
function collectNames(schema: Json, names: Set<string>): void {
  if (!isObject(schema)) return
  if (isObject(schema.properties)) for (const name of Object.keys(schema.properties)) names.add(name)
  if (Array.isArray(schema.required)) for (const name of schema.required) names.add(String(name))
  eachSchema(schema, (child) => collectNames(child, names))
}

type Rename = (name: string) => string

const renameKeys = (value: JsonObject, rename: Rename, each: (child: Json) => Json = (child) => child) =>
  Object.fromEntries(Object.entries(value).map(([name, child]) => [rename(name), each(child)]))

const renameList = (value: Json, rename: Rename): Json =>
  Array.isArray(value) ? value.map((name) => (typeof name === 'string' ? rename(name) : name)) : value

/** A value that a schema holds (`default`, `const`) as the model would give it. */
function renameValue(value: Json, rename: Rename): Json {
  if (Array.isArray(value)) return value.map((item) => renameValue(item, rename))
  return isObject(value) ? renameKeys(value, rename, (child) => renameValue(child, rename)) : value
}

function renameIn(schema: Json, rename: Rename): Json {
  if (!isObject(schema)) return schema
  const copy = mapSchemas(schema, (child) => renameIn(child, rename))
  if (isObject(copy.properties)) {
    // A rule about how names look is about those on the wire; an alias is not one of them.
    if (Object.keys(copy.properties).some((name) => rename(name) !== name)) delete copy.propertyNames
    copy.properties = renameKeys(copy.properties, rename)
  }
  if (copy.required !== undefined) copy.required = renameList(copy.required, rename)
  if (isObject(copy.dependentSchemas)) copy.dependentSchemas = renameKeys(copy.dependentSchemas, rename)
  if (isObject(copy.dependentRequired))
    copy.dependentRequired = renameKeys(copy.dependentRequired, rename, (names) => renameList(names, rename))
  for (const keyword of ['default', 'const', 'enum', 'examples']) {
    const value = copy[keyword]
    if (typeof value === 'object') copy[keyword] = renameValue(value, rename)
  }
  return copy
}

/**
 * Gives properties that a model's API would refuse (`filter[x]`, `$top`, over 64 characters) another name, the same
 * everywhere in one tool, so that it can be taken back without doubt. Without such a name nothing is copied.
 */
export function aliasProperties(schemas: Json[], defs: JsonObject): Aliased {
  const names = new Set<string>()
  for (const schema of [...schemas, ...Object.values(defs)]) collectNames(schema, names)
  if (![...names].some((name) => !MODEL_NAME.test(name))) return { schemas, defs }
  const wire = [...names]
  const aliases = new Map(modelNames(wire).map((alias, index) => [wire[index] as string, alias]))
  const rename = (name: string) => aliases.get(name) ?? name
  const changed = wire.filter((name) => rename(name) !== name)
  return {
    schemas: schemas.map((schema) => renameIn(schema, rename)),
    defs: Object.fromEntries(Object.entries(defs).map(([name, schema]) => [name, renameIn(schema, rename)])),
    wireNames: new Map(changed.map((name) => [rename(name), name])),
  }
}
