const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/
/** One member of a list (W3C Trace Context, section 3.3.1.3). */
const MEMBER = /^([a-z][\w\-*/]{0,255}|[a-z0-9][\w\-*/]{0,240}@[a-z][\w\-*/]{0,13})=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/
const MOST_MEMBERS = 32
const LONGEST = 512

function isTracestate(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > LONGEST) return false
  const members = value.split(',').map((member) => member.trim())
  return members.length <= MOST_MEMBERS && members.every((member) => MEMBER.test(member))
}

/**
 * The trace context of a request's `_meta`, for the API (W3C Trace Context, sections 3.2 and 3.3). What is not well
 * formed is left out; none is made up, because we record no spans. Baggage is not passed on: it may hold anything.
 */
export function traceOf(meta: Record<string, unknown> | undefined): { traceparent?: string; tracestate?: string } {
  const { traceparent, tracestate } = meta ?? {}
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return {}
  return { traceparent, ...(isTracestate(tracestate) && { tracestate }) }
}
