import type { Document } from '../../../api/openapi.ts'
import { createContract } from '../contract.ts'

export interface Answered {
  status: number
  headers: Record<string, unknown>
  body: string
}

/** What is wrong with an answer; undefined where nothing is. */
export type Judge = (answer: Answered) => string | undefined

const typeOf = (headers: Answered['headers']) => String(headers['content-type'] ?? '').split(';')[0]

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** REST: never a 5xx; whatever is refused is a whole problem, and says so in its media type. */
export function judgeRest(document: Document, method: string): Judge {
  const { ajv } = createContract(document)
  const problem = ajv.compile({ $ref: 'document#/components/schemas/Problem' })
  return ({ status, headers, body }) => {
    if (status >= 500) return `answered with ${status}`
    if (status < 400 || method === 'HEAD') return undefined
    if (typeOf(headers) !== 'application/problem+json') return `${status} as ${typeOf(headers)}`
    const told = parse(body) as { status?: number } | undefined
    if (!problem(told)) return `${status} is no problem: ${ajv.errorsText(problem.errors)}`
    return told?.status === status ? undefined : `the problem of a ${status} says ${told?.status}`
  }
}

/** MCP: never a 5xx; an answer is a problem, a JSON-RPC message, or an event stream of such. */
export const judgeMcp: Judge = ({ status, headers, body }) => {
  if (status >= 500) return `answered with ${status}`
  const type = typeOf(headers)
  if (status === 202 && body === '') return undefined
  const text = type === 'text/event-stream' ? (/^data: (.*)$/m.exec(body)?.[1] ?? '') : body
  const message = parse(text) as Record<string, unknown> | undefined
  if (typeof message !== 'object' || message === null) return `${status} as ${type} holds no JSON: ${body.slice(0, 80)}`
  if (type === 'application/problem+json') {
    return ['title', 'status', 'error', 'message', 'hint'].every((name) => name in message)
      ? undefined
      : `${status} is no whole problem`
  }
  const [first = message] = Array.isArray(message) ? message : [message]
  if (first.jsonrpc !== '2.0' || !('result' in first || 'error' in first)) return `${status} is no JSON-RPC answer`
  const { code } = (first.error ?? {}) as { code?: number }
  if (code === -32603) return `an internal error: ${text.slice(0, 200)}`
  const result = first.result as { isError?: boolean; content?: { text?: string }[] } | undefined
  if (!result?.isError) return undefined
  const told = parse(result.content?.[1]?.text ?? '') as { error?: string; status?: number } | undefined
  if (typeof told?.error !== 'string') return `a failed call says no code: ${text.slice(0, 200)}`
  return (told.status ?? 0) >= 500 || /internal|failure/.test(told.error)
    ? `a call failed with ${told.error}`
    : undefined
}
