import { isObject } from '../json.ts'

/** What a request of 2026-07-28 repeats of its body in headers, as the SDK quotes it where both disagree. */
const QUOTED = / header names .*$/s
/** An earlier protocol's refusal of a version that the header names. */
const VERSION = /(Unsupported protocol version: )(?!\d{4}-\d\d-\d\d \().*( \(supported versions: [^()]*\))$/s
const MISSING = /, but the request is missing[^"]*$/

/**
 * The SDK tells a client which header disagrees with the body, and quotes it. What came in a header may be a secret in
 * the wrong place, and answers end up in logs: it is told which header it was, and not what it held.
 */
export async function withoutQuotedHeaders(response: Response): Promise<Response> {
  if (response.status !== 400 || !response.headers.get('content-type')?.includes('json')) return response
  const text = await response.text()
  const answer: unknown = JSON.parse(text)
  const error = isObject(answer) && isObject(answer.error) ? answer.error : undefined
  const { message, data } = error ?? {}
  if (typeof message !== 'string') return new Response(text, response)
  const told = message
    .replace(QUOTED, ` header names something else${MISSING.exec(message)?.[0] ?? ''}`)
    .replace(VERSION, '$1what the header names$2')
  if (told === message) return new Response(text, response)
  const { mismatch: _, ...rest } = isObject(data) ? data : {}
  const headers = new Headers(response.headers)
  headers.delete('content-length')
  const refused = { ...error, message: told, ...(data !== undefined && { data: rest }) }
  return Response.json({ ...(answer as object), error: refused }, { status: response.status, headers })
}
