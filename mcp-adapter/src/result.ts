import type { Answer, BackendFailure } from './backend.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import type { Shape } from './output-schema.ts'
import { describe, type Problem, retryAfterSeconds } from './problem.ts'
import type { Tool } from './tools.ts'
import type { SchemaError } from './validation.ts'

export type Era = 'legacy' | 'modern'

/** The part of MCP's CallToolResult that tools of an API need. */
export interface CallResult {
  content: { type: 'text'; text: string }[]
  structuredContent?: JsonObject
  isError?: boolean
  [key: string]: unknown
}

/** What a mapped answer says besides its result: where it departs from the document, for the log. */
export interface Mapped {
  result: CallResult
  drift?: string
}

/**
 * An error as a tool result: one line for the model, then the body as JSON for hosts that only read text.
 *
 * `structuredContent` holds the body too, with one exception. 2025-era clients built on SDK v1 hold an error's
 * structuredContent against the tool's outputSchema and throw the result away; so there, for a tool that has one, the
 * JSON text stands alone. From 2026-07-28 on, isError results are exempt.
 */
export function errorResult(
  body: JsonObject | Problem,
  era: Era,
  tool: Tool | undefined,
  line = describe(body as JsonObject),
): CallResult {
  const content = [line, JSON.stringify(body)].map((text) => ({ type: 'text' as const, text }))
  const withheld = era === 'legacy' && (tool === undefined || tool.published.outputSchema !== undefined)
  return { content, ...(!withheld && { structuredContent: body as JsonObject }), isError: true }
}

/** No answer came. The same call may be repeated only when it was not sent, or when repeating it changes nothing. */
export function failureProblem(failure: BackendFailure, repeatable: boolean, requestId: string): Problem {
  const { kind, sent } = failure
  const safe = kind !== 'too-large' && (!sent || repeatable)
  const unsure =
    sent && !repeatable ? ' The change may have been made: look at the current state before calling again.' : ''
  const said = {
    unreachable: ['backend-unavailable', 'The API cannot be reached.', 'Wait a moment before calling again.'],
    interrupted: [
      'backend-unavailable',
      'The connection to the API broke before it answered.',
      'Wait a moment before calling again.',
    ],
    timeout: ['backend-timeout', 'The API did not answer in time.', 'Wait a moment, or ask for less.'],
    'too-large': [
      'response-too-large',
      'The answer of the API is too large.',
      'Ask for less: a smaller limit or a narrower filter.',
    ],
  }[kind] as [string, string, string]
  return { error: said[0], message: said[1], hint: unsure.trim() || said[2], retryable: safe, requestId }
}

const isJson = (type: string) => /^application\/(.+\+)?json\b/i.test(type)
const isText = (type: string) => /^(text\/|application\/(x-ndjson|xml|.+\+xml))/i.test(type)

function parseJson(answer: Answer): { value?: Json } {
  if (!isJson(answer.headers['content-type'] ?? '')) return {}
  try {
    return { value: JSON.parse(answer.body.toString('utf8')) as Json }
  } catch {
    return {}
  }
}

const MEMBERS = ['error', 'code', 'message', 'detail', 'title', 'type']
const isProblem = (body: JsonObject) => MEMBERS.some((name) => typeof body[name] === 'string')

function problemResult(tool: Tool, answer: Answer, era: Era, requestId: string): CallResult {
  const { status, headers } = answer
  const { value } = parseJson(answer)
  const retryAfter = retryAfterSeconds(headers['retry-after'])
  const excerpt = /^text\/plain/i.test(headers['content-type'] ?? '')
    ? answer.body.toString('utf8').slice(0, 500)
    : undefined
  const body: JsonObject =
    isObject(value) && isProblem(value)
      ? { ...value }
      : { error: `http-${status}`, message: `The API answered ${status}.`, status, body: value ?? excerpt ?? null }
  if (retryAfter !== undefined && body.retryAfter === undefined) body.retryAfter = retryAfter
  const told = typeof body.requestId === 'string' ? body : { ...body, requestId: headers['x-request-id'] ?? requestId }
  return errorResult(body, era, tool, describe(told, status))
}

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

/** `structuredContent` of a 2xx answer, or undefined when it holds nothing that is JSON. */
function structure(answer: Answer, shape: Shape | undefined): JsonObject | undefined {
  if (answer.body.length === 0) return { status: answer.status }
  const { value } = parseJson(answer)
  if (value === undefined) return undefined
  return isObject(value) && shape !== 'wrapped' ? value : { result: value }
}

function unusable(tool: Tool, answer: Answer, era: Era, requestId: string, why: string, data?: Json): CallResult {
  const body: JsonObject = {
    error: 'unexpected-response',
    message: `The request was carried out (the API answered ${answer.status}), but ${why}.`,
    status: answer.status,
    hint: 'Do not repeat the call. Use the data below, or read the result with another tool.',
    retryable: false,
    requestId,
    ...(data !== undefined && { data }),
  }
  return errorResult(body, era, tool)
}

function successResult(tool: Tool, answer: Answer, era: Era, requestId: string): Mapped {
  const shape = shapeOf(tool, answer.status)
  const content = structure(answer, shape)
  if (content === undefined) {
    const type = (answer.headers['content-type'] ?? 'no type').split(';')[0] as string
    if (!tool.published.outputSchema && isText(type)) {
      return { result: { content: [{ type: 'text', text: answer.body.toString('utf8') }] } }
    }
    const why = isJson(type)
      ? 'its answer is not well-formed JSON'
      : `its answer is ${answer.body.length} bytes of ${type}, which cannot be shown`
    return { result: unusable(tool, answer, era, requestId, why), drift: shape === 'text' ? '' : why }
  }
  const broken = tool.checkComplete?.(content) ?? []
  const drift =
    broken.length > 0 ? summary(broken) : shape === undefined ? `status ${answer.status} is not documented` : ''
  const refused = tool.checkPublished?.(content) ?? []
  if (refused.length > 0) {
    const why = `its answer departs from its documented schema (${summary(refused)})`
    return { result: unusable(tool, answer, era, requestId, why, content), drift }
  }
  return { result: { content: [{ type: 'text', text: JSON.stringify(content) }], structuredContent: content }, drift }
}

/**
 * An answer of the API as a tool result. 2xx: `structuredContent` valid against the published output schema, and the
 * same as JSON text. 4xx and 5xx: the problem body, `isError`. A 2xx that clients would refuse is delivered as an
 * error that says that the request was carried out, so that a model does not repeat it.
 */
export function mapAnswer(tool: Tool, answer: Answer, era: Era, requestId: string): Mapped {
  if (answer.status >= 200 && answer.status < 300) return successResult(tool, answer, era, requestId)
  if (answer.status < 400) {
    const message = `The API answered ${answer.status}, a redirect, which is not followed.`
    const problem = {
      error: 'unexpected-redirect',
      message,
      hint: 'Tell the operator: the address of the API is wrong.',
    }
    return { result: errorResult({ ...problem, status: answer.status, retryable: false, requestId }, era, tool) }
  }
  return { result: problemResult(tool, answer, era, requestId) }
}
