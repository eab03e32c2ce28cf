import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { AddressRefused } from './addresses.ts'
import type { Outcome } from './sender.ts'

export interface Post {
  url: URL
  headers: Record<string, string>
  body: string
  /** Ends the attempt, whatever it waits for. */
  signal: AbortSignal
  /** Judges every address that is connected to. */
  lookup?: LookupFunction | undefined
}

/** `unsent`: no connection, so nothing can have happened. `unanswered`: the request left, and no answer came. */
export type Posted =
  | { kind: 'answered'; status: number; retryAfterMs: number | undefined; text: string }
  | { kind: 'unsent'; refused: boolean }
  | { kind: 'unanswered' }

/** More of an answer is not read. */
const MOST_BYTES = 64 * 1024
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000

/** Sends one POST on a connection of its own; redirects are not followed. It never throws. */
export function post({ url, headers, body, signal, lookup }: Post): Promise<Posted> {
  return new Promise((resolve) => {
    let connected = false
    const secure = url.protocol === 'https:'
    const lost = (error: unknown) =>
      resolve(connected ? { kind: 'unanswered' } : { kind: 'unsent', refused: error instanceof AddressRefused })
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      // A connection that was kept could have been opened under another judgement of its address.
      agent: false,
      signal,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Handrail',
        ...headers,
      },
      ...(lookup && { lookup }),
    })
    request.on('socket', (socket) => {
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        connected = true
      })
    })
    request.on('error', lost)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      // The status says enough, even where the rest of the answer is cut off or too long.
      const done = () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const retryAfterMs = readRetryAfter(response.headers['retry-after'], Date.now())
        resolve({ kind: 'answered', status: response.statusCode ?? 0, retryAfterMs, text })
        response.destroy()
      }
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > MOST_BYTES) return done()
        chunks.push(chunk)
      })
      response.on('end', done)
      response.on('error', done)
      response.on('close', done)
    })
    request.end(body)
  })
}

/** Seconds or a date (RFC 9110 section 10.2.3), a day at the most. @returns milliseconds */
export function readRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  // Date.parse alone takes nearly anything for a date.
  const date = HTTP_DATE.test(value) ? Date.parse(value) : Number.NaN
  const wait = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : date - now
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), LONGEST_WAIT_MS) : undefined
}

/**
 * What an answer that is no success means, by its status alone. Gateways say 502 and 504 when what stands behind them
 * may have got the request all the same.
 */
export function judge(posted: Posted, receiver: string): Outcome {
  if (posted.kind === 'unanswered') return { kind: 'unknown', error: `${receiver} did not answer in time.` }
  if (posted.kind === 'unsent') {
    if (posted.refused) return { kind: 'permanent', error: 'The address is not one that the service sends to.' }
    return { kind: 'transient', error: `${receiver} cannot be reached.` }
  }
  const { status, retryAfterMs } = posted
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
  if (status === 429) return { kind: 'transient', error: `${receiver} asks to wait (429).`, ...wait }
  if (status === 502 || status === 504) {
    return { kind: 'unknown', error: `A gateway before ${receiver} got no answer (${status}).`, ...wait }
  }
  if (status >= 500) return { kind: 'transient', error: `${receiver} failed (${status}).`, ...wait }
  return { kind: 'permanent', error: `${receiver} refused the message (${status}).` }
}
