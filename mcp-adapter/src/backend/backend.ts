import { Agent } from 'undici'
import type { Credential } from '../auth/identity.ts'
import type { HttpRequest } from '../calls/request.ts'
import { messageOf } from '../errors.ts'
import { version } from '../version.ts'

/** An answer, read to its end. Header names are lower case. */
export interface Answer {
  status: number
  headers: Record<string, string>
  body: Buffer
  /** The body is a stream that went on: this is how it began. */
  truncated?: true
}

export type FailureKind = 'unreachable' | 'timeout' | 'too-large' | 'interrupted'

/** No usable answer. `sent` is false only when the request certainly did not reach the API. */
export class BackendFailure extends Error {
  override name = 'BackendFailure'
  constructor(
    readonly kind: FailureKind,
    readonly sent: boolean,
    options?: { cause?: unknown },
  ) {
    super(kind, options)
  }
}

export interface SendOptions {
  credential: Credential
  /** Sent as X-Forwarded-For. */
  forwardedFor?: string
  requestId: string
  traceparent?: string
  /** Ends when the MCP request is cancelled. */
  signal: AbortSignal
  /** What is left of the deadline, in milliseconds. Default: all of it. */
  timeoutMs?: number
}

export interface Backend {
  /** Deadline of one call, in milliseconds. */
  readonly timeoutMs: number
  /** Sends one request and reads the answer. No retries, no redirects. Throws BackendFailure, or the abort reason. */
  send(request: HttpRequest, options: SendOptions): Promise<Answer>
  close(): Promise<void>
}

const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/** A client for one API. `limits`: deadline of a whole request in milliseconds, largest answer in bytes. */
export function createBackend(baseUrl: string, limits: { timeoutMs: number; maxResponseBytes: number }): Backend {
  const { origin, pathname } = new URL(baseUrl)
  const prefix = pathname.replace(/\/+$/, '')
  const agent = new Agent({
    connect: { timeout: Math.min(10_000, limits.timeoutMs) },
    maxResponseSize: limits.maxResponseBytes,
  })

  async function send(request: HttpRequest, options: SendOptions): Promise<Answer> {
    const { timeoutMs = limits.timeoutMs } = options
    const deadline = AbortSignal.timeout(timeoutMs)
    const signal = AbortSignal.any([options.signal, deadline])
    const { credential } = options
    const more = await credential.headers?.()
    try {
      // Origin and path apart: a URL parser would collapse what looks like ".." in an encoded path value.
      const response = await agent.request({
        origin,
        path: prefix + request.path,
        method: request.method as 'GET',
        headers: {
          ...request.headers,
          ...more,
          authorization: `Bearer ${credential.token}`,
          'user-agent': `handrail-mcp/${version}`,
          'x-request-id': options.requestId,
          ...(options.forwardedFor !== undefined && { 'x-forwarded-for': options.forwardedFor }),
          ...(options.traceparent !== undefined && { traceparent: options.traceparent }),
        },
        body: request.body ?? null,
        signal,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      })
      const body = Buffer.from(await response.body.arrayBuffer())
      const headers: Record<string, string> = {}
      for (const [name, value] of Object.entries(response.headers)) {
        if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
      }
      return { status: response.statusCode, headers, body }
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason
      const code = codeOf(error)
      if (deadline.aborted || /TIMEOUT/.test(code))
        throw new BackendFailure('timeout', !NOT_SENT.has(code), { cause: error })
      if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') throw new BackendFailure('too-large', true, { cause: error })
      if (NOT_SENT.has(code)) throw new BackendFailure('unreachable', false, { cause: error })
      throw new BackendFailure('interrupted', true, { cause: error })
    }
  }
  return { timeoutMs: limits.timeoutMs, send, close: () => agent.destroy() }
}

/** Why a failure happened, for the log: codes and texts of Node and undici, which hold no request data. */
export function causeOf(failure: BackendFailure): string {
  return codeOf(failure.cause) || messageOf(failure.cause)
}
