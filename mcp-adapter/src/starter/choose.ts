import type { CuratedTool } from '../curation/read.ts'
import type { ApiDocument } from '../document/read.ts'
import { messageOf } from '../errors.ts'
import { RULES } from '../lint/lint.ts'
import { allTools } from '../tools/all.ts'
import { costOfList } from '../tools/cost.ts'
import { snakeCase } from '../tools/naming.ts'
import { buildTool, type Tool } from '../tools/tools.ts'
import { type Score, scoreTool } from './score.ts'
import { wordsFor } from './words.ts'

/** An operation that was looked at. `entry` is how a starter file would have it; `reason` is why it does not. */
export interface Candidate {
  operation: string
  score: Score
  entry: CuratedTool
  chosen: boolean
  reason?: string
}

/** Below it an operation does more harm in a list than good. */
const LEAST_SCORE = 50

/** What keeps a tool out of any list, whatever else is in it. */
function faultOf(tool: Tool): string | undefined {
  const subject = { tools: [tool], budget: Number.POSITIVE_INFINITY }
  const rule = RULES.filter(({ level }) => level === 'error').find((each) => each.find(subject).length > 0)
  return rule && `it breaks the rule ${rule.id}`
}

function entryFor(tool: Tool): CuratedTool {
  const { operation, name, published } = tool
  return {
    operation: operation.id,
    ...(name !== snakeCase(operation.id) && { name }),
    ...wordsFor(operation, name),
    ...(published.annotations.destructiveHint && { confirm: true }),
  }
}

/**
 * The operations of a document by how well they serve as tools, best first, with those chosen that a starter file
 * takes: at most `most`, within `budget` tokens, and none that `lint` would call an error. The same document gives the
 * same choice.
 */
export function chooseTools(document: ApiDocument, most: number, budget: number): Candidate[] {
  const candidates = allTools(document).tools.map((tool) => {
    const entry = entryFor(tool)
    const candidate: Candidate & { tool?: Tool } = {
      operation: tool.operation.id,
      score: scoreTool(tool),
      entry,
      chosen: false,
    }
    try {
      const curated = buildTool(tool.api, tool.operation, entry)
      const reason = faultOf(curated)
      return reason === undefined ? { ...candidate, tool: curated } : { ...candidate, reason }
    } catch (error) {
      return { ...candidate, reason: messageOf(error) }
    }
  })
  const best = candidates.sort((a, b) => b.score.total - a.score.total)
  const chosen: Tool[] = []
  return best.map(({ tool, ...candidate }) => {
    if (!tool) return candidate
    if (chosen.length >= most) return { ...candidate, reason: `${most} others are better` }
    // A file needs at least one tool.
    if (candidate.score.total < LEAST_SCORE && chosen.length > 0) return { ...candidate, reason: 'its score is low' }
    if (costOfList([...chosen, tool].map(({ published }) => published)).read > budget)
      return { ...candidate, reason: 'the list would cost too many tokens' }
    chosen.push(tool)
    return { ...candidate, chosen: true }
  })
}
