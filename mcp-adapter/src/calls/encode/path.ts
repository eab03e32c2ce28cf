import type { Binding } from '../../tools/bindings.ts'
import { isStyle } from '../../tools/inputs/styles.ts'
import { expand, join } from './styles.ts'
import { jsonText, percent, percentLiteral, plain, type Sendable, Unsendable } from './text.ts'

/** A path template, split once. */
export interface PathPlan {
  /** Literal texts with their slashes, and segments with variables: texts, and places among the path parameters. */
  pieces: (string | (string | number)[])[]
  /** Literal query of the template, without its "?". */
  query: string
}

const VARIABLE = /\{([^{}]+)\}/

/** Splits a template. `variables` are its path parameters. A fragment is no part of a request. */
export function planPath(template: string, variables: string[]): PathPlan {
  const [whole = ''] = template.split('#')
  const mark = whole.indexOf('?')
  const path = mark < 0 ? whole : whole.slice(0, mark)
  const pieces: PathPlan['pieces'] = []
  let literal = ''
  path.split('/').forEach((segment, place) => {
    if (place > 0) literal += '/'
    if (!VARIABLE.test(segment)) {
      literal += percentLiteral(segment)
      return
    }
    const inside = segment
      .split(VARIABLE)
      .map((piece, index) => (index % 2 === 0 ? percentLiteral(piece) : variables.indexOf(piece)))
    pieces.push(literal, inside)
    literal = ''
  })
  return { pieces: [...pieces, literal], query: mark < 0 ? '' : percentLiteral(whole.slice(mark + 1)) }
}

/** One path parameter's value, percent-encoded, so that it holds neither "/" nor "?" nor "#". */
export function pathText(binding: Binding, value: Sendable): string {
  if (binding.content !== undefined) return percent(/json/i.test(binding.content) ? jsonText(value) : plain(value))
  const style = isStyle(binding.style) ? binding.style : 'simple'
  if (value === null && style !== 'matrix') return ''
  if (value === null) return `;${percent(binding.name)}`
  return join(style, expand(style, binding.explode, binding.name, value, percent))
}

/**
 * A segment with a value in it that URL parsers, proxies or servers would walk up at or drop: "..", "." or nothing, also
 * before a ";", which some servers cut off with all that follows.
 */
const LEAVES = /^(|\.{1,2}(;.*)?)$/

/** Fills a split template. `texts` are the written values by the place of their variable; `refuse` ends the call. */
export function fillPath({ pieces }: PathPlan, texts: string[], refuse: (variable: number) => never): string {
  let path = ''
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      path += piece
      continue
    }
    let segment = ''
    for (const part of piece) segment += typeof part === 'string' ? part : (texts[part] ?? '')
    if (LEAVES.test(segment)) refuse(piece.findLast((part) => typeof part === 'number') as number)
    path += segment
  }
  return path
}

/** Why a value may not fill its segment. */
export const leaving = () => new Unsendable('must not be empty, "." or ".."')
