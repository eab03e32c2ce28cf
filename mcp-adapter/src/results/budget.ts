import { escapeStep, isObject, type Json } from '../json.ts'

/** A list, a map or a text that is shown in part. Steps are names, and indexes as numbers. */
export interface Cut {
  kind: 'list' | 'map' | 'text'
  path: (string | number)[]
  shown: number
  of: number
}

interface Shortened {
  value: Json
  cuts: Cut[]
}

/** Characters of JSON text per token, as everywhere in the adapter. */
export const CHARACTERS_PER_TOKEN = 4
export const DEFAULT_BUDGET = 10_000

interface Node {
  value: Json
  size: number
  children?: Node[]
  names?: string[]
  /** A text that has to stay whole. */
  isFixed?: boolean
}

interface Caps {
  items: number
  text: number
  members: number
}

const TEXT_CAPS = [Number.POSITIVE_INFINITY, 2000, 500, 200]
const MEMBER_CAPS = [1000, 300, 100, 30, 10]
/** Texts are cut before a list shows fewer than this. */
const FEW = 5
const MOST_TRIES = 4

function measure(value: Json): Node {
  if (Array.isArray(value)) return { value, size: 0, children: value.map(measure) }
  if (!isObject(value)) return { value, size: JSON.stringify(value).length }
  return { value, size: 0, names: Object.keys(value), children: Object.values(value).map(measure) }
}

/** The beginning of a text, which says that it is one. Half a character is left out. */
function beginning(text: string, length: number): string {
  const end = /[\uD800-\uDBFF]/.test(text[length - 1] ?? '') ? length - 1 : length
  return `${text.slice(0, end)}… [${end} of ${text.length} characters]`
}

const isCut = ({ value, isFixed }: Node, { text }: Caps) =>
  typeof value === 'string' && !isFixed && value.length > text + 40

const shownOf = (node: Node, caps: Caps) => Math.min(node.children?.length ?? 0, node.names ? caps.members : caps.items)

/** Length of the JSON text of a node under caps. */
function sizeOf(node: Node, caps: Caps): number {
  if (!node.children) {
    return isCut(node, caps) ? JSON.stringify(beginning(node.value as string, caps.text)).length : node.size
  }
  const shown = shownOf(node, caps)
  let size = 2 + Math.max(0, shown - 1)
  for (let i = 0; i < shown; i++) {
    if (node.names) size += JSON.stringify(node.names[i]).length + 1
    size += sizeOf(node.children[i] as Node, caps)
  }
  return size
}

function cut(node: Node, caps: Caps, path: (string | number)[], cuts: Cut[], texts: Map<string, Node>): Json {
  if (!node.children) {
    if (!isCut(node, caps)) return node.value
    const text = node.value as string
    cuts.push({ kind: 'text', path, shown: caps.text, of: text.length })
    texts.set(path.map((step) => `/${escapeStep(String(step))}`).join(''), node)
    return beginning(text, caps.text)
  }
  const shown = shownOf(node, caps)
  if (shown < node.children.length)
    cuts.push({ kind: node.names ? 'map' : 'list', path, shown, of: node.children.length })
  const { names } = node
  const children = node.children
    .slice(0, shown)
    .map((child, i) => cut(child, caps, [...path, names?.[i] ?? i], cuts, texts))
  return names ? Object.fromEntries(children.map((child, i) => [names[i] as string, child])) : children
}

function longest(node: Node): number {
  const own = node.names ? 0 : (node.children?.length ?? 0)
  return (node.children ?? []).reduce((most, child) => Math.max(most, longest(child)), own)
}

/** The mildest caps under which a value fits; undefined when none do. The longest lists are shortened first. */
function fittingCaps(root: Node, limit: number): Caps | undefined {
  const fits = (caps: Caps) => sizeOf(root, caps) <= limit
  const members = Number.POSITIVE_INFINITY
  const most = longest(root)
  for (const least of [FEW, 1]) {
    for (const text of TEXT_CAPS) {
      if (!fits({ items: least, text, members })) continue
      let [low, high] = [least, Math.max(least, most)]
      while (low < high) {
        const middle = Math.ceil((low + high) / 2)
        if (fits({ items: middle, text, members })) low = middle
        else high = middle - 1
      }
      return { items: low, text, members }
    }
  }
  const text = TEXT_CAPS.at(-1) as number
  return MEMBER_CAPS.map((cap) => ({ items: 1, text, members: cap })).find(fits)
}

/**
 * A value whose JSON text is at most `limit` characters long: lists show their first entries (at least one), then long
 * texts their beginning, last of all large maps their first members. Texts stay whole where `broken` names them: it
 * gets the shortened value and tells the JSON Pointers at which it keeps its schema no longer. Undefined: it cannot be
 * shortened that far.
 */
export function shorten(value: Json, limit: number, broken: (value: Json) => string[]): Shortened | undefined {
  const root = measure(value)
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    const caps = fittingCaps(root, limit)
    if (!caps) return undefined
    const cuts: Cut[] = []
    const texts = new Map<string, Node>()
    const shortened = cut(root, caps, [], cuts, texts)
    const wrong = texts.size === 0 ? [] : broken(shortened).flatMap((pointer) => texts.get(pointer) ?? [])
    if (wrong.length === 0) return { value: shortened, cuts }
    for (const node of wrong) node.isFixed = true
  }
  return undefined
}

/** The beginning of a text, whole lines of it where it has any; undefined when it fits. */
export function firstLines(text: string, limit: number): string | undefined {
  if (text.length <= limit) return undefined
  const end = text.lastIndexOf('\n', limit)
  return end > limit / 2 ? text.slice(0, end) : beginning(text, limit)
}
