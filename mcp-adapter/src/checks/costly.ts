import { atPointer, isObject, type Json, type JsonObject } from '../json.ts'

/** More schemas than this are never held against one value, whichever way they refer to each other. */
const MOST_SCHEMAS = 20_000

const VALUES = new Set(['const', 'default', 'enum', 'example', 'examples'])
const MAPS = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'])
const DEFINITIONS = new Set(['$defs', 'definitions'])

/**
 * Whether an expression may need far more steps than the text has characters: one that repeats a group, begins anywhere,
 * or repeats more than once. Some of those are harmless, and are only watched in vain.
 */
function isCostlyPattern(pattern: string): boolean {
  if (/\)[*+?{]/.test(pattern)) return true
  const repeats = pattern.match(/[*+]|\{\d+,\d*\}/g)?.length ?? 0
  const options = pattern.match(/\?/g)?.length ?? 0
  return repeats > (pattern.startsWith('^') ? 1 : 0) || options > 3
}

const hasCostlyPattern = ({ pattern, patternProperties }: JsonObject) =>
  [pattern, ...Object.keys(isObject(patternProperties) ? patternProperties : {})].some(
    (each) => typeof each === 'string' && isCostlyPattern(each),
  )

/**
 * Whether holding a value against a schema may take time out of all proportion to both: expressions that backtrack,
 * schemas that contain themselves (each alternative of a choice goes all the way down), and definitions that each use
 * the next one several times.
 */
export function isCostly(root: JsonObject): boolean {
  const counts = new Map<Json, number>()
  const inside = new Set<Json>()

  /** How many schemas are evaluated below this one; infinitely many when it contains itself or backtracks. */
  function count(schema: Json | undefined): number {
    if (Array.isArray(schema)) return schema.reduce<number>((sum, each) => sum + count(each), 0)
    if (!isObject(schema)) return 1
    const known = counts.get(schema)
    if (known !== undefined) return known
    if (inside.has(schema) || hasCostlyPattern(schema)) return Number.POSITIVE_INFINITY
    inside.add(schema)
    let sum = 1
    for (const [keyword, value] of Object.entries(schema)) {
      if (VALUES.has(keyword) || DEFINITIONS.has(keyword)) continue
      if (keyword === '$ref') sum += count(atPointer(root, decodeURIComponent(String(value).slice(1))) as Json)
      else sum += count(MAPS.has(keyword) && isObject(value) ? Object.values(value) : value)
    }
    inside.delete(schema)
    counts.set(schema, sum)
    return sum
  }
  return count(root) > MOST_SCHEMAS
}
