import type { Answer } from '../backend/backend.ts'
import type { Json } from '../json.ts'
import type { Tool } from '../tools/tools.ts'
import { jsonValue, typeOf } from './body.ts'

const matches = (documented: string, status: number) =>
  documented === String(status) || documented.toUpperCase() === `${Math.floor(status / 100)}XX`

/** The side answer that this one is by its status and media type. */
export function sideOf(tool: Tool, answer: Answer) {
  if (tool.sides.length === 0) return undefined
  const type = typeOf(answer)
  return tool.sides.find((side) => side.mediaType.toLowerCase() === type && matches(side.status, answer.status))
}

/** The JSON of a 2xx answer with the curated fields; nothing is selected from what is not the result. */
export function curatedValue(tool: Tool, answer: Answer, side = sideOf(tool, answer)): Json | undefined {
  const { value } = jsonValue(answer)
  const { fields } = tool.results
  if (value === undefined || !fields) return value
  return side ? fields.error(value) : fields.value(value)
}

/** The bytes of a 2xx answer as they may be kept: rewritten like what is shown. Undefined: they cannot be. */
export function curatedBody(tool: Tool, answer: Answer): Buffer | undefined {
  if (!tool.results.fields) return answer.body
  const value = curatedValue(tool, answer)
  return value === undefined ? undefined : Buffer.from(JSON.stringify(value))
}
