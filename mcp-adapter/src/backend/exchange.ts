import type { Dispatcher } from 'undici'

/** A request on the wire. Header names are lower case. */
interface WireRequest {
  origin: string
  path: string
  method: string
  headers: Record<string, string>
  body: string | Uint8Array | null
}

interface ExchangeLimits {
  /** Ends the exchange; its reason is thrown. */
  signal: AbortSignal
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

function joined(headers: Headers): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) plain[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return plain
}

/**
 * One request and its answer over undici's dispatcher: one timer, one listener, no streams, because this is the way of
 * every call. Redirects are not followed. Throws ExchangeFailure, or the reason of `signal`.
 */
export function exchange(dispatcher: Dispatcher, request: WireRequest, limits: ExchangeLimits): Promise<RawAnswer> {
  const { signal, timeoutMs, maxBytes } = limits
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined
    let answer: { status: number; headers: Record<string, string> } | undefined
    const chunks: Buffer[] = []
    let size = 0
    let isOver = false

    function finish(settle: () => void, stop: boolean) {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      settle()
      // The connection is of no use any more: the rest of the answer would have to be read first.
      if (stop) controller?.abort(new Error('the exchange is over'))
    }
    function end(how: RawAnswer['end'], cause?: unknown) {
      const whole = answer
      const sent = controller !== undefined
      finish(() => {
        if (!whole) return reject(new ExchangeFailure(how === 'late', sent, cause))
        const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
        resolve({ status: whole.status, headers: whole.headers, body, end: how, cause })
      }, how !== 'whole')
    }
    const onAbort = () => finish(() => reject(signal.reason), true)
    const timer = setTimeout(() => end('late'), timeoutMs)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })

    // Member by member, here and above: copies of objects are a sixth of what an exchange costs.
    const options: Dispatcher.DispatchOptions = {
      origin: request.origin,
      path: request.path,
      method: request.method as Dispatcher.HttpMethod,
      headers: request.headers,
      body: request.body,
      headersTimeout: 0,
      bodyTimeout: 0,
    }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        // What is over before there was a connection is not written to it.
        if (isOver) started.abort(new Error('the exchange is over'))
        else controller = started
      },
      onResponseStart(_, status, headers) {
        // Informational answers come before the one that counts (RFC 9110, section 15.2).
        if (status >= 200) answer = { status, headers: joined(headers as Headers) }
      },
      onResponseData(_, chunk) {
        if (isOver) return
        const room = maxBytes - size
        size += chunk.length
        if (chunk.length > room) {
          chunks.push(chunk.subarray(0, room))
          end('cut')
        } else chunks.push(chunk)
      },
      onResponseEnd: () => end('whole'),
      onResponseError: (_, error) => end('broken', error),
    }
    try {
      dispatcher.dispatch(options, handler)
    } catch (error) {
      end('broken', error)
    }
  })
}
