import type { CuratedTool } from '../curation/read.ts'
import type { ApiDocument } from '../document/read.ts'
import { messageOf } from '../errors.ts'
import { RULES } from '../lint/lint.ts'
import { allTools } from '../tools/all.ts'
import { costOfList } from '../tools/cost.ts'
import { snakeCase } from '../tools/naming.ts'
import { buildTool, type Tool } from '../tools/tools.ts'
import { argumentsFor } from './arguments.ts'
import { type Score, scoreTool, subjectOf } from './score.ts'
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
/** What another tool about the same thing is worth less: a list of fifteen ways to read an order is a poor start. */
const SAME_SUBJECT = 5

/** What keeps a tool out of any list, whatever else is in it. */
function faultOf(tool: Tool): string | undefined {
  const subject = { tools: [tool], budget: Number.POSITIVE_INFINITY }
  const rule = RULES.filter(({ level }) => level === 'error').find((each) => each.find(subject).length > 0)
  return rule && `it breaks the rule ${rule.id}`
}

function entryFor(tool: Tool): CuratedTool {
  const { operation, name, published } = tool
  const parameters = argumentsFor(tool)
  return {
    operation: operation.id,
    ...(name !== snakeCase(operation.id) && { name }),
    ...wordsFor(operation, name),
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(published.annotations.destructiveHint && { confirm: true }),
  }
}

/** An operation with the tool that a starter file would make of it; none when that would be no good tool. */
type Prepared = Candidate & { tool?: Tool }

function prepare(tool: Tool, share: number): Prepared {
  const entry = entryFor(tool)
  const candidate = { operation: tool.operation.id, score: scoreTool(tool, share), entry, chosen: false }
  try {
    const curated = buildTool(tool.api, tool.operation, entry)
    const reason = faultOf(curated)
    return reason === undefined ? { ...candidate, tool: curated } : { ...candidate, reason }
  } catch (error) {
    return { ...candidate, reason: messageOf(error) }
  }
}

/** Chooses one after the other: the next is the best of what is left, where each of its subject counts against it. */
function choose(candidates: Prepared[], most: number, budget: number): void {
  const chosen: Tool[] = []
  const times = new Map<string, number>()
  const worth = ({ score, tool }: Prepared) =>
    score.total - SAME_SUBJECT * (tool ? (times.get(subjectOf(tool)) ?? 0) : 0)
  const left = new Set(candidates.filter(({ tool }) => tool !== undefined))
  while (left.size > 0) {
    const best = [...left].reduce((a, b) => (worth(b) > worth(a) ? b : a))
    left.delete(best)
    const tool = best.tool as Tool
    if (chosen.length >= most) best.reason = `${most} others are better`
    // A file needs at least one tool.
    else if (best.score.total < LEAST_SCORE && chosen.length > 0) best.reason = 'its score is low'
    else if (costOfList([...chosen, tool].map(({ published }) => published)).read > budget)
      best.reason = 'the list would cost too many tokens'
    else {
      best.chosen = true
      chosen.push(tool)
      times.set(subjectOf(tool), (times.get(subjectOf(tool)) ?? 0) + 1)
    }
  }
}

/**
 * The operations of a document by how well they serve as tools, best first, with those chosen that a starter file
 * takes: at most `most`, within `budget` tokens, and none that `lint` would call an error. The same document gives the
 * same choice.
 */
export function chooseTools(document: ApiDocument, most: number, budget: number): Candidate[] {
  const { tools } = allTools(document)
  const times = new Map<string, number>()
  for (const tool of tools) times.set(subjectOf(tool), (times.get(subjectOf(tool)) ?? 0) + 1)
  const largest = Math.max(...times.values())
  const candidates = tools.map((tool) => prepare(tool, (times.get(subjectOf(tool)) ?? 0) / largest))
  choose(candidates, most, budget)
  return candidates.map(({ tool: _, ...candidate }) => candidate).sort((a, b) => b.score.total - a.score.total)
}
