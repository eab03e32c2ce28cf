import { atPointer, isObject, type Json, type JsonObject } from '../json.ts'
import { canonical } from './canonical.ts'
import type { Change, Effect } from './change.ts'
import { branches, requiredOf, type Shift, shiftOf } from './compare-keywords.ts'

/** Words for a model, and values that show what is meant. */
const WORDS = new Set(['title', 'description', '$comment', 'examples', 'example'])
const SINGLE = ['items', 'additionalProperties', 'contains', 'propertyNames', 'not', 'if', 'then', 'else']
const COMBINATORS = ['anyOf', 'oneOf', 'allOf']
const OWN = new Set(['$defs', '$ref', 'properties', 'required', ...SINGLE, ...COMBINATORS])

type Side = 'input' | 'output'

interface Walk {
  side: Side
  roots: [before: JsonObject, after: JsonObject]
  seen: Set<string>
  changes: Change[]
}

/** A caller is broken when fewer arguments are right, or when answers are other than they could be. */
function effectOf(side: Side, shift: Shift): Effect {
  const harmless = side === 'input' ? 'wider' : 'narrower'
  return shift === harmless ? 'compatible' : 'breaking'
}

/** A schema with what its reference leads to; what stands beside the reference goes over it. */
function behind(root: JsonObject, schema: Json): JsonObject {
  let current = isObject(schema) ? schema : {}
  for (let step = 0; step < 20 && typeof current.$ref === 'string'; step++) {
    const { $ref, ...beside } = current
    const target = atPointer(root, decodeURIComponent($ref.slice(1)))
    if (!isObject(target)) return current
    current = { ...target, ...beside }
  }
  return current
}

function compareProperties(walk: Walk, before: JsonObject, after: JsonObject, path: string): void {
  const [old, now] = [before, after].map(({ properties }) => (isObject(properties) ? properties : {})) as [
    JsonObject,
    JsonObject,
  ]
  const [needed, needs] = [requiredOf(before), requiredOf(after)]
  const noun = walk.side === 'input' ? 'argument' : 'field'
  for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
    const field = `${path}.properties.${name}`
    const add = (effect: Effect, message: string) => walk.changes.push({ field, effect, message })
    if (!Object.hasOwn(now, name)) add('breaking', `the ${noun} "${name}" is gone`)
    else if (!Object.hasOwn(old, name)) {
      const breaks = walk.side === 'input' && needs.has(name)
      add(breaks ? 'breaking' : 'compatible', `the ${noun} "${name}" is new${breaks ? ', and required' : ''}`)
    } else {
      compare(walk, old[name] as Json, now[name] as Json, field)
      if (needed.has(name) === needs.has(name)) continue
      const isNow = needs.has(name) ? 'now required' : 'no longer required'
      add(effectOf(walk.side, needs.has(name) ? 'narrower' : 'wider'), `the ${noun} "${name}" is ${isNow}`)
    }
  }
  // A name that is required and has no schema of its own.
  const bare = (names: Set<string>) =>
    [...names].filter((name) => !Object.hasOwn(old, name) && !Object.hasOwn(now, name))
  if (canonical(bare(needed).sort()) !== canonical(bare(needs).sort()))
    walk.changes.push({ field: `${path}.required`, effect: 'breaking', message: 'other names are required' })
}

function compareCombinator(walk: Walk, word: string, before: Json[], after: Json[], path: string): void {
  const field = `${path}.${word}`
  if (before.length === after.length) {
    for (const [i, each] of before.entries()) compare(walk, each, after[i] as Json, `${field}.${i}`)
    return
  }
  const { gone, come } = branches(before, after)
  const isEither = word !== 'allOf'
  const shift = gone > 0 && come > 0 ? 'other' : gone > 0 === isEither ? 'narrower' : 'wider'
  walk.changes.push({
    field,
    effect: effectOf(walk.side, shift),
    message: `has ${after.length} alternatives instead of ${before.length}`,
  })
}

/** The keywords of a schema that decide which values it lets through, and those that do not. */
function parted(schema: JsonObject): { rules: JsonObject; rest: JsonObject } {
  const entries = Object.entries(schema).filter(([word]) => word !== '$defs')
  const isRest = (word: string) => WORDS.has(word) || word === 'default'
  return {
    rules: Object.fromEntries(entries.filter(([word]) => !isRest(word))),
    rest: Object.fromEntries(entries.filter(([word]) => isRest(word))),
  }
}

/**
 * A schema that became one of several alternatives, or the other way round (`integer` and `integer or null`): told as
 * that, and not as everything that moved. False when it is no such case.
 */
function compareWithOneOfMany(walk: Walk, before: JsonObject, after: JsonObject, path: string): boolean {
  const [old, now] = [parted(before), parted(after)]
  const manyOf = ({ anyOf = [], ...others }: JsonObject) =>
    Array.isArray(anyOf) && Object.keys(others).length === 0 ? anyOf : []
  const isAmong = (one: JsonObject, many: Json[]) => many.some((each) => canonical(each) === canonical(one))
  const [left, right] = [manyOf(old.rules), manyOf(now.rules)]
  if (left.length > 0 === right.length > 0) return false
  if (!isAmong(old.rules, right) && !isAmong(now.rules, left)) return false
  const message = `has ${right.length || 1} alternatives instead of ${left.length || 1}`
  walk.changes.push({
    field: `${path}.anyOf`,
    effect: effectOf(walk.side, left.length > 0 ? 'narrower' : 'wider'),
    message,
    before: old.rules,
    after: now.rules,
  })
  compareValues(walk, old.rest, now.rest, path)
  return true
}

/** What stands under one keyword that is neither a schema nor a map of schemas. */
function compareValue(
  walk: Walk,
  keyword: string,
  before: Json | undefined,
  after: Json | undefined,
  path: string,
): void {
  const shift = shiftOf(keyword, before, after)
  if (shift === 'same') return
  const values = { ...(before !== undefined && { before }), ...(after !== undefined && { after }) }
  const change = after === undefined ? 'is gone' : before === undefined ? 'is new' : 'changed'
  // What a call without the argument does is another thing now.
  const effect = WORDS.has(keyword) ? 'wording' : keyword === 'default' ? 'breaking' : effectOf(walk.side, shift)
  walk.changes.push({ field: `${path}.${keyword}`, effect, message: `${keyword} ${change}`, ...values })
}

function compareValues(walk: Walk, before: JsonObject, after: JsonObject, path: string): void {
  for (const keyword of new Set([...Object.keys(before), ...Object.keys(after)]))
    if (!OWN.has(keyword)) compareValue(walk, keyword, before[keyword], after[keyword], path)
}

function compare(walk: Walk, before: Json, after: Json, path: string): void {
  if (!isObject(before) || !isObject(after)) {
    if (canonical(before) !== canonical(after)) {
      const shift = after === true || (isObject(after) && Object.keys(after).length === 0) ? 'wider' : 'other'
      walk.changes.push({
        field: path,
        effect: effectOf(walk.side, shift),
        message: 'the schema changed',
        before,
        after,
      })
    }
    return
  }
  if (before.$ref !== undefined || after.$ref !== undefined) {
    const pair = `${canonical(before)}\0${canonical(after)}`
    if (walk.seen.has(pair)) return
    walk.seen.add(pair)
  }
  const [old, now] = [behind(walk.roots[0], before), behind(walk.roots[1], after)]
  if (compareWithOneOfMany(walk, old, now, path)) return
  compareProperties(walk, old, now, path)
  for (const word of SINGLE) {
    const [left, right] = [old[word], now[word]]
    if (left !== undefined && right !== undefined) compare(walk, left, right, `${path}.${word}`)
    else compareValue(walk, word, left, right, path)
  }
  for (const word of COMBINATORS) {
    const [left, right] = [old[word], now[word]]
    if (Array.isArray(left) && Array.isArray(right)) compareCombinator(walk, word, left, right, path)
    else compareValue(walk, word, left, right, path)
  }
  compareValues(walk, old, now, path)
}

/**
 * What changed from one schema to another, for those who write by it (`input`) or read by it (`output`). Schemas whose
 * differences nobody can see (order, the names of `$defs`) have none.
 */
export function compareSchemas(side: Side, before: JsonObject, after: JsonObject, path: string): Change[] {
  const walk: Walk = { side, roots: [before, after], seen: new Set(), changes: [] }
  compare(walk, before, after, path)
  return walk.changes
}
