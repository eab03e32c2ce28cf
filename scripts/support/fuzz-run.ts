import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { Pool } from 'undici'
import type { Answered } from '../../test/support/fuzz/judge.ts'

/** No answer takes longer than this, however bad the request is. */
const HANG_MS = 10_000

export interface Sent {
  method: string
  path: string
  headers: Record<string, string>
  body?: string | Buffer
}

/** Sends a request over a kept-alive connection. @throws Error when no answer comes in time */
export function createSender(origin: string, connections: number) {
  const pool = new Pool(origin, { connections, headersTimeout: HANG_MS, bodyTimeout: HANG_MS })
  return {
    async send({ method, path, headers, body }: Sent): Promise<Answered> {
      const answer = await pool.request({ method: method as 'GET', path, headers, body: body ?? null })
      return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
    },
    close: () => pool.close(),
  }
}

/** What is not even HTTP. */
const NOT_HTTP = [
  'GET / HTTP/1.1\r\n\r\n',
  'GET /api/v1/me HTTP/9.9\r\nHost: x\r\n\r\n',
  'GET  HTTP/1.1\r\nHost: x\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc',
  `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`,
  'POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
  'POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n',
  'GET /api/v1/me HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n',
  'GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
]

/** @returns the first line of the answer; an empty one where the connection was closed without */
export function sendBytes(origin: string, index: number): Promise<string> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => socket.end(NOT_HTTP[index % NOT_HTTP.length] ?? '', 'latin1'))
    socket.setTimeout(HANG_MS, () => socket.destroy(new Error('no answer to what is not HTTP')))
    socket.on('data', (data) => {
      text += data
    })
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve(text) : reject(error)))
    socket.on('close', () => resolve(text.split('\r\n')[0] ?? ''))
  })
}

/** Resident memory of a process in MiB; undefined where the system does not tell. */
export function residentMiB(pid: number): number | undefined {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  } catch {
    return undefined
  }
}
