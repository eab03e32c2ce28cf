import type { Identity } from '../auth/identity.ts'
import type { Answer, Backend } from '../backend/backend.ts'
import { type RetryOptions, sendWithRetries } from '../backend/retry.ts'
import type { HttpRequest } from './request.ts'

type Options = Omit<RetryOptions, 'credential'>

/** Member by member: this is the way of every call, and copying an object costs more than one would think. */
function withCredential(options: Options, credential: RetryOptions['credential']): RetryOptions {
  const { forwardedFor, requestId, traceparent, tracestate, signal, until, repeatable, onRetry } = options
  return { credential, forwardedFor, requestId, traceparent, tracestate, signal, until, repeatable, onRetry }
}

/**
 * Sends a request for a caller, with a credential for the scopes that it needs where the API gets the caller's. One that was kept and that the API takes
 * no more is got anew, once: a 401 means that nothing was done. Throws what sendWithRetries throws, and ProblemResult
 * when there is no credential.
 */
export async function sendAs(
  identity: Identity,
  scopes: readonly string[],
  backend: Backend,
  request: HttpRequest,
  options: Options,
): Promise<Answer> {
  if (!backend.credential.usesCaller) return sendWithRetries(backend, request, withCredential(options, {}))
  const credential = await identity.credential(scopes, options.signal)
  const answer = await sendWithRetries(backend, request, withCredential(options, credential))
  if (answer.status !== 401 || !credential.discard?.()) return answer
  const fresh = await identity.credential(scopes, options.signal)
  return sendWithRetries(backend, request, withCredential(options, fresh))
}
