import type { Check } from '../checks/validation.ts'
import { isObject, type Json, type JsonObject, pointerSteps } from '../json.ts'

const MOST_ROUNDS = 50

/** Takes the value at a place out of its parent. False when there is no such place, or it is the root. */
function remove(root: JsonObject, pointer: string): boolean {
  const steps = pointerSteps(pointer)
  const last = steps.pop()
  if (last === undefined) return false
  let parent: Json | undefined = root
  for (const step of steps) {
    if (Array.isArray(parent)) parent = parent[Number(step)]
    else parent = isObject(parent) && Object.hasOwn(parent, step) ? parent[step] : undefined
  }
  if (Array.isArray(parent)) return parent.splice(Number(last), 1).length > 0
  return isObject(parent) && Object.hasOwn(parent, last) && delete parent[last]
}

/** Index paths from the end, so that taking one out does not move another. */
const fromTheEnd = (a: string, b: string) => b.localeCompare(a, 'en', { numeric: true })

/** The pointers above one: `/a/b` has `` and `/a`. */
const ancestors = (pointer: string) => [...pointer.matchAll(/\//g)].map(({ index }) => pointer.slice(0, index))

/**
 * A value without those of its parts that break a schema; the rest is as it was. Undefined when it is the root itself
 * that breaks it. Values are never made up: what is missing stays missing.
 */
export function fit(value: JsonObject, check: Check): { value: JsonObject; left: number } | undefined {
  const copy = structuredClone(value)
  let left = 0
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const places = [...new Set(check(copy).map((error) => error.instancePath))]
    if (places.length === 0) return { value: copy, left }
    // A choice that fails reports its branches' errors below it as well: the innermost are the ones to blame.
    const outer = new Set(places.flatMap(ancestors))
    for (const place of places.filter((each) => !outer.has(each)).sort(fromTheEnd)) {
      if (!remove(copy, place)) return undefined
      left += 1
    }
  }
  return undefined
}
