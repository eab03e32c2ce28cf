import { STATUS_CODES } from 'node:http'
import { isObject, type JsonObject } from '../json.ts'

/** One thing that is wrong with the arguments; `pointer` is a JSON Pointer into them. */
export interface ProblemError {
  pointer: string
  code: string
  message: string
}

/** An error body of the adapter's own. What the API sends is passed on as it is; this has the same members. */
export interface Problem {
  error: string
  message: string
  status?: number
  errors?: ProblemError[]
  hint: string
  retryable: boolean
  /** Seconds. */
  retryAfter?: number
  /** Names the call, so that it can be repeated without doing anything twice. */
  idempotencyKey?: string
  requestId?: string
}

/** Thrown inside a call to end it with a problem. It never leaves the adapter as an exception; `cause` is for the log. */
export class ProblemResult extends Error {
  override name = 'ProblemResult'
  constructor(
    readonly problem: Problem,
    cause?: unknown,
  ) {
    super(problem.message, { cause })
  }
}

/** The caller's own credential is not accepted: another one of theirs may be. */
export class CredentialRefused extends ProblemResult {
  override name = 'CredentialRefused'
}

/** Seconds from a Retry-After header, which holds seconds or an HTTP date (RFC 9110, section 10.2.3). */
export function retryAfterSeconds(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header)
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000))
}

const MAX_LINE = 1200
const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim()
const text = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? oneLine(value) : undefined)

/** The detail list of a problem as short sentences: `/items/0/quantity must be >= 1`. */
function errorList(body: JsonObject): string[] {
  if (!Array.isArray(body.errors)) return []
  return body.errors.slice(0, 5).flatMap((entry) => {
    if (!isObject(entry)) return []
    const place = text(entry.pointer) ?? text(entry.path) ?? text(entry.field)
    const what = text(entry.message) ?? text(entry.detail)
    return what === undefined ? [] : [place === undefined ? what : `${place} ${what}`]
  })
}

const sentence = (words: string) => (/[.!?]$/.test(words) ? words : `${words}.`)

/**
 * One line for a model from a problem body (RFC 9457, and the members Handrail adds): what happened, what is wrong
 * where, what to do next, when to try again, and the request id to quote.
 */
export function describe(body: JsonObject, status?: number): string {
  const code = text(body.error) ?? text(body.code)
  const message =
    text(body.message) ?? text(body.detail) ?? text(body.title) ?? STATUS_CODES[status ?? 0] ?? 'The request failed'
  const parts = [sentence(`${code === undefined ? '' : `${code}: `}${message}`)]
  const errors = errorList(body).filter((error) => !message.includes(error))
  if (errors.length > 0) parts.push(sentence(`Wrong: ${errors.join('; ')}`))
  const hint = text(body.hint)
  if (hint !== undefined) parts.push(sentence(hint))
  if (typeof body.retryAfter === 'number') parts.push(`Try again in ${body.retryAfter} s.`)
  else if (body.retryable === true) parts.push('The same call may be tried again.')
  else if (body.retryable === false && hint === undefined) parts.push('Do not repeat the same call.')
  const line = parts.join(' ')
  const requestId = text(body.requestId)
  const end = requestId === undefined ? '' : ` Request id: ${requestId}.`
  return (line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line) + end
}
