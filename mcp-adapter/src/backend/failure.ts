import { keyArgument, repeatHint } from '../results/notes.ts'
import type { Problem } from '../results/problem.ts'
import type { Tool } from '../tools/tools.ts'
import type { BackendFailure } from './backend.ts'

/**
 * No answer came. The same call may be repeated only when it was not sent, when repeating it changes nothing, or with
 * its key.
 */
export function failureProblem(
  failure: BackendFailure,
  requestId: string,
  call: { repeatable: boolean; tool?: Tool; key?: string | undefined },
): Problem {
  const { repeatable, tool, key } = call
  const { kind, sent } = failure
  const isFinal = kind === 'too-large' || kind === 'unreadable' || kind === 'private-address'
  const safe = !isFinal && (!sent || repeatable)
  const unsure =
    sent && (!repeatable || (key !== undefined && !safe))
      ? 'The change may have been made: look at the current state before calling again.'
      : undefined
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
    unreadable: [
      'unexpected-response',
      'The answer of the API is compressed in a way that cannot be read.',
      'Tell the operator.',
    ],
    overloaded: [
      'overloaded',
      'Too many requests to the API are under way. Nothing was sent.',
      'Wait a moment before calling again.',
    ],
    paused: [
      'backend-unavailable',
      'The API did not answer before, so it is left alone for a while. Nothing was sent.',
      'Wait before calling again.',
    ],
    'private-address': [
      'backend-unavailable',
      'The API is at a private address, which the operator did not allow. Nothing was sent.',
      'Tell the operator: name the URL of the API, or allow private addresses.',
    ],
  }[kind] as [string, string, string]
  const keyed = safe && tool !== undefined && key !== undefined
  return {
    error: said[0],
    message: said[1],
    hint: keyed ? `${said[2]} ${repeatHint(keyArgument(tool), key)}` : (unsure ?? said[2]),
    retryable: safe,
    ...(failure.retryAfterMs !== undefined && { retryAfter: Math.ceil(failure.retryAfterMs / 1000) }),
    ...(key !== undefined && { idempotencyKey: key }),
    requestId,
  }
}
