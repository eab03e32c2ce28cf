import { type buildConnector, Pool } from 'undici'
import { createPublicConnector } from '../addresses.ts'
import type { Credential } from '../auth/identity.ts'
import { createUpstreamCredential, type UpstreamCredential } from '../auth/upstream-credential.ts'
import type { HttpRequest } from '../calls/request.ts'
import { messageOf } from '../errors.ts'
import { retryAfterSeconds } from '../results/problem.ts'
import { version } from '../version.ts'
import { type Breaker, createBreaker, noBreaker } from './breaker.ts'
import { decode, TooLarge } from './decode.ts'
import { ExchangeFailure, exchange, type RawAnswer } from './exchange.ts'
import { createQueue } from './queue.ts'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'

/** An answer, read to its end. Header names are lower case. */
export interface Answer {
  status: number
  headers: Record<string, string>
  body: Buffer
  /** The body is a stream that went on: this is how it began. */
  truncated?: true
}

type FailureKind =
  | 'unreachable'
  | 'timeout'
  | 'too-large'
  | 'interrupted'
  | 'unreadable'
  | 'overloaded'
  | 'paused'
  | 'private-address'

/** No usable answer. `sent` is false only when the request certainly did not reach the API. */
export class BackendFailure extends Error {
  override name = 'BackendFailure'
  /** When it is worth trying again, in milliseconds. */
  readonly retryAfterMs?: number
  constructor(
    readonly kind: FailureKind,
    readonly sent: boolean,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(kind, options)
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs
  }
}

export interface SendOptions {
  credential: Credential
  /** Sent as X-Forwarded-For. */
  forwardedFor?: string | undefined
  requestId: string
  traceparent?: string | undefined
  /** Goes with `traceparent`. */
  tracestate?: string | undefined
  /** Ends when the MCP request is cancelled. */
  signal: AbortSignal
  /** What is left of the deadline, in milliseconds. Default: all of it. */
  timeoutMs?: number
}

export interface Backend {
  /** Deadline of one call, in milliseconds. */
  readonly timeoutMs: number
  /** What further attempts are paid from. */
  readonly retries: TokenBucket
  /** Whose credential the API gets. */
  readonly credential: Pick<UpstreamCredential, 'usesCaller' | 'isOwn'>
  /** Sends one request and reads the answer. No retries, no redirects. Throws BackendFailure, or the abort reason. */
  send(request: HttpRequest, options: SendOptions): Promise<Answer>
  close(): Promise<void>
}

/** What is said about one API. */
export interface BackendSettings {
  /** Deadline of a whole request, in milliseconds. */
  timeoutMs: number
  /** Largest answer, in bytes. */
  maxResponseBytes: number
  /** So many requests at a time; default 64. Four times as many may wait. */
  concurrency?: number
  /** Whether it is left alone for a while when it does not answer; default true. */
  breaker?: boolean
  /** Connections to private addresses are refused: it was not the operator who said where the API is. */
  publicOnly?: boolean
  /** What it gets. Default: the caller's bearer token. */
  credential?: UpstreamCredential
  /** Makes connections, instead of TCP. */
  connect?: buildConnector.connector
}

const USER_AGENT = `handrail-mcp/${version}`
const DEFAULT_CONCURRENCY = 64
const ROOM_FACTOR = 4
const LONGEST_WAIT_MS = 10_000
const CONNECT_MS = 10_000
/** A timeout that is shorter tells more about the caller's haste than about the API. */
const TELLING_TIMEOUT_MS = 1000
/** Extra requests: a tenth of the others, and a few more for an API that is seldom called. */
const RETRIES = { capacity: 10, perSecond: 0.1 }

/** Answers of whatever stands before an API that does not answer. A 500 is the API's own: one operation may be broken. */
const isGatewayStatus = (status: number) => status === 502 || status === 503 || status === 504
const isStream = (type: string) =>
  /^(text\/event-stream|application\/(x-ndjson|jsonl|json-seq|stream\+json))\b/i.test(type)

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/** What a failed exchange means. A request that HTTP does not know is a mistake of ours, and thrown as it is. */
function failureOf({ late, sent, cause }: ExchangeFailure): unknown {
  const code = codeOf(cause)
  if (code === 'UND_ERR_INVALID_ARG') return cause
  if (code === 'EPRIVATE') return new BackendFailure('private-address', false, { cause })
  if (late || code === 'UND_ERR_CONNECT_TIMEOUT') return new BackendFailure('timeout', sent, { cause })
  return new BackendFailure(sent ? 'interrupted' : 'unreachable', sent, { cause })
}

/** A body in full, or the beginning of a stream. */
async function answerOf(raw: RawAnswer, maxBytes: number): Promise<Answer> {
  const { status, headers, end, cause } = raw
  const truncated = end !== 'whole'
  if (truncated && !isStream(headers['content-type'] ?? '')) {
    const kind = ({ cut: 'too-large', late: 'timeout', broken: 'interrupted' } as const)[end]
    throw new BackendFailure(kind, true, { cause })
  }
  const encoding = headers['content-encoding']
  let { body } = raw
  if (encoding !== undefined) {
    try {
      body = await decode(body, encoding, maxBytes)
    } catch (error) {
      throw new BackendFailure(error instanceof TooLarge ? 'too-large' : 'unreadable', true, { cause: error })
    }
  }
  return { status, headers, body, ...(truncated && { truncated }) }
}

/** Whether a failure tells that the API is not well; undefined: it tells nothing. */
function healthOf({ kind }: BackendFailure, timeoutMs: number): boolean | undefined {
  if (kind === 'timeout') return timeoutMs >= TELLING_TIMEOUT_MS ? false : undefined
  if (kind === 'unreachable' || kind === 'interrupted') return false
  return kind === 'private-address' ? undefined : true
}

/**
 * A client for one API. It is bound to the origin of `baseUrl`: nothing of a document, an argument or an answer makes
 * it send anything, credentials least of all, to another one.
 */
export function createBackend(baseUrl: string, settings: BackendSettings): Backend {
  const { origin, pathname } = new URL(baseUrl)
  const prefix = pathname.replace(/\/+$/, '')
  const { maxResponseBytes, concurrency = DEFAULT_CONCURRENCY } = settings
  const upstream = settings.credential ?? createUpstreamCredential({}, { root: {} }, {})
  const connect = { timeout: Math.min(CONNECT_MS, settings.timeoutMs) }
  const pool = new Pool(origin, {
    connections: concurrency,
    pipelining: 1,
    connect: settings.connect ?? (settings.publicOnly ? createPublicConnector(connect) : connect),
  })
  const queue = createQueue(concurrency, concurrency * ROOM_FACTOR)
  const breaker: Breaker = settings.breaker === false ? noBreaker : createBreaker()

  async function attempt(request: HttpRequest, options: SendOptions, timeoutMs: number): Promise<Answer> {
    const { credential, forwardedFor, traceparent, tracestate } = options
    const headers: Record<string, string> = { ...request.headers, 'user-agent': USER_AGENT }
    if (credential.headers) Object.assign(headers, await credential.headers())
    headers['x-request-id'] = options.requestId
    if (forwardedFor !== undefined) headers['x-forwarded-for'] = forwardedFor
    if (traceparent !== undefined) headers.traceparent = traceparent
    if (tracestate !== undefined) headers.tracestate = tracestate
    // Origin and path apart: a URL parser would collapse what looks like ".." in an encoded path value.
    const { method, path, basePath = prefix, body = null } = request
    const wire = { origin, path: basePath + path, method, headers, body }
    upstream.present(wire, credential.token)
    try {
      return await answerOf(
        await exchange(pool, wire, { signal: options.signal, timeoutMs, maxBytes: maxResponseBytes }),
        maxResponseBytes,
      )
    } catch (error) {
      throw error instanceof ExchangeFailure ? failureOf(error) : error
    }
  }

  /** An attempt from which the breaker learns, by one who has a place in the queue and gives it back. */
  async function watched(request: HttpRequest, options: SendOptions, timeoutMs: number): Promise<Answer> {
    const leave = breaker.enter()
    if (typeof leave === 'number') {
      queue.leave()
      throw new BackendFailure('paused', false, { retryAfterMs: leave })
    }
    let healthy: boolean | undefined
    let pauseMs = 0
    try {
      const answer = await attempt(request, options, timeoutMs)
      healthy = !isGatewayStatus(answer.status)
      if (!healthy) pauseMs = (retryAfterSeconds(answer.headers['retry-after']) ?? 0) * 1000
      return answer
    } catch (error) {
      if (error instanceof BackendFailure) healthy = healthOf(error, timeoutMs)
      throw error
    } finally {
      leave(healthy, pauseMs)
      queue.leave()
    }
  }

  async function send(request: HttpRequest, options: SendOptions): Promise<Answer> {
    const { signal, timeoutMs = settings.timeoutMs } = options
    const pauseMs = breaker.pauseMs()
    if (pauseMs > 0) throw new BackendFailure('paused', false, { retryAfterMs: pauseMs })
    const turn = queue.enter(signal, Math.min(LONGEST_WAIT_MS, timeoutMs))
    if (turn === true) return watched(request, options, timeoutMs)
    const asked = performance.now()
    if (!(await turn)) throw new BackendFailure('overloaded', false, { retryAfterMs: 1000 })
    const left = Math.max(1, Math.ceil(timeoutMs - (performance.now() - asked)))
    return watched(request, options, left)
  }

  return {
    timeoutMs: settings.timeoutMs,
    retries: createTokenBucket(RETRIES),
    credential: upstream,
    send,
    close: () => pool.destroy(),
  }
}

/** Why a failure happened, for the log: codes and texts of Node and undici, which hold no request data. */
export function causeOf(failure: BackendFailure): string {
  return codeOf(failure.cause) || (failure.cause === undefined ? failure.kind : messageOf(failure.cause))
}
