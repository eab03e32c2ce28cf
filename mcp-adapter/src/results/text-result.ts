import type { Answer } from '../backend/backend.ts'
import type { Tool } from '../tools/tools.ts'
import { typeOf, visibleText } from './body.ts'
import { firstLines } from './budget.ts'
import { fence } from './fence.ts'
import { linkTo, mimeTypeOf } from './files.ts'
import { callUri } from './resources.ts'
import type { Content, Mapping } from './result.ts'

const asText = (text: string): Content => ({ type: 'text', text })

interface ShownText {
  shown: string
  /** Says what is missing; empty when nothing is. */
  after: Content[]
}

const linesOf = (text: string) => text.split('\n').length

function within(tool: Tool, answer: Answer, mapping: Mapping, text: string): ShownText {
  const part = firstLines(text, tool.results.budget)
  const shown = part ?? text
  const notes: string[] = []
  if (part !== undefined) notes.push(`Shortened: ${linesOf(part)} of ${linesOf(text)} lines are shown.`)
  if (answer.truncated) notes.push('The answer went on when reading it was stopped.')
  const link = part === undefined || answer.truncated ? undefined : linkTo(tool, answer, mapping)
  if (link) notes.push('The resource below is the whole of it.')
  const after = notes.length === 0 ? [] : [asText(notes.join(' '))]
  return {
    shown: tool.isUntrusted(answer.status, typeOf(answer)) ? fence(shown) : shown,
    after: link ? [...after, link] : after,
  }
}

/** A text as a result: whole lines from its beginning, so that a table keeps its head, and a link to the rest. */
export function textContent(tool: Tool, answer: Answer, mapping: Mapping): Content[] {
  const { shown, after } = within(tool, answer, mapping, visibleText(answer))
  return [asText(shown), ...after]
}

/** A text as a resource that stands in the result (MCP, EmbeddedResource): for documents that a host keeps apart. */
export function embeddedText(tool: Tool, answer: Answer, mapping: Mapping, text: string): Content[] {
  const { shown, after } = within(tool, answer, mapping, text)
  const uri = (mapping.args && callUri(tool, mapping.args)) ?? `handrail://answers/${mapping.requestId}`
  return [{ type: 'resource', resource: { uri, mimeType: mimeTypeOf(answer), text: shown } }, ...after]
}
