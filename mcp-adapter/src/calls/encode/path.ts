import type { Binding } from '../../tools/bindings.ts'
import { expand, isStyle, join } from './styles.ts'
import { jsonText, percent, percentLiteral, plain, type Sendable, Unsendable } from './text.ts'

/** A path template, split once: per segment literal texts and the variables between them. */
export interface PathPlan {
  /** Literal texts, and variables by their place among the path parameters. */
  segments: (string | number)[][]
  /** Literal query of the template, without its "?". */
  query: string
}

const VARIABLE = /\{([^{}]+)\}/

/** The variables of a path template, in order. */
export function templateVariables(template: string): string[] {
  return [...template.matchAll(new RegExp(VARIABLE, 'g'))].map((match) => match[1] as string)
}

/** Splits a template. `variables` are its path parameters. A fragment is no part of a request. */
export function planPath(template: string, variables: string[]): PathPlan {
  const [whole = ''] = template.split('#')
  const mark = whole.indexOf('?')
  const path = mark < 0 ? whole : whole.slice(0, mark)
  const segments = path.split('/').map((segment) =>
    segment
      .split(VARIABLE)
      .map((piece, index) => (index % 2 === 0 ? percentLiteral(piece) : variables.indexOf(piece)))
      .filter((piece) => piece !== ''),
  )
  return { segments, query: mark < 0 ? '' : percentLiteral(whole.slice(mark + 1)) }
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

/** Fills a split template. `texts` are the written values by the place of their variable. Throws Unsendable. */
export function fillPath({ segments }: PathPlan, texts: string[], refuse: (variable: number) => never): string {
  return segments
    .map((segment) => {
      if (segment.length === 1 && typeof segment[0] === 'string') return segment[0]
      const filled = segment.map((piece) => (typeof piece === 'string' ? piece : texts[piece])).join('')
      const variable = segment.findLast((piece) => typeof piece === 'number')
      if (typeof variable === 'number' && LEAVES.test(filled)) refuse(variable)
      return filled
    })
    .join('/')
}

/** Why a value may not fill its segment. */
export const leaving = () => new Unsendable('must not be empty, "." or ".."')
