import type { CuratedParameter } from '../curation/read.ts'
import { isSecretName } from '../lint/shapes.ts'
import { argumentsOf } from '../lint/subject.ts'
import { tokensOf } from '../tools/cost.ts'
import type { Tool } from '../tools/tools.ts'
import { firstSentences, plainWords } from './words.ts'

const LONGEST_DESCRIPTION = 120
/** What an optional argument may cost, words apart. */
const MOST_TOKENS = 80

/**
 * What a starter file says about a tool's arguments: long words are cut, and what a model can do without and would pay
 * dearly for, or must not know, is hidden.
 */
export function argumentsFor(tool: Tool): Record<string, CuratedParameter> {
  const { bindings, body } = tool.input
  const whole = body?.whole ? bindings.find(({ place }) => place === 'body')?.argument.join('.') : undefined
  const entries = argumentsOf(tool).flatMap(({ name, schema, required, description }): [string, CuratedParameter][] => {
    const { description: _, ...rules } = schema
    // A body that is one argument is what the operation is for, also where the document lets it be left out.
    if (name === whole) return []
    if (!required && (isSecretName(name) || tokensOf(rules) > MOST_TOKENS)) return [[name, { hidden: true }]]
    if (description.length <= LONGEST_DESCRIPTION) return []
    return [[name, { description: firstSentences(plainWords(description), LONGEST_DESCRIPTION) }]]
  })
  const known = new Set(bindings.map((binding) => binding.argument.join('.')))
  return Object.fromEntries(entries.filter(([name]) => known.has(name)))
}
