import { ConfigError } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'

const kindOf = (value: Json) =>
  Array.isArray(value) ? 'an array' : isObject(value) ? 'an object' : 'a primitive value'

/** A copy that shares nothing: what YAML aliases make one object is several places of a document. */
export function copyOf(value: Json): Json {
  if (Array.isArray(value)) return value.map(copyOf)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copyOf(each)]))
}

/** Assignment that makes an own property of every name, `__proto__` too. */
function put(target: JsonObject, name: string, value: Json): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true })
}

function mergeObject(target: JsonObject, change: JsonObject, path: string): void {
  for (const [name, value] of Object.entries(change)) {
    const present = Object.hasOwn(target, name) ? (target[name] as Json) : undefined
    const place = `${path}/${name}`
    if (present === undefined) put(target, name, copyOf(value))
    else if (isObject(present) && isObject(value)) mergeObject(present, value, place)
    else if (Array.isArray(present) && Array.isArray(value)) present.push(...value.map(copyOf))
    else if (kindOf(present) === kindOf(value)) put(target, name, value)
    else throw new ConfigError(`${place} is ${kindOf(present)} and cannot become ${kindOf(value)}: remove it first.`)
  }
}

/**
 * Merges a change into an object or array of a document, in place (Overlay 1.1.0, Action Object): objects member by
 * member, an array is appended to, primitive values are replaced. Throws ConfigError where the kinds do not fit.
 */
export function merge(target: JsonObject | Json[], change: Json): void {
  if (Array.isArray(target)) target.push(...(Array.isArray(change) ? change : [change]).map(copyOf))
  else if (isObject(change)) mergeObject(target, change, '')
  else throw new ConfigError(`The target is an object and cannot become ${kindOf(change)}.`)
}
