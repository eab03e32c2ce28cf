import { once } from 'node:events'
import { connect } from 'node:net'

/** A kept-alive HTTP/1.1 connection with one request at a time: the least that a client can cost. */
export interface Connection {
  /** Sends a whole request. Resolves with status and body. @throws Error when the connection ends before the answer */
  send(request: Buffer): Promise<{ status: number; body: string }>
  close(): void
}

/** The body in chunks from `start`, or undefined while it is not complete (RFC 9112, section 7.1). */
function dechunk(data: string, start: number): string | undefined {
  let body = ''
  for (let at = start; ; ) {
    const end = data.indexOf('\r\n', at)
    if (end < 0) return undefined
    const size = Number.parseInt(data.slice(at, end), 16)
    if (data.length < end + 4 + size) return undefined
    if (size === 0) return body
    body += data.slice(end + 2, end + 2 + size)
    at = end + 4 + size
  }
}

/** An answer, or undefined while it is not complete. It is read as Latin-1: a character is a byte. */
function parse(data: string): { status: number; body: string } | undefined {
  const end = data.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const status = Number(data.slice(9, 12))
  const length = /\r\ncontent-length: *(\d+)/i.exec(data.slice(0, end))?.[1]
  if (length === undefined) {
    const body = dechunk(data, end + 4)
    return body === undefined ? undefined : { status, body }
  }
  return data.length < end + 4 + Number(length) ? undefined : { status, body: data.slice(end + 4) }
}

export async function open(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  let data = ''
  let settle: ((answer: { status: number; body: string } | undefined) => void) | undefined
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    data = data === '' ? chunk : data + chunk
    const answer = parse(data)
    if (!answer) return
    data = ''
    settle?.(answer)
  })
  socket.on('error', () => {})
  socket.on('close', () => settle?.(undefined))
  return {
    async send(request) {
      const answer = await new Promise<{ status: number; body: string } | undefined>((resolve) => {
        settle = resolve
        if (socket.destroyed) resolve(undefined)
        else socket.write(request)
      })
      if (!answer) throw new Error('The connection ended before the answer.')
      return answer
    },
    close: () => socket.destroy(),
  }
}
