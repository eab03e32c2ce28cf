import type { Dispatcher } from 'undici'
import type { Cancellation } from '../cancellation.ts'

/** A request on the wire. Header names are lower case. */
export interface WireRequest {
  origin: string
  path: string
  method: string
  headers: Record<string, string>
  body: string | Uint8Array | null
}

interface ExchangeLimits {
  /** Ends the exchange; its reason is thrown. */
  signal: Cancellation
  /** Milliseconds for all of it. */
  timeoutMs: number
  /** Most bytes of a body. */
  maxBytes: number
}

/** What came back. `end` tells why a body is not whole. */
export interface RawAnswer {
  status: number
  /** Names are lower case; a header that came several times is joined with ", ". */
  headers: Record<string, string>
  body: Buffer
  end: 'whole' | 'cut' | 'late' | 'broken'
  /** Of a body that broke off. */
  cause?: unknown
}

/** There is no answer. `sent` is false only when the request was not written to any connection. */
export class ExchangeFailure extends Error {
  override name = 'ExchangeFailure'
  constructor(
    readonly late: boolean,
    readonly sent: boolean,
    cause: unknown,
  ) {
    super('no answer', { cause })
  }
}

type Headers = Record<string, string | string[] | undefined>

/** Most answers have each header once, and are taken as they are. */
function joined(headers: Headers): Record<string, string> {
  for (const name in headers) {
    const value = headers[name]
    if (typeof value === 'object') headers[name] = value.join(', ')
  }
  return headers as Record<string, string>
}

const EMPTY = Buffer.alloc(0)

/**
 * One exchange under way, as undici's handler of it. One object with methods instead of a dozen closures, one timer, one
 * listener, no streams: this is the way of every call.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #limits: ExchangeLimits
  readonly #resolve: (answer: RawAnswer) => void
  readonly #reject: (reason: unknown) => void
  readonly #onAbort: () => void
  readonly #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #headers: Record<string, string> = {}
  /** What came so far: most bodies come in one piece. */
  #body: Buffer = EMPTY
  #more: Buffer[] | undefined
  #room: number
  #isOver = false

  constructor(limits: ExchangeLimits, resolve: (answer: RawAnswer) => void, reject: (reason: unknown) => void) {
    this.#limits = limits
    this.#resolve = resolve
    this.#reject = reject
    this.#room = limits.maxBytes
    // In a variable first: a function that is assigned to a property where it is written is born old (V8), and keeps all
    // that it refers to until the next full collection.
    const onAbort = () => this.#stop(limits.signal.reason)
    this.#onAbort = onAbort
    this.#timer = setTimeout(endLate, limits.timeoutMs, this)
    limits.signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** True for the first end. */
  #isFirstEnd(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#limits.signal.removeEventListener('abort', this.#onAbort)
    return true
  }

  /** The connection is of no use any more: the rest of the answer would have to be read first. */
  #hangUp(): void {
    this.#controller?.abort(new Error('the exchange is over'))
  }

  #stop(reason: unknown): void {
    if (!this.#isFirstEnd()) return
    this.#reject(reason)
    this.#hangUp()
  }

  /** Ends it with what there is. */
  end(how: RawAnswer['end'], cause?: unknown): void {
    if (!this.#isFirstEnd()) return
    if (this.#status === 0) this.#reject(new ExchangeFailure(how === 'late', this.#controller !== undefined, cause))
    else {
      const body = this.#more ? Buffer.concat([this.#body, ...this.#more]) : this.#body
      this.#resolve({ status: this.#status, headers: this.#headers, body, end: how, cause })
    }
    if (how !== 'whole') this.#hangUp()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // What is over before there was a connection is not written to it.
    if (this.#isOver) controller.abort(new Error('the exchange is over'))
    else this.#controller = controller
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // Informational answers come before the one that counts (RFC 9110, section 15.2).
    if (status < 200) return
    this.#status = status
    this.#headers = joined(headers)
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return
    const taken = chunk.length > this.#room ? chunk.subarray(0, this.#room) : chunk
    this.#room -= taken.length
    if (this.#body.length === 0) this.#body = taken
    else {
      this.#more ??= []
      this.#more.push(taken)
    }
    if (taken !== chunk) this.end('cut')
  }

  onResponseEnd(): void {
    this.end('whole')
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.end('broken', error)
  }
}

const endLate = (exchange: Exchange) => exchange.end('late')

/**
 * One request and its answer over undici's dispatcher. Redirects are not followed. Throws ExchangeFailure, or the reason
 * of `signal`.
 */
export function exchange(dispatcher: Dispatcher, request: WireRequest, limits: ExchangeLimits): Promise<RawAnswer> {
  const { signal } = limits
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const handler = new Exchange(limits, resolve, reject)
    // Member by member: to copy an object costs more than one would think.
    const options: Dispatcher.DispatchOptions = {
      origin: request.origin,
      path: request.path,
      method: request.method as Dispatcher.HttpMethod,
      headers: request.headers,
      body: request.body,
      headersTimeout: 0,
      bodyTimeout: 0,
    }
    try {
      dispatcher.dispatch(options, handler)
    } catch (error) {
      handler.end('broken', error)
    }
  })
}
