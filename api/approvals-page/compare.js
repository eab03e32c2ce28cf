import { isMoney } from './text.js'

/**
 * @typedef {(string | number)[]} Path
 * @typedef {{ path: Path, value: unknown }} Leaf
 * @typedef {{ path: Path, change: 'changed' | 'added' | 'removed' | 'same', before?: Leaf, after?: Leaf }} Row
 */

/** @param {unknown} value any JSON @param {Path} [path] @returns {Leaf[]} what it is made of, in its order */
export function leavesOf(value, path = []) {
  if (typeof value !== 'object' || value === null || isMoney(value)) return [{ path, value }]
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  if (entries.length === 0) return [{ path, value }]
  return entries.flatMap(([name, each]) => leavesOf(each, [...path, name]))
}

/**
 * Compares field by field.
 * @param {object | null} before nothing where there is nothing yet
 * @param {object | null} after nothing where nothing is left
 * @returns {Row[]}
 */
export function compare(before, after) {
  const [old, now] = [before, after].map((side) => {
    const leaves = side === null ? [] : leavesOf(side)
    return new Map(leaves.map((leaf) => [JSON.stringify(leaf.path), leaf]))
  })
  return [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])].map((key) => {
    const [was, is] = [old?.get(key), now?.get(key)]
    const path = /** @type {Path} */ (JSON.parse(key))
    if (!was) return { path, change: 'added', after: /** @type {Leaf} */ (is) }
    if (!is) return { path, change: 'removed', before: was }
    const same = JSON.stringify(was.value) === JSON.stringify(is.value)
    return { path, change: same ? 'same' : 'changed', before: was, after: is }
  })
}

/**
 * Where two texts differ: what they share at the start and at the end is cut off.
 * @param {string} before
 * @param {string} after
 * @returns {{ start: string, before: string, after: string, end: string }}
 */
export function difference(before, after) {
  const [old, now] = [[...before], [...after]]
  const most = Math.min(old.length, now.length)
  let start = 0
  while (start < most && old[start] === now[start]) start++
  let end = 0
  while (end < most - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end++
  return {
    start: old.slice(0, start).join(''),
    before: old.slice(start, old.length - end).join(''),
    after: now.slice(start, now.length - end).join(''),
    end: old.slice(old.length - end).join(''),
  }
}
