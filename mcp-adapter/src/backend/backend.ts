import type { buildConnector, Pool } from 'undici'
import { createPublicConnector } from '../addresses.ts'
import type { Credential } from '../auth/identity.ts'
import { createUpstreamCredential, type UpstreamCredential } from '../auth/upstream-credential.ts'
import type { HttpRequest } from '../calls/request.ts'
import type { Cancellation } from '../cancellation.ts'
import { messageOf } from '../errors.ts'
import { retryAfterSeconds } from '../results/problem.ts'
import { undici } from '../undici.ts'
import { version } from '../version.ts'
import { type Breaker, createBreaker, type Leave, noBreaker } from './breaker.ts'
import { decode, TooLarge } from './decode.ts'
import { ExchangeFailure, exchange, type RawAnswer, type WireRequest } from './exchange.ts'
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
  /** Sent as X-Forwarded-For. */
  forwardedFor?: string | undefined
  requestId: string
  traceparent?: string | undefined
  /** Goes with `traceparent`. */
  tracestate?: string | undefined
  /** Ends when the MCP request is cancelled. */
  signal: Cancellation
}

interface Traffic {
  inFlight: number
  sent: number
}

export interface Backend {
  /** Deadline of one call, in milliseconds. */
  readonly timeoutMs: number
  /** What further attempts are paid from. */
  readonly retries: TokenBucket
  /** Whose credential the API gets. */
  readonly credential: Pick<UpstreamCredential, 'usesCaller' | 'isOwn'>
  /** Requests under way, waiting ones included, and all that there have been. */
  readonly traffic: Readonly<Traffic>
  /**
   * Sends one request and reads the answer. `timeoutMs`: what is left of the deadline; default: all of it. No retries, no
   * redirects. Throws BackendFailure, or the reason of the cancellation.
   */
  send(request: HttpRequest, credential: Credential, options: SendOptions, timeoutMs?: number): Promise<Answer>
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

/** Headers that no argument sets, whatever a document calls its parameters. */
const OWN = new Set(['user-agent', 'x-request-id'])
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
export const isGatewayStatus = (status: number) => status === 502 || status === 503 || status === 504
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

/** A body in full, or the beginning of a stream; a promise where it has to be unpacked. */
function answerOf({ status, headers, body, end, cause }: RawAnswer, maxBytes: number): Answer | Promise<Answer> {
  const truncated = end !== 'whole'
  if (truncated && !isStream(headers['content-type'] ?? '')) {
    const kind = ({ cut: 'too-large', late: 'timeout', broken: 'interrupted' } as const)[end]
    throw new BackendFailure(kind, true, { cause })
  }
  const encoding = headers['content-encoding']
  const answer: Answer = truncated ? { status, headers, body, truncated } : { status, headers, body }
  return encoding === undefined ? answer : unpacked(answer, encoding, maxBytes)
}

async function unpacked(answer: Answer, encoding: string, maxBytes: number): Promise<Answer> {
  try {
    return { ...answer, body: await decode(answer.body, encoding, maxBytes) }
  } catch (error) {
    throw new BackendFailure(error instanceof TooLarge ? 'too-large' : 'unreadable', true, { cause: error })
  }
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
  let pool: Pool | undefined
  const openPool = () =>
    new (undici().Pool)(origin, {
      connections: concurrency,
      pipelining: 1,
      connect: settings.connect ?? (settings.publicOnly ? createPublicConnector(connect) : connect),
    })
  const queue = createQueue(concurrency, concurrency * ROOM_FACTOR)
  const breaker: Breaker = settings.breaker === false ? noBreaker : createBreaker()
  const traffic: Traffic = { inFlight: 0, sent: 0 }

  /** The request as it is written, without the caller's credential. */
  function wireOf(request: HttpRequest, options: SendOptions): WireRequest {
    const { forwardedFor, traceparent, tracestate } = options
    const headers: Record<string, string> = { 'user-agent': USER_AGENT, 'x-request-id': options.requestId }
    // One by one: a member added to what spread syntax made costs fifty times as much (V8 11).
    for (const name in request.headers) if (!OWN.has(name)) headers[name] = request.headers[name] as string
    if (forwardedFor !== undefined) headers['x-forwarded-for'] = forwardedFor
    if (traceparent !== undefined) headers.traceparent = traceparent
    if (tracestate !== undefined) headers.tracestate = tracestate
    // Origin and path apart: a URL parser would collapse what looks like ".." in an encoded path value.
    const { method, path, basePath = prefix, body = null } = request
    return { origin, path: basePath + path, method, headers, body }
  }

  /** Waits for a turn in the queue. Resolves with what is left of the time; throws when there is no room, or no turn. */
  async function waitForTurn(turn: false | Promise<boolean>, timeoutMs: number): Promise<number> {
    const asked = performance.now()
    if (!(await turn)) throw new BackendFailure('overloaded', false, { retryAfterMs: 1000 })
    return Math.max(1, Math.ceil(timeoutMs - (performance.now() - asked)))
  }

  /** One function from the queue to the answer, and it waits only where there is something to wait for. */
  async function send(
    request: HttpRequest,
    credential: Credential,
    options: SendOptions,
    timeoutMs = settings.timeoutMs,
  ): Promise<Answer> {
    const { signal } = options
    const pauseMs = breaker.pauseMs()
    if (pauseMs > 0) throw new BackendFailure('paused', false, { retryAfterMs: pauseMs })
    const turn = queue.enter(signal, Math.min(LONGEST_WAIT_MS, timeoutMs))
    traffic.inFlight += 1
    traffic.sent += 1
    let hasPlace = turn === true
    let leftMs = timeoutMs
    let leave: Leave | undefined
    let healthy: boolean | undefined
    let wantedPauseMs = 0
    try {
      if (turn !== true) leftMs = await waitForTurn(turn, timeoutMs)
      hasPlace = true
      const entered = breaker.enter()
      if (typeof entered === 'number') throw new BackendFailure('paused', false, { retryAfterMs: entered })
      leave = entered
      const wire = wireOf(request, options)
      if (credential.headers) Object.assign(wire.headers, await credential.headers())
      upstream.present(wire, credential.token)
      pool ??= openPool()
      const raw = await exchange(pool, wire, { signal, timeoutMs: leftMs, maxBytes: maxResponseBytes })
      const read = answerOf(raw, maxResponseBytes)
      const answer = read instanceof Promise ? await read : read
      healthy = !isGatewayStatus(answer.status)
      if (!healthy) wantedPauseMs = (retryAfterSeconds(answer.headers['retry-after']) ?? 0) * 1000
      return answer
    } catch (error) {
      const failure = error instanceof ExchangeFailure ? failureOf(error) : error
      if (failure instanceof BackendFailure) healthy = healthOf(failure, leftMs)
      throw failure
    } finally {
      leave?.(healthy, wantedPauseMs)
      if (hasPlace) queue.leave()
      traffic.inFlight -= 1
    }
  }

  return {
    timeoutMs: settings.timeoutMs,
    retries: createTokenBucket(RETRIES),
    credential: upstream,
    traffic,
    send,
    async close() {
      await pool?.destroy()
    },
  }
}

/** Why a failure happened, for the log: codes and texts of Node and undici, which hold no request data. */
export function causeOf(failure: BackendFailure): string {
  return codeOf(failure.cause) || (failure.cause === undefined ? failure.kind : messageOf(failure.cause))
}
