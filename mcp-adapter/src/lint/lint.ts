import { LIST_RULES } from './lists.ts'
import type { PlaceOf } from './places.ts'
import { SHAPE_RULES } from './shapes.ts'
import type { Level, Rule, Subject } from './subject.ts'
import { WORD_RULES } from './words.ts'

/** Every rule there is. */
export const RULES: readonly Rule[] = [...WORD_RULES, ...LIST_RULES, ...SHAPE_RULES]

/** One thing to mend. `where` is `file:line:column` of the curation file, or an operation of the document. */
export interface LintFinding {
  level: Level
  rule: string
  tool?: string
  message: string
  where: string
}

const LEVELS: Level[] = ['error', 'warning', 'note']

/** Holds the tools against every rule. Worst first, and then in the order of the rules and tools. */
export function lint(subject: Subject, placeOf: PlaceOf): LintFinding[] {
  const findings = RULES.flatMap(({ id, level, find }) =>
    find(subject).map((hit): LintFinding => {
      const where = placeOf(hit)
      return { level, rule: id, ...(hit.tool && { tool: hit.tool.name }), message: hit.message, where }
    }),
  )
  return findings.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level))
}
