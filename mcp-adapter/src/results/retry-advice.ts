import type { JsonObject } from '../json.ts'
import type { Tool } from '../tools/tools.ts'
import { retryAfterSeconds } from './problem.ts'

/** A number of this size is a time since 1970, in seconds or milliseconds, not a wait. */
const LONGEST_WAIT_S = 10 * 365 * 86_400

/** Seconds until a limit is over, as `X-RateLimit-Reset` and its like tell: a wait, or a time. */
function resetSeconds(header: string | undefined, now: number): number | undefined {
  // The RateLimit field of the IETF draft writes `"default";r=0;t=30`, its forerunner `limit=10, remaining=0, reset=30`.
  const [, number] = /(?:^\s*|[;,]\s*(?:t|reset)=)(\d{1,13})(?:\.\d+)?\s*(?:$|[;,])/.exec(header ?? '') ?? []
  if (number === undefined) return undefined
  const value = Number(number)
  if (value < LONGEST_WAIT_S) return value
  const time = value > LONGEST_WAIT_S * 1000 ? value : value * 1000
  return Math.max(0, Math.ceil((time - now) / 1000))
}

/**
 * When and whether a refused call makes sense again, as members of the error: `retryAfter` in seconds, `retryable`.
 * What the body says itself stands. 429: nothing was done. 503: a read may be repeated, and what the API gives a time
 * for (RFC 9110, section 10.2.3).
 */
export function retryAdvice(
  body: JsonObject,
  status: number,
  headers: Record<string, string>,
  tool: Tool,
  now = Date.now(),
): JsonObject {
  const asked = retryAfterSeconds(headers['retry-after'], now)
  const isBusy = status === 429 || status === 503
  const reset = isBusy
    ? ['ratelimit-reset', 'x-ratelimit-reset', 'x-rate-limit-reset', 'ratelimit'].flatMap(
        (name) => resetSeconds(headers[name], now) ?? [],
      )[0]
    : undefined
  const retryAfter = asked ?? (status === 429 ? reset : undefined)
  const isSafe = tool.published.annotations.readOnlyHint || tool.published.annotations.idempotentHint
  const retryable = status === 429 || (status === 503 && (asked !== undefined || isSafe))
  return {
    ...(retryAfter !== undefined && body.retryAfter === undefined && { retryAfter }),
    ...(isBusy && body.retryable === undefined && { retryable }),
  }
}
