import { setTimeout as sleep } from 'node:timers/promises'
import type { Credential } from '../auth/identity.ts'
import type { HttpRequest } from '../calls/request.ts'
import { signalOf } from '../cancellation.ts'
import { retryAfterSeconds } from '../results/problem.ts'
import { type Answer, type Backend, BackendFailure, isGatewayStatus, type SendOptions } from './backend.ts'

const MOST_ATTEMPTS = 3
const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 2000
/** What each call pays in for further attempts: a tenth of one. */
const DEPOSIT = 0.1

export interface RetryOptions extends SendOptions {
  /** The end of the whole call, by performance.now(). Default: the API's deadline from now. */
  until?: number | undefined
  /** Sending the request twice does nothing twice. Without it there is one attempt. */
  repeatable: boolean
  /** Told before each further attempt. */
  onRetry?: ((attempt: number, outcome: Answer | BackendFailure) => void) | undefined
}

/**
 * Whether another attempt may end differently: no answer, one of a gateway, or (409 with Retry-After) the first one
 * still runs. A 429 is for the model to know: more requests are what it is about.
 */
function isPassing(outcome: Answer | BackendFailure): boolean {
  if (outcome instanceof BackendFailure) return ['unreachable', 'timeout', 'interrupted'].includes(outcome.kind)
  const { status, headers } = outcome
  return isGatewayStatus(status) || (status === 409 && headers['retry-after'] !== undefined)
}

/** Full jitter, and not before the API wants it (RFC 9110, section 10.2.3). */
function delayBefore(attempt: number, outcome: Answer | BackendFailure): number {
  const jitter = Math.random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt)
  const asked = outcome instanceof BackendFailure ? undefined : retryAfterSeconds(outcome.headers['retry-after'])
  return Math.max(jitter, (asked ?? 0) * 1000)
}

/**
 * Sends a request; a repeatable one up to three times, while that can help, the deadline of the whole call allows, and
 * the API's budget for further attempts is not used up: an API in trouble gets few more requests, not three times as many.
 * Throws what the last attempt threw, or the reason of a cancellation.
 */
export async function sendWithRetries(
  backend: Backend,
  request: HttpRequest,
  credential: Credential,
  options: RetryOptions,
): Promise<Answer> {
  const { signal, repeatable, onRetry, until: end = performance.now() + backend.timeoutMs } = options
  backend.retries.put(DEPOSIT)
  for (let attempt = 1; ; attempt++) {
    const left = Math.max(1, Math.ceil(end - performance.now()))
    let outcome: Answer | BackendFailure
    try {
      outcome = await backend.send(request, credential, options, left)
    } catch (error) {
      if (!(error instanceof BackendFailure)) throw error
      outcome = error
    }
    const mayRepeat = repeatable && attempt < MOST_ATTEMPTS && isPassing(outcome)
    const wait = mayRepeat ? delayBefore(attempt, outcome) : 0
    if (!mayRepeat || performance.now() + wait >= end || backend.retries.take(1) > 0) {
      if (outcome instanceof BackendFailure) throw outcome
      return outcome
    }
    onRetry?.(attempt, outcome)
    await sleep(wait, undefined, { signal: signalOf(signal) }).catch(() => {
      throw signal.reason
    })
  }
}
