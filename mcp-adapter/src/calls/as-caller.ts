import type { Identity } from '../auth/identity.ts'
import type { Answer, Backend } from '../backend/backend.ts'
import { type RetryOptions, sendWithRetries } from '../backend/retry.ts'
import type { HttpRequest } from './request.ts'

/**
 * Sends a request for a caller, with a credential for the scopes that it needs where the API gets the caller's. One that
 * was kept and that the API takes no more is got anew, once: a 401 means that nothing was done. Throws what
 * sendWithRetries throws, and ProblemResult when there is no credential.
 */
export function sendAs(
  identity: Identity,
  scopes: readonly string[],
  backend: Backend,
  request: HttpRequest,
  options: RetryOptions,
): Promise<Answer> {
  if (!backend.credential.usesCaller) return sendWithRetries(backend, request, {}, options)
  const { fixed } = identity
  return fixed
    ? sendWithRetries(backend, request, fixed, options)
    : sendWithIssued(identity, scopes, backend, request, options)
}

async function sendWithIssued(
  identity: Identity,
  scopes: readonly string[],
  backend: Backend,
  request: HttpRequest,
  options: RetryOptions,
): Promise<Answer> {
  const credential = await identity.credential(scopes, options.signal)
  const answer = await sendWithRetries(backend, request, credential, options)
  if (answer.status !== 401 || !credential.discard?.()) return answer
  const fresh = await identity.credential(scopes, options.signal)
  return sendWithRetries(backend, request, fresh, options)
}
