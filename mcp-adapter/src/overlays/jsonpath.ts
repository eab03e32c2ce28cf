import { exec } from 'jsonpath-rfc9535'
import parseQuery from 'jsonpath-rfc9535/parser'
import type { Path } from '../curation/yaml-file.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { didYouMean } from '../nearest.ts'

/** A node of the document, with the object or array it stands in; the root stands in none. */
export interface Place {
  path: Path
  value: Json
  parent: JsonObject | Json[] | undefined
}

/** The library writes names into paths as normalized paths do (RFC 9535, section 2.7). */
const plainName = (step: string) =>
  step.replaceAll(/\\(u[\da-f]{4}|.)/g, (_all, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }[code] ?? code
  })

const at = (value: Json | undefined, step: string | number): Json | undefined =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? (value as JsonObject)[step as string]
    : undefined

/** The nodes that a JSONPath (RFC 9535) selects, each once. Throws when the expression is none. */
export function select(root: Json, expression: string): Place[] {
  const places = new Map<string, Place>()
  exec(root, expression, (value, steps) => {
    const path = steps.map((step) => (typeof step === 'string' ? plainName(step) : step))
    const parent = path.slice(0, -1).reduce<Json | undefined>(at, root)
    const key = JSON.stringify(path)
    if (!places.has(key))
      places.set(key, { path, value, parent: path.length === 0 ? undefined : (parent as JsonObject) })
  })
  return [...places.values()]
}

/** The steps of a singular query (RFC 9535, section 2.3.5.1): one that can name one node only. */
export function singularSteps(expression: string): Path | undefined {
  const steps: Path = []
  for (const { type, node } of parseQuery(expression).segments) {
    const [selector, ...others] = node.type === 'BracketedSelection' ? node.selectors : [node]
    const isOne =
      selector?.type === 'NameSelector' ||
      selector?.type === 'MemberNameShorthand' ||
      selector?.type === 'IndexSelector'
    if (type !== 'ChildSegment' || !isOne || others.length > 0) return undefined
    steps.push(selector.value)
  }
  return steps
}

/** What is missing on the way to a node that is not there. */
export function missing(root: Json, steps: Path): string {
  let value: Json | undefined = root
  for (const [i, step] of steps.entries()) {
    const next = at(value, step)
    if (next === undefined) {
      const place = `$${steps
        .slice(0, i)
        .map((each) => `[${JSON.stringify(each)}]`)
        .join('')}`
      const hint = isObject(value) ? didYouMean(String(step), Object.keys(value)) : ''
      return `The document has no ${JSON.stringify(step)} at ${place}.${hint}`
    }
    value = next
  }
  return 'The document has nothing there.'
}
