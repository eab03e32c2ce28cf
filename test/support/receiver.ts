import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export interface Received {
  path: string
  headers: IncomingHttpHeaders
  /** The bytes as they came. */
  text: string
  at: number
}

/** What a receiver does with a request: answer, break the connection, or never say a word. */
export type Reaction = { status: number; headers?: Record<string, string>; body?: string } | 'drop' | 'silence'

export interface Receiver {
  /** `http://127.0.0.1:port` */
  url: string
  host: string
  received: Received[]
}

/** A receiver of messages on a free port that does as it is told with each request. */
export async function startReceiver(t: Test, react: (request: Received) => Reaction): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const one = { path: request.url ?? '', headers: request.headers, text, at: Date.now() }
    received.push(one)
    const reaction = react(one)
    if (reaction === 'silence') return
    if (reaction === 'drop') return void request.socket.destroy()
    response.writeHead(reaction.status, reaction.headers).end(reaction.body ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url: `http://${host}`, host, received }
}

/** Waits until a condition holds, or throws: nothing sleeps for a time that somebody guessed. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const end = Date.now() + deadlineMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`It did not come to pass: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
