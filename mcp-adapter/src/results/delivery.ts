import type { Answer } from '../backend/backend.ts'
import type { Check } from '../checks/validation.ts'
import type { JsonObject } from '../json.ts'
import type { Tool } from '../tools/tools.ts'
import { typeOf } from './body.ts'
import { type Cut, shorten } from './budget.ts'
import { cutNote, mainCut } from './cut-note.ts'
import { DATA_TEXT } from './data-text.ts'
import { fence } from './fence.ts'
import { linkTo } from './files.ts'
import { fit } from './fit.ts'
import { approvalNote, keyArgument, keyNote } from './notes.ts'
import { nextPage, restOfPage } from './pagination.ts'
import type { CallResult, Content, Mapping } from './result.ts'

const asText = (text: string): Content => ({ type: 'text', text })

/** The key beside the data, where a client that holds the result against the published schema takes it. */
function withKey(tool: Tool, content: JsonObject, key: string): JsonObject {
  const name = keyArgument(tool)
  if (Object.hasOwn(content, name) || name.includes('.')) return content
  const keyed = { ...content, [name]: key }
  return (tool.checkPublished?.(keyed) ?? []).length === 0 ? keyed : content
}

interface Delivery {
  /** The call waits for a person. */
  waits: boolean
  /** The data keeps its complete schema, and so the published one as well. */
  isKept: boolean
  /** The complete schema of the data. */
  check: Check | undefined
}

interface Shown {
  data: JsonObject
  cuts: Cut[]
}

/** The data as far as it fits the budget; undefined when it cannot be shortened that far. */
function withinBudget(tool: Tool, data: JsonObject, json: string, check: Check | undefined): Shown | undefined {
  if (json.length <= tool.results.budget) return { data, cuts: [] }
  const broken = (value: unknown) => (check?.(value) ?? []).map((error) => error.instancePath)
  const found = shorten(data, tool.results.budget, (value) => broken(value))
  return found && { data: found.value as JsonObject, cuts: found.cuts }
}

/** What cannot be shown even in part: where it is, and nothing of it. Undefined when clients would refuse that. */
function tooLong(tool: Tool, answer: Answer, mapping: Mapping, length: number): CallResult | undefined {
  const hasSchema = tool.published.outputSchema !== undefined
  if (hasSchema && (tool.checkPublished?.({}) ?? []).length > 0) return undefined
  const link = linkTo(tool, answer, mapping)
  const how = link ? 'Read the resource below, or ask for less.' : 'Ask for less.'
  const text = `The answer is too long to be shown (${length} characters). ${how}`
  return { content: [asText(text), ...(link ? [link] : [])], ...(hasSchema && { structuredContent: {} }) }
}

/** What a model has to know beside the data. It holds nothing of the data but names and cursors of plain characters. */
function notesOn(tool: Tool, answer: Answer, data: JsonObject, cuts: Cut[], left: number, mapping: Mapping): string {
  const { args = {} } = mapping
  const cut = mainCut(data, cuts)
  const next = cut
    ? restOfPage(tool, args, cut.shown)
    : answer.body.length === 0
      ? undefined
      : nextPage(tool, args, data, answer.headers.link)
  const notes: string[] = []
  if (cuts.length > 0) notes.push(cutNote(tool, cuts))
  if (next) notes.push(next)
  if (left > 0) notes.push(`structuredContent lacks ${left} of these values, which depart from the documented schema.`)
  return notes.join(' ')
}

/**
 * Data, and what the model has to know beside it. What waits for a person says so first. The text has all that fits the
 * budget; `structuredContent` has the same without the parts that break the published schema. Undefined: nothing that
 * clients take would be left.
 */
export function deliver(
  tool: Tool,
  answer: Answer,
  found: JsonObject,
  mapping: Mapping,
  { waits, isKept, check }: Delivery,
): CallResult | undefined {
  const { key, approvals } = mapping
  const full = key === undefined ? found : withKey(tool, found, key)
  const whole = JSON.stringify(full)
  const shown = withinBudget(tool, full, whole, check)
  if (!shown) return tooLong(tool, answer, mapping, whole.length)
  const { data, cuts } = shown
  const isSure = (isKept && cuts.length === 0) || !tool.checkPublished
  const fitting = isSure ? { value: data, left: 0 } : fit(data, tool.checkPublished as Check)
  if (!fitting) return undefined
  const json = data === full ? whole : JSON.stringify(data)
  const untrusted = answer.body.length > 0 && tool.isUntrusted(answer.status, typeOf(answer))
  const content = [asText(untrusted ? fence(json) : json)]
  if (waits) content.unshift(asText(approvalNote(tool, full, key, approvals?.tool)))
  else if (key !== undefined) content.push(asText(keyNote(tool, answer, key)))
  const notes = notesOn(tool, answer, full, cuts, fitting.left, mapping)
  if (notes !== '') content.push(asText(notes))
  if (cuts.length > 0 && !mainCut(full, cuts)) {
    const link = linkTo(tool, answer, mapping)
    if (link) content.push(link)
  }
  const result: CallResult = { content, structuredContent: fitting.value }
  if (fitting.value === data) result[DATA_TEXT] = json
  return result
}
