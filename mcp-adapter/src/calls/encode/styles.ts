import { isObject } from '../../json.ts'
import type { Style } from '../../tools/inputs/styles.ts'
import { plain, type Sendable, Unsendable } from './text.ts'

/** How a style lays values out (OpenAPI 3.1, style values; RFC 6570, appendix A). */
interface Layout {
  /** Each value carries the parameter's name: `color=blue`. */
  named: boolean
  prefix: string
  /** Between exploded values. */
  separator: string
  /** Between the values of a list that is not exploded. */
  delimiter: string
  /** After a name whose value is the empty text. */
  empty: string
}

const path = { named: false, prefix: '', separator: ',', delimiter: ',', empty: '=' }
const query = { named: true, prefix: '', separator: '&', delimiter: ',', empty: '=' }
const LAYOUTS: Record<Style, Layout> = {
  simple: path,
  label: { ...path, prefix: '.', separator: '.' },
  matrix: { named: true, prefix: ';', separator: ';', delimiter: ',', empty: '' },
  form: query,
  deepObject: query,
  spaceDelimited: { ...query, delimiter: ' ' },
  pipeDelimited: { ...query, delimiter: '|' },
  cookie: { ...query, separator: '; ' },
}

/** Writes one text so that it can stand beside others. */
export type Write = (text: string) => string

/** One `name=text`, or a text alone; both already written. */
export type Part = [name: string | undefined, text: string]

const present = (value: Sendable) => value !== null

/** `color[R]=100`, and for what the specification leaves open what servers have in common: `a[b][c]`, `a[0]`. */
function deep(name: string, value: Sendable, write: Write): Part[] {
  if (value === null) return []
  if (typeof value !== 'object') return [[write(name), write(plain(value))]]
  return Object.entries(value).flatMap(([key, each]) => deep(`${name}[${key}]`, each, write))
}

/** Refuses what would be read as two: `held` is what stands between values. */
function alone(written: string, held: string, style: Style): string {
  if (!written.includes(held)) return written
  throw new Unsendable(`must not hold "${decodeURIComponent(held)}", which separates values (style ${style})`)
}

/**
 * The parts that a value becomes. `null` is RFC 6570's undefined: it is no part, and neither is it one of a list's or
 * an object's; an empty list or object has none. Nested values become JSON text. Throws Unsendable when no reader could
 * tell the values apart.
 */
export function expand(style: Style, explode: boolean, name: string, value: Sendable, write: Write): Part[] {
  if (value === null) return []
  const layout = LAYOUTS[style]
  if (style === 'deepObject') return deep(name, value, write)
  const own = layout.named ? write(name) : undefined
  if (typeof value !== 'object') return [[own, write(plain(value))]]
  const entries = Object.entries(value).filter(([, each]) => present(each))
  if (entries.length === 0) return []
  const list = Array.isArray(value)
  if (explode) {
    const apart = (text: string) => (layout.named ? write(text) : alone(write(text), layout.separator, style))
    if (list) return entries.map(([, each]) => [own, apart(plain(each))])
    return entries.map(([key, each]) => [layout.named ? write(key) : alone(apart(key), '=', style), apart(plain(each))])
  }
  // A comma is literal between values and encoded inside them; a space or bar cannot stand in a URL unencoded.
  const between = layout.delimiter === ',' ? ',' : write(layout.delimiter)
  const one = (text: string) => alone(write(text), between, style)
  const texts = entries.flatMap(([key, each]) => (list ? [one(plain(each))] : [one(key), one(plain(each))]))
  return [[own, texts.join(between)]]
}

/** The parts of one parameter as one text; empty when there are none. */
export function join(style: Style, parts: Part[]): string {
  const { prefix, separator, empty } = LAYOUTS[style]
  if (parts.length === 0) return ''
  return prefix + parts.map((part) => assign(part, empty)).join(separator)
}

/** `name=text`. */
export function assign([name, text]: Part, empty = '='): string {
  if (name === undefined) return text
  return text === '' ? name + empty : `${name}=${text}`
}

/** The value is there, but leaves nothing to write: null, or an empty list or object. */
export function isEmpty(value: Sendable): boolean {
  if (Array.isArray(value)) return !value.some(present)
  return value === null || (isObject(value) && !Object.values(value).some(present))
}
