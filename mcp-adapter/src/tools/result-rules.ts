import type { CuratedTool } from '../curation/read.ts'
import { CHARACTERS_PER_TOKEN, DEFAULT_BUDGET } from '../results/budget.ts'
import { createFields, type Fields } from '../results/fields.ts'

/** What a curation file says about the results of one tool. */
export interface ResultRules {
  /** Characters of the text that a result may have. */
  budget: number
  /** What is kept and hidden of an answer; absent when all of it is shown. */
  fields?: Fields
  /** A text or JSON answer stands in the result as a resource. */
  asResource: boolean
}

/** `defaults` holds for tools that say nothing else; tokens are characters / 4. */
export function resultRules(
  { select, redact, budget, output }: Pick<CuratedTool, 'select' | 'redact' | 'budget' | 'output'>,
  defaults: { budget?: number } = {},
): ResultRules {
  const fields = createFields(select, redact)
  return {
    budget: (budget ?? defaults.budget ?? DEFAULT_BUDGET) * CHARACTERS_PER_TOKEN,
    ...(fields && { fields }),
    asResource: output === 'resource',
  }
}
