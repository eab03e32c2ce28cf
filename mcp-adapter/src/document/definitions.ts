import { ConfigError } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'

/** What references into `$defs` begin with. */
export const PREFIX = '#/$defs/'

/** Keywords whose schemas judge the same value, not a part of it. */
const IN_PLACE = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas'])

/** The name behind a reference into `$defs`. */
export const definitionName = (schema: JsonObject): string | undefined =>
  typeof schema.$ref === 'string' ? schema.$ref.slice(PREFIX.length) : undefined

/** The references that judge the same value as the schema itself. */
function inPlaceNames(schema: Json, found: (name: string) => void): void {
  if (!isObject(schema)) return
  const name = definitionName(schema)
  if (name !== undefined) found(name)
  for (const keyword of Object.keys(schema)) {
    if (!IN_PLACE.has(keyword)) continue
    const value = schema[keyword] as Json
    if (typeof value !== 'object' || value === null) continue
    const each = keyword !== 'dependentSchemas' && isObject(value) ? [value] : Object.values(value)
    for (const child of each) inPlaceNames(child, found)
  }
}

/**
 * Refuses definitions that come back to themselves without going into a part of the value: no value could ever be judged
 * by them, and validators never end. Throws ConfigError.
 */
export function checkEnds(defs: Map<string, JsonObject>): void {
  const edges = new Map<string, string[]>()
  const uses = new Map<string, number>()
  for (const [name, schema] of defs) {
    const to: string[] = []
    inPlaceNames(schema, (target) => {
      to.push(target)
      uses.set(target, (uses.get(target) ?? 0) + 1)
    })
    edges.set(name, to)
  }
  // Whoever nobody refers to is taken away, again and again: what is left goes in circles.
  const free = [...defs.keys()].filter((name) => !uses.has(name))
  for (let at = 0; at < free.length; at++) {
    for (const target of edges.get(free[at] as string) ?? []) {
      const left = (uses.get(target) ?? 0) - 1
      uses.set(target, left)
      if (left === 0) free.push(target)
    }
  }
  const bad = [...defs.keys()].find((name) => (uses.get(name) ?? 0) > 0)
  if (bad !== undefined) throw new ConfigError(`The schema "${bad}" is defined by itself`)
}
