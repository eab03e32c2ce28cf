import type { Answer } from '../backend/backend.ts'
import type { JsonObject } from '../json.ts'
import type { Tool } from '../tools/tools.ts'
import type { DATA_TEXT } from './data-text.ts'
import { errorResult, problemResult } from './error-result.ts'
import type { KeptContent } from './resources.ts'
import { successResult } from './success.ts'

export { errorResult }

export type Era = 'legacy' | 'modern'

/** What a model reads of a result, or is led to (MCP, ContentBlock). Only images and audio carry base64 to it. */
export type Content =
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio'; data: string; mimeType: string }
  | { type: 'resource_link'; uri: string; name: string; description?: string; mimeType?: string; size?: number }
  | { type: 'resource'; resource: { uri: string; mimeType?: string } & ({ text: string } | { blob: string }) }

/** The part of MCP's CallToolResult that tools of an API need. */
export interface CallResult {
  content: Content[]
  structuredContent?: JsonObject
  [DATA_TEXT]?: string
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
  /** What the tool was called with. */
  args?: JsonObject | undefined
  /** Keeps what cannot be read again for the caller, and tells its URI. */
  keep?: ((content: KeptContent) => string | undefined) | undefined
  /** The answer is read as a resource: all of it, as one content of type `resource` without a URI. */
  whole?: boolean | undefined
}

/** What a mapped answer says besides its result: where it departs from the document, for the log. */
export interface Mapped {
  result: CallResult
  drift?: string
}

/**
 * An answer of the API as a tool result. 2xx: `structuredContent` valid against the published output schema, and the
 * same as JSON text, with the call's key, fenced where people may have written some of it; an approval that is waited
 * for says what to do about it. What is longer than the tool's budget is shortened, and what has no text is an image, a
 * sound or a link. 4xx and 5xx: the problem body, `isError`. A 2xx that clients would refuse is delivered as an error
 * that says that the request was carried out, so that a model does not repeat it.
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
