import type { Answer } from '../backend/backend.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Shape } from '../tools/output-schema.ts'
import type { Tool } from '../tools/tools.ts'
import type { SchemaError } from '../tools/validation.ts'
import { fence } from './fence.ts'
import { allVisible, visible } from './hidden.ts'
import { approvalNote, keyArgument, keyNote, plain, repeatHint } from './notes.ts'
import { describe, type Problem, retryAfterSeconds } from './problem.ts'

export type Era = 'legacy' | 'modern'

/** What a model reads of a result, or is led to (MCP, ContentBlock). Only images and audio carry base64. */
export type Content =
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio'; data: string; mimeType: string }
  | { type: 'resource_link'; uri: string; name: string; description?: string; mimeType?: string; size?: number }
  | { type: 'resource'; resource: { uri: string; mimeType?: string; text: string } }

/** The part of MCP's CallToolResult that tools of an API need. */
export interface CallResult {
  content: Content[]
  structuredContent?: JsonObject
  isError?: boolean
  [key: string]: unknown
}

/** The tool that reads an approval, and the place where the API says that one is (Location). */
export interface ApprovalReader {
  tool: string
  place: RegExp
}

/** The call that an answer belongs to. */
export interface Mapping {
  era: Era
  requestId: string
  /** What the request was named with. */
  key?: string | undefined
  approvals?: ApprovalReader | undefined
}

/** What a mapped answer says besides its result: where it departs from the document, for the log. */
export interface Mapped {
  result: CallResult
  drift?: string
}

/**
 * An error as a tool result: one line for the model, then the body as JSON for hosts that only read text; fenced where
 * the body may hold what people wrote.
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
  untrusted = false,
): CallResult {
  const json = JSON.stringify(body)
  const content = [line, untrusted ? fence(json) : json].map((text) => ({ type: 'text' as const, text }))
  const withheld = era === 'legacy' && (tool === undefined || tool.published.outputSchema !== undefined)
  return { content, ...(!withheld && { structuredContent: body as JsonObject }), isError: true }
}

const isJson = (type: string) => /^application\/(.+\+)?json\b/i.test(type)
const isText = (type: string) => /^(text\/|application\/(x-ndjson|xml|.+\+xml))/i.test(type)

function parseJson(answer: Answer): { value?: Json } {
  if (!isJson(answer.headers['content-type'] ?? '')) return {}
  try {
    return { value: allVisible(JSON.parse(answer.body.toString('utf8')) as Json) }
  } catch {
    return {}
  }
}

const MEMBERS = ['error', 'code', 'message', 'detail', 'title', 'type']
const isProblem = (body: JsonObject) => MEMBERS.some((name) => typeof body[name] === 'string')

/** A problem after which the same call makes sense gets its key: a call that has to be corrected needs a new one. */
function repetition(tool: Tool, body: JsonObject, status: number, key: string | undefined): string | undefined {
  const mayRepeat = body.retryable === true || status >= 500 || body.retryAfter !== undefined
  if (key === undefined || !mayRepeat || body.idempotencyKey !== undefined) return undefined
  return repeatHint(keyArgument(tool), key)
}

function withRepetition(body: JsonObject, repeat: string, key: string): JsonObject {
  const told = typeof body.hint === 'string' ? `${body.hint.trim().replace(/[^.!?]$/, '$&.')} ` : ''
  return { ...body, hint: told + repeat, idempotencyKey: key }
}

/** What is said of a problem whose words may be anybody's: its code, and what is no text. The rest is in the data. */
function describeUntrusted(body: JsonObject, status: number, repeat: string | undefined): string {
  const { retryable, retryAfter } = body
  const said: JsonObject = { message: `The API answered ${status}; what it says is in the data below` }
  for (const [name, value] of Object.entries({
    error: plain(body.error ?? body.code),
    requestId: plain(body.requestId),
  }))
    if (value !== undefined) said[name] = value
  if (typeof retryable === 'boolean') said.retryable = retryable
  if (typeof retryAfter === 'number') said.retryAfter = retryAfter
  return describe(repeat === undefined ? said : { ...said, hint: repeat }, status)
}

const typeOf = (answer: Answer) => (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

function problemResult(tool: Tool, answer: Answer, { era, requestId, key }: Mapping): CallResult {
  const { status, headers } = answer
  const { value } = parseJson(answer)
  const retryAfter = retryAfterSeconds(headers['retry-after'])
  const excerpt = /^text\/plain/i.test(headers['content-type'] ?? '')
    ? visible(answer.body.toString('utf8').slice(0, 500))
    : undefined
  const known = isObject(value) && isProblem(value)
  const body: JsonObject = known
    ? { ...value }
    : { error: `http-${status}`, message: `The API answered ${status}.`, status, body: value ?? excerpt ?? null }
  if (retryAfter !== undefined && body.retryAfter === undefined) body.retryAfter = retryAfter
  const repeat = repetition(tool, body, status, key)
  const full = repeat === undefined ? body : withRepetition(body, repeat, key as string)
  const told = typeof full.requestId === 'string' ? full : { ...full, requestId: headers['x-request-id'] ?? requestId }
  const untrusted =
    (!known && value !== undefined) || excerpt !== undefined || (known && tool.isUntrusted(status, typeOf(answer)))
  const line = untrusted && known ? describeUntrusted(told, status, repeat) : describe(told, status)
  return errorResult(full, era, tool, line, untrusted)
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

/** The side answer that this one is by its status and media type. */
function sideOf(tool: Tool, answer: Answer) {
  const type = typeOf(answer)
  return tool.sides.find((side) => side.mediaType.toLowerCase() === type && matches(side.status, answer.status))
}

const matches = (documented: string, status: number) =>
  documented === String(status) || documented.toUpperCase() === `${Math.floor(status / 100)}XX`

/** The key beside the data, where a client that holds the result against the published schema takes it. */
function withKey(tool: Tool, content: JsonObject, key: string): JsonObject {
  const name = keyArgument(tool)
  if (Object.hasOwn(content, name) || name.includes('.')) return content
  const keyed = { ...content, [name]: key }
  return (tool.checkPublished?.(keyed) ?? []).length === 0 ? keyed : content
}

function successResult(tool: Tool, answer: Answer, mapping: Mapping): Mapped {
  const side = sideOf(tool, answer)
  const shape = side?.shape ?? shapeOf(tool, answer.status)
  const content = structure(answer, shape)
  if (content === undefined) {
    const type = (answer.headers['content-type'] ?? 'no type').split(';')[0] as string
    if (!tool.published.outputSchema && isText(type)) {
      const text = visible(answer.body.toString('utf8'))
      const shown = tool.isUntrusted(answer.status, typeOf(answer)) ? fence(text) : text
      return { result: { content: [{ type: 'text', text: shown }] } }
    }
    const why = isJson(type)
      ? 'its answer is not well-formed JSON'
      : `its answer is ${answer.body.length} bytes of ${type}, which cannot be shown`
    return { result: unusable(tool, answer, mapping, why), drift: shape === 'text' ? '' : why }
  }
  const broken = (side ? side.check(content) : tool.checkComplete?.(content)) ?? []
  const drift =
    broken.length > 0 ? summary(broken) : shape === undefined ? `status ${answer.status} is not documented` : ''
  const refused = tool.checkPublished?.(content) ?? []
  if (refused.length > 0) {
    const why = `its answer departs from its documented schema (${summary(refused)})`
    return { result: unusable(tool, answer, mapping, why, content), drift }
  }
  return { result: delivered(tool, answer, content, mapping), drift }
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

/** Data, and what the model has to know beside it. What waits for a person says so first. */
function delivered(tool: Tool, answer: Answer, data: JsonObject, { key, approvals }: Mapping): CallResult {
  const content = key === undefined ? data : withKey(tool, data, key)
  const json = JSON.stringify(content)
  const untrusted = answer.body.length > 0 && tool.isUntrusted(answer.status, typeOf(answer))
  const texts = [untrusted ? fence(json) : json]
  if (isApproval(tool, answer, approvals)) texts.unshift(approvalNote(tool, data, key, approvals?.tool))
  else if (key !== undefined) texts.push(keyNote(tool, answer, key))
  return { content: texts.map((text) => ({ type: 'text' as const, text })), structuredContent: content }
}

/**
 * An answer of the API as a tool result. 2xx: `structuredContent` valid against the published output schema, and the
 * same as JSON text, with the call's key, fenced where people may have written some of it; an approval that is waited for says what to do about it. 4xx and 5xx: the
 * problem body, `isError`. A 2xx that clients would refuse is delivered as an error that says that the request was
 * carried out, so that a model does not repeat it.
 */
export function mapAnswer(tool: Tool, answer: Answer, mapping: Mapping): Mapped {
  if (answer.status >= 200 && answer.status < 300) return successResult(tool, answer, mapping)
  if (answer.status < 400) {
    const message = `The API answered ${answer.status}, a redirect, which is not followed.`
    const problem = {
      error: 'unexpected-redirect',
      message,
      hint: 'Tell the operator: the address of the API is wrong.',
    }
    const { era, requestId } = mapping
    return { result: errorResult({ ...problem, status: answer.status, retryable: false, requestId }, era, tool) }
  }
  return { result: problemResult(tool, answer, mapping) }
}
