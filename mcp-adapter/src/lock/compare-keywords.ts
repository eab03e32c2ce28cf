import type { Json, JsonObject } from '../json.ts'
import { canonical } from './canonical.ts'

/** What became of the values that a schema lets through. */
export type Shift = 'narrower' | 'wider' | 'other' | 'same'

const UPPER = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'])
const LOWER = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'])

function ofSets(before: Set<string>, after: Set<string>): Shift {
  const gone = [...before].some((value) => !after.has(value))
  const come = [...after].some((value) => !before.has(value))
  return gone ? (come ? 'other' : 'narrower') : come ? 'wider' : 'same'
}

const ALL_TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string']

/** The types of `type`; a number may be an integer. */
function types(value: Json | undefined): Set<string> {
  const named = value === undefined ? ALL_TYPES : [value].flat().map(String)
  return new Set(named.includes('number') ? [...named, 'integer'] : named)
}

/** What the change of one keyword does that holds no schemas. */
export function shiftOf(keyword: string, before: Json | undefined, after: Json | undefined): Shift {
  if (canonical(before) === canonical(after) && (before === undefined) === (after === undefined)) return 'same'
  if (keyword === 'type') return ofSets(types(before), types(after))
  if (keyword === 'enum' && Array.isArray(before) && Array.isArray(after))
    return ofSets(new Set(before.map(canonical)), new Set(after.map(canonical)))
  if (before === undefined) return 'narrower'
  if (after === undefined) return 'wider'
  if (typeof before === 'number' && typeof after === 'number') {
    if (UPPER.has(keyword)) return after < before ? 'narrower' : 'wider'
    if (LOWER.has(keyword)) return after > before ? 'narrower' : 'wider'
  }
  return 'other'
}

/** The branches of a combinator that are gone and that have come. */
export function branches(before: Json[], after: Json[]): { gone: number; come: number } {
  const left = new Set(before.map(canonical))
  const right = new Set(after.map(canonical))
  return {
    gone: [...left].filter((each) => !right.has(each)).length,
    come: [...right].filter((each) => !left.has(each)).length,
  }
}

/** The names that a schema requires. */
export const requiredOf = ({ required }: JsonObject) =>
  new Set(Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [])
