import type { Answer } from '../backend/backend.ts'
import type { SchemaError } from '../checks/validation.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Shape } from '../tools/output-schema.ts'
import type { Tool } from '../tools/tools.ts'
import { isJson, isText, jsonValue, typeOf, visibleText } from './body.ts'
import { firstLines } from './budget.ts'
import { curatedValue, sideOf } from './curated.ts'
import { deliver } from './delivery.ts'
import { errorResult } from './error-result.ts'
import { fileContent, wholeContent } from './files.ts'
import { describe } from './problem.ts'
import type { ApprovalReader, CallResult, Mapped, Mapping } from './result.ts'
import { embeddedText, textContent } from './text-result.ts'

/** The pointer and rule of the first violations, without values: they may be private, and the log is not. */
function summary(errors: SchemaError[]): string {
  return errors
    .slice(0, 5)
    .map((e) => `${e.instancePath || '/'} ${e.keyword}`)
    .join(', ')
}

function shapeOf(tool: Tool, status: number): Shape | undefined {
  return tool.shapes[String(status)] ?? tool.shapes['2XX'] ?? tool.shapes['2xx']
}

type FoundSide = ReturnType<typeof sideOf>

/** `structuredContent` of a 2xx answer, or undefined when it holds nothing that is JSON. */
function structure(tool: Tool, answer: Answer, side: FoundSide): JsonObject | undefined {
  if (answer.body.length === 0) return { status: answer.status }
  const value = curatedValue(tool, answer, side)
  if (value === undefined) return undefined
  return isObject(value) && (side?.shape ?? shapeOf(tool, answer.status)) !== 'wrapped' ? value : { result: value }
}

function unusable(tool: Tool, answer: Answer, { era, requestId }: Mapping, why: string, data?: Json): CallResult {
  const answered = `the API answered ${answer.status}`
  const said = sideOf(tool, answer) ? 'Nothing was done yet' : 'The request was carried out'
  const body: JsonObject = {
    error: 'unexpected-response',
    message: `${said} (${answered}), but ${why}.`,
    status: answer.status,
    hint: 'Do not repeat the call. Use the data below, or read the result with another tool.',
    retryable: false,
    requestId,
    ...(data !== undefined && { data }),
  }
  return errorResult(body, era, tool, describe(body), data !== undefined)
}

/** What is no JSON: a text, an image, a sound or a file; under an output schema, data of an error. */
function withoutJson(tool: Tool, answer: Answer, mapping: Mapping): Mapped {
  const type = typeOf(answer)
  const shape = shapeOf(tool, answer.status)
  if (isJson(type)) {
    const { why = '' } = answer.truncated ? { why: 'its answer did not end in time' } : jsonValue(answer)
    return { result: unusable(tool, answer, mapping, why), drift: why }
  }
  const drift = shape === 'text' ? '' : `status ${answer.status} is ${type || 'of no type'}`
  if (tool.results.fields && answer.body.length > 0) {
    const why = `its answer is ${type || 'of no type'}, of which no fields can be selected or hidden`
    return { result: unusable(tool, answer, mapping, why), drift }
  }
  if (!tool.published.outputSchema) {
    const content = isText(type) ? textContent(tool, answer, mapping) : fileContent(tool, answer, mapping)
    return { result: { content }, drift }
  }
  const size = `its answer is ${answer.body.length} bytes of ${type || 'no type'}`
  if (isText(type) && type !== 'text/html') {
    const text = visibleText(answer)
    return { result: unusable(tool, answer, mapping, size, firstLines(text, tool.results.budget) ?? text), drift }
  }
  const result = unusable(tool, answer, mapping, `${size}, which cannot be shown`)
  const files = fileContent(tool, answer, mapping).filter((content) => content.type !== 'text')
  return { result: { ...result, content: [...result.content, ...files] }, drift }
}

/**
 * Whether a 202 is an approval that is waited for: its Location leads to one. An API that gives no Location, or no way
 * to read approvals, means nothing else by a 202 than what the document calls one.
 */
function isApproval(tool: Tool, answer: Answer, approvals: ApprovalReader | undefined): boolean {
  if (answer.status !== 202 || !tool.input.roles.approval) return false
  const { location } = answer.headers
  return approvals && location !== undefined ? approvals.place.test(location) : shapeOf(tool, 202) === undefined
}

/** The whole answer for whoever reads it as a resource. */
function wholeResult(tool: Tool, answer: Answer, mapping: Mapping): Mapped {
  const json = curatedValue(tool, answer)
  const isUnreadable = json === undefined && (isJson(typeOf(answer)) || tool.results.fields !== undefined)
  if (isUnreadable && answer.body.length > 0) return withoutJson(tool, answer, mapping)
  return { result: { content: [wholeContent(answer, json === undefined ? undefined : JSON.stringify(json))] } }
}

/** A 2xx answer as a result, and where it departs from the document. */
export function successResult(tool: Tool, answer: Answer, mapping: Mapping): Mapped {
  if (mapping.whole) return wholeResult(tool, answer, mapping)
  const side = sideOf(tool, answer)
  const shape = side?.shape ?? shapeOf(tool, answer.status)
  const content = structure(tool, answer, side)
  const isShowable = content !== undefined || (isText(typeOf(answer)) && !tool.results.fields)
  if (tool.results.asResource && answer.body.length > 0 && isShowable) {
    const text = content ? JSON.stringify(curatedValue(tool, answer, side)) : visibleText(answer)
    return { result: { content: embeddedText(tool, answer, mapping, text) } }
  }
  if (content === undefined) return withoutJson(tool, answer, mapping)
  const broken = (side ? side.check(content) : tool.checkComplete?.(content)) ?? []
  const drift =
    broken.length > 0 ? summary(broken) : shape === undefined ? `status ${answer.status} is not documented` : ''
  const isKept = broken.length === 0 && (side !== undefined || tool.checkComplete !== undefined)
  const waits = isApproval(tool, answer, mapping.approvals)
  const result = deliver(tool, answer, content, mapping, { waits, isKept, check: side?.check ?? tool.checkComplete })
  if (result) return { result, drift }
  const refused = tool.checkPublished?.(content) ?? []
  const why = `its answer departs from its documented schema (${summary(refused)})`
  return { result: unusable(tool, answer, mapping, why, content), drift }
}
