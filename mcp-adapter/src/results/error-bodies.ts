import { isObject, type Json, type JsonObject } from '../json.ts'
import type { ProblemError } from './problem.ts'

/** What an error body says, whichever of the common shapes it has. */
interface ErrorWords {
  code?: string
  message?: string
  errors?: ProblemError[]
}

const MOST_ERRORS = 20
const text = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined)
const code = (value: unknown) => (typeof value === 'number' ? String(value) : text(value))
const first = (...values: unknown[]) => values.map(text).find((value) => value !== undefined)

/** One of JSON:API's `errors` (with `source.pointer`), or of the many lists like it. */
function listed(entry: Json): ProblemError[] {
  if (typeof entry === 'string') return [{ pointer: '', code: 'error', message: entry }]
  if (!isObject(entry)) return []
  const source = isObject(entry.source) ? entry.source : {}
  const message = first(entry.detail, entry.message, entry.title, entry.description, entry.msg)
  if (message === undefined) return []
  const place = first(
    source.pointer,
    source.parameter,
    entry.pointer,
    entry.path,
    entry.field,
    entry.location,
    entry.param,
  )
  return [{ pointer: place ?? '', code: code(entry.code) ?? code(entry.status) ?? 'error', message }]
}

/** `{name: ["is too short"]}`, as frameworks write what is wrong with each field. */
function byField(errors: JsonObject): ProblemError[] {
  return Object.entries(errors).flatMap(([name, messages]) =>
    [messages].flat().flatMap((each) => {
      const message = text(each)
      return message === undefined ? [] : [{ pointer: `/${name}`, code: 'error', message }]
    }),
  )
}

function errorsOf(value: Json | undefined): ProblemError[] {
  const found = Array.isArray(value) ? value.flatMap(listed) : isObject(value) ? byField(value) : []
  return found.slice(0, MOST_ERRORS)
}

/**
 * Reads the error shapes that APIs have beside RFC 9457: `{error: {code, message}}`, JSON:API's and others' `errors`,
 * OAuth's `error_description`, a list, a bare text. Empty when it says nothing that is known.
 */
export function errorWords(value: Json | undefined): ErrorWords {
  if (typeof value === 'string') return text(value) === undefined ? {} : { message: value.trim() }
  if (Array.isArray(value)) return errorWords({ errors: value })
  if (!isObject(value)) return {}
  const inner = isObject(value.error) ? value.error : isObject(value.fault) ? value.fault : undefined
  const errors = errorsOf(value.errors ?? inner?.errors ?? inner?.details ?? value.details)
  const message =
    first(value.message, value.detail, value.error_description, value.title, value.Message, value.msg, value.reason) ??
    first(inner?.message, inner?.detail, inner?.description, inner?.faultstring) ??
    errors[0]?.message ??
    first(value.error, value.errors, value.error_message)
  const named =
    code(value.code) ??
    text(value.error) ??
    code(inner?.code) ??
    first(inner?.status, inner?.type) ??
    (errors[0]?.code === 'error' ? undefined : errors[0]?.code)
  return {
    ...(named !== undefined && { code: named }),
    ...(message !== undefined && { message }),
    ...(errors.length > 0 && { errors }),
  }
}

const MOST_TITLE = 200

/** The title of an HTML page, which is all of it that is repeated. */
export function titleOf(html: string): string | undefined {
  const [, title] = /<title[^>]{0,200}>([^<]{1,1000})<\/title/i.exec(html.slice(0, 20_000)) ?? []
  const line = title?.replaceAll(/\s+/g, ' ').trim().slice(0, MOST_TITLE)
  return line === '' ? undefined : line
}
