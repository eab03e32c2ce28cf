import { setTimeout as sleep } from 'node:timers/promises'
import type { HttpRequest } from '../calls/request.ts'
import { retryAfterSeconds } from '../results/problem.ts'
import { type Answer, type Backend, BackendFailure, type SendOptions } from './backend.ts'

const MOST_ATTEMPTS = 3
const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 2000

export interface RetryOptions extends SendOptions {
  /** Sending the request twice does nothing twice. Without it there is one attempt. */
  repeatable: boolean
  /** Told before each further attempt. */
  onRetry?: (attempt: number, outcome: Answer | BackendFailure) => void
}

/** Whether another attempt may end differently: no answer, 503, or (409 with Retry-After) the first one still runs. */
function isPassing(outcome: Answer | BackendFailure): boolean {
  if (outcome instanceof BackendFailure) return outcome.kind !== 'too-large'
  return outcome.status === 503 || (outcome.status === 409 && outcome.headers['retry-after'] !== undefined)
}

/** Full jitter, and not before the API wants it (RFC 9110, section 10.2.3). */
function delayBefore(attempt: number, outcome: Answer | BackendFailure): number {
  const jitter = Math.random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt)
  const asked = outcome instanceof BackendFailure ? undefined : retryAfterSeconds(outcome.headers['retry-after'])
  return Math.max(jitter, (asked ?? 0) * 1000)
}

/**
 * Sends a request; a repeatable one up to three times, while that can help and the deadline of the whole call allows.
 * Throws what the last attempt threw, or the reason of a cancellation.
 */
export async function sendWithRetries(backend: Backend, request: HttpRequest, options: RetryOptions): Promise<Answer> {
  const { signal, repeatable, onRetry } = options
  const end = performance.now() + backend.timeoutMs
  for (let attempt = 1; ; attempt++) {
    const left = Math.max(1, Math.ceil(end - performance.now()))
    let outcome: Answer | BackendFailure
    try {
      outcome = await backend.send(request, { ...options, timeoutMs: left })
    } catch (error) {
      if (!(error instanceof BackendFailure)) throw error
      outcome = error
    }
    const wait = delayBefore(attempt, outcome)
    const goesOn = repeatable && attempt < MOST_ATTEMPTS && isPassing(outcome) && performance.now() + wait < end
    if (!goesOn) {
      if (outcome instanceof BackendFailure) throw outcome
      return outcome
    }
    onRetry?.(attempt, outcome)
    await sleep(wait, undefined, { signal }).catch(() => {
      throw signal.reason
    })
  }
}
