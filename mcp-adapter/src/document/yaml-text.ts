import { isAlias, isCollection, isMap, isPair, isScalar, parseDocument } from 'yaml'
import type { Json } from '../json.ts'
import { MAX_DEPTH, TextError } from './json-text.ts'

/** Each alias costs the library a search through all of them. */
const MAX_ALIASES = 10_000
/** Written out, aliases may make a document this many times larger, and any document this large. */
const MAX_GROWTH = 10
const GROWTH_FLOOR = 100_000

interface Tally {
  /** Of each anchor: how many values it stands for; undefined while it is being read. */
  anchors: Map<string, number | undefined>
  aliases: number
  nodes: number
}

const offsetOf = (node: unknown): number => (node as { range?: [number] | null }).range?.[0] ?? 0

function fail(node: unknown, message: string): never {
  throw new TextError({ message, offset: offsetOf(node) })
}

function readAlias(node: { source: string }, tally: Tally): number {
  tally.aliases += 1
  if (tally.aliases > MAX_ALIASES) fail(node, `it has more than ${MAX_ALIASES} aliases`)
  if (!tally.anchors.has(node.source)) fail(node, `the alias *${node.source} has no anchor`)
  const size = tally.anchors.get(node.source)
  if (size === undefined) fail(node, `the alias *${node.source} stands inside what it stands for`)
  return size
}

/** How many values a node is when its aliases are written out. Throws TextError for what JSON has not. */
function sizeOf(node: unknown, tally: Tally, depth: number): number {
  if (depth > MAX_DEPTH) fail(node, `it is nested deeper than ${MAX_DEPTH} levels`)
  tally.nodes += 1
  if (isAlias(node)) return readAlias(node, tally)
  const { anchor } = (node ?? {}) as { anchor?: string }
  if (anchor !== undefined) tally.anchors.set(anchor, undefined)
  let size = 1
  if (isScalar(node) && typeof node.value === 'number' && !Number.isFinite(node.value))
    fail(node, 'JSON has no such number')
  if (isMap(node)) {
    const names = new Set<string>()
    for (const { key, value } of node.items) {
      const name = String((key as { value?: unknown }).value)
      if (names.has(name)) fail(key, `the name ${JSON.stringify(name)} is given twice`)
      names.add(name)
      size += sizeOf(value, tally, depth + 1)
    }
  } else if (isCollection(node)) {
    for (const item of node.items) size += sizeOf(isPair(item) ? item.value : item, tally, depth + 1)
  }
  if (anchor !== undefined) tally.anchors.set(anchor, size)
  return size
}

/**
 * Parses YAML 1.2 (core schema, and merge keys) into a JSON value without shared parts. Throws TextError: faults of
 * syntax, a name given twice, aliases that go in circles or multiply without measure, too many levels.
 */
export function parseYaml(text: string): Json {
  // The library's own look for equal names compares each with each.
  const options = { schema: 'core', merge: true, uniqueKeys: false, stringKeys: true, prettyErrors: false } as const
  const tally: Tally = { anchors: new Map(), aliases: 0, nodes: 0 }
  try {
    const document = parseDocument(text, { ...options, logLevel: 'error' })
    const [error] = document.errors
    if (error) throw new TextError({ message: error.message, offset: error.pos[0] })
    const size = sizeOf(document.contents, tally, 0)
    if (size > Math.max(GROWTH_FLOOR, MAX_GROWTH * tally.nodes))
      throw new TextError({ message: `its aliases make ${tally.nodes} values ${size}` })
    const value = document.toJS({ maxAliasCount: -1 })
    return tally.aliases > 0 ? JSON.parse(JSON.stringify(value)) : value
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new TextError({ message: `it is nested deeper than ${MAX_DEPTH} levels` })
  }
}
