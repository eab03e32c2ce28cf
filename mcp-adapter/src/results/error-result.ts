import type { Answer } from '../backend/backend.ts'
import { isObject, type JsonObject } from '../json.ts'
import type { Tool } from '../tools/tools.ts'
import { jsonValue, textOf, typeOf, visibleText } from './body.ts'
import { shorten } from './budget.ts'
import { errorWords, titleOf } from './error-bodies.ts'
import { fence } from './fence.ts'
import { visible } from './hidden.ts'
import { keyArgument, plain, repeatHint } from './notes.ts'
import { describe, type Problem } from './problem.ts'
import type { CallResult, Era, Mapping } from './result.ts'
import { retryAdvice } from './retry-advice.ts'

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

const MEMBERS = ['error', 'code', 'message', 'detail', 'title', 'type']
const isProblem = (body: JsonObject) => MEMBERS.some((name) => typeof body[name] === 'string') && !isObject(body.error)

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

const MOST_TEXT = 500

/** What is quoted of an answer that is no JSON: the beginning of a plain text, the title of a page. */
function quoted(answer: Answer): string | undefined {
  const type = typeOf(answer)
  if (type === 'text/plain') return visible(textOf(answer).slice(0, MOST_TEXT))
  return type === 'text/html' ? titleOf(visibleText(answer)) : undefined
}

interface ErrorBody {
  body: JsonObject
  /** Its words are the API's. */
  isQuoted: boolean
}

function errorBody(tool: Tool, answer: Answer): ErrorBody {
  const { status } = answer
  const { value: sent } = jsonValue(answer)
  const value = sent === undefined ? undefined : (tool.results.fields?.error(sent) ?? sent)
  if (isObject(value) && isProblem(value)) {
    const { message } = errorWords(value)
    const isTold = [value.message, value.detail, value.title].some((each) => typeof each === 'string')
    return { body: isTold || message === undefined ? { ...value } : { ...value, message }, isQuoted: true }
  }
  const excerpt = sent === undefined ? quoted(answer) : undefined
  const { code, message, errors } = errorWords(value ?? excerpt?.split('\n')[0])
  const body: JsonObject = {
    error: code ?? `http-${status}`,
    message: message ?? `The API answered ${status}.`,
    status,
    ...(errors && errors.length > 1 && { errors: errors.map((each) => ({ ...each })) }),
    body: value ?? excerpt ?? null,
  }
  return { body, isQuoted: message !== undefined || code !== undefined }
}

/** A body that is too long, in part; without its data where that is not enough. */
function withinBudget(body: JsonObject, limit: number): JsonObject {
  if (JSON.stringify(body).length <= limit) return body
  const { body: _, ...words } = body
  return (shorten(body, limit, () => [])?.value ?? shorten(words, limit, () => [])?.value ?? {}) as JsonObject
}

/** A 4xx or 5xx answer: its problem body, or one made of what it says, with advice about trying again. */
export function problemResult(tool: Tool, answer: Answer, { era, requestId, key }: Mapping): CallResult {
  const { status, headers } = answer
  const { body: found, isQuoted } = errorBody(tool, answer)
  const body = { ...found, ...retryAdvice(found, status, headers, tool) }
  const repeat = repetition(tool, body, status, key)
  const full = withinBudget(
    repeat === undefined ? body : withRepetition(body, repeat, key as string),
    tool.results.budget,
  )
  const told = typeof full.requestId === 'string' ? full : { ...full, requestId: headers['x-request-id'] ?? requestId }
  const hasData = full.body !== undefined && full.body !== null
  const untrusted = (isQuoted || hasData) && tool.isUntrusted(status, typeOf(answer))
  const line = untrusted && isQuoted ? describeUntrusted(told, status, repeat) : describe(told, status)
  return errorResult(full, era, tool, line, untrusted)
}
