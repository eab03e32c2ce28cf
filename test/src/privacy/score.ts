import { redact, TYPES } from '../../../src/privacy/redact.ts'
import type { Case } from './corpus.ts'

export interface Score {
  type: string
  labelled: number
  precision: number
  recall: number
  f1: number
}

export interface Scores {
  scores: Score[]
  /** What was missed, and what was found without being there, for a person to read. */
  faults: string[]
}

/** Counts a find where type, beginning and end are those of the label. */
export function score(cases: Case[]): Scores {
  const faults: string[] = []
  const counts = new Map(TYPES.map((type) => [type, { right: 0, labelled: 0, found: 0 }]))
  const countOf = (type: string) => counts.get(type) as { right: number; labelled: number; found: number }
  for (const { text, spans } of cases) {
    const { found } = redact(text)
    const same = (a: (typeof spans)[number], b: (typeof spans)[number]) =>
      a.type === b.type && a.start === b.start && a.end === b.end
    for (const span of spans) {
      countOf(span.type).labelled++
      if (found.some((each) => same(each, span))) countOf(span.type).right++
      else faults.push(`missed ${span.type} ${text.slice(span.start, span.end)} in: ${text}`)
    }
    for (const each of found) {
      countOf(each.type).found++
      if (!spans.some((span) => same(each, span)))
        faults.push(`found ${each.type} ${text.slice(each.start, each.end)} in: ${text}`)
    }
  }
  const scores = [...counts].map(([type, { right, labelled, found }]) => {
    const precision = right / found
    const recall = right / labelled
    return { type, labelled, precision, recall, f1: (2 * precision * recall) / (precision + recall) }
  })
  return { scores, faults }
}
