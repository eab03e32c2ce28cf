/** JSON values, and the few things every file here does with them. */

export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The steps of a JSON Pointer (RFC 6901, section 3): `/a~1b/0` is `['a/b', '0']`, the empty string is `[]`. */
export function pointerSteps(pointer: string): string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/')) throw new TypeError(`A JSON Pointer starts with "/": ${pointer}`)
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The value a JSON Pointer names in `root`, or undefined. Inherited properties are never found. */
export function atPointer(root: unknown, pointer: string): unknown {
  let value = root
  for (const step of pointerSteps(pointer)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}

/** One step written so that it can stand in a JSON Pointer. */
export function escapeStep(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** Whether a value nests deeper than so many levels. It goes no deeper itself, so that it needs no large stack. */
export function isTooDeep(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (most === 0) return true
  for (const name in value) if (isTooDeep((value as Record<string, unknown>)[name], most - 1)) return true
  return false
}

/** How often a character stands in a text, counted no further than `most`. */
function count(text: string, character: string, most: number): number {
  let found = 0
  for (let at = text.indexOf(character); at >= 0 && found < most; at = text.indexOf(character, at + 1)) found += 1
  return found
}

/** False: a JSON text opens so few objects and lists that its value cannot nest deeper than `most`. It costs less to see. */
export function mayNestDeeper(text: string, most: number): boolean {
  // Each level is opened and closed.
  return text.length > 2 * most && count(text, '{', most + 1) + count(text, '[', most + 1) > most
}
