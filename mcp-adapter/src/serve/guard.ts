import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  validateHostHeader,
  validateOriginHeader,
} from '@modelcontextprotocol/server'

/** Largest request body that is read, in bytes. */
export const MAX_BODY_BYTES = 256 * 1024
/** Deepest nesting that is read: far beyond any schema, far below what exhausts the stack. */
export const MAX_DEPTH = 64

/** Answers with an RFC 9457 problem and closes what the client may still be sending. */
export function sendProblem(
  response: ServerResponse,
  status: number,
  problem: { error: string; message: string; hint: string },
  headers: Record<string, string> = {},
): void {
  const body = JSON.stringify({
    type: 'about:blank',
    status,
    title: problem.message,
    ...problem,
    retryable: status === 503,
  })
  response.writeHead(status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers })
  response.end(body)
}

/** So many names are remembered, and no long ones: a client must not fill our memory with them. */
const MOST_NAMES = 100
const LONGEST_NAME = 300

/** A judgement of a header that clients send with every request; taking a URL apart each time costs too much. */
function remembered(judge: (header: string | undefined) => boolean): (header: string | undefined) => boolean {
  const known = new Map<string | undefined, boolean>()
  return (header) => {
    const before = known.get(header)
    if (before !== undefined) return before
    const isAllowed = judge(header)
    if (known.size >= MOST_NAMES) known.clear()
    if ((header?.length ?? 0) <= LONGEST_NAME) known.set(header, isAllowed)
    return isAllowed
  }
}

/** A name or an address, and a port. */
const PLAIN_HOST = /^[A-Za-z0-9.:[\]_-]+$/

/**
 * Refuses requests that a web page made through the user's browser (DNS rebinding): the Host must be ours, and an
 * Origin, if there is one, as well. Both compare host names; any port will do. Answers 403 and returns false.
 */
export function createHostGuard(hosts: string[], origins: string[]) {
  const allowedHosts = [...localhostAllowedHostnames(), ...hosts]
  const allowedOrigins = [...localhostAllowedOrigins(), ...origins]
  const isHost = remembered((host: string | undefined) => {
    // The SDK reads the header as part of a URL, where "a@localhost" would be a user name and a host.
    const named = PLAIN_HOST.test(host ?? '') ? host : undefined
    return validateHostHeader(named, allowedHosts).ok
  })
  const isOrigin = remembered((origin: string | undefined) => validateOriginHeader(origin, allowedOrigins).ok)
  return ({ headers }: IncomingMessage, response: ServerResponse): boolean => {
    const isRightHost = isHost(headers.host)
    if (isRightHost && isOrigin(headers.origin)) return true
    const [name, setting] = isRightHost ? ['Origin', 'MCP_ALLOWED_ORIGINS'] : ['Host', 'MCP_ALLOWED_HOSTS']
    sendProblem(response, 403, {
      error: 'origin-refused',
      message: `The ${name} of this request is not allowed.`,
      hint: `The operator can allow it with ${setting}.`,
    })
    return false
  }
}

/**
 * The token of the one `Authorization: Bearer` header (RFC 6750, section 2.1), or undefined, and how many such headers
 * there are. Of several none is taken: what stands between the client and us may have judged another one than we would.
 */
export function bearerTokens({ headers, rawHeaders }: IncomingMessage): {
  token?: string | undefined
  headers: number
} {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (name.length === 13 && name.toLowerCase() === 'authorization') count += 1
  }
  if (count !== 1) return { headers: count }
  return { token: /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(headers.authorization ?? '')?.[1], headers: count }
}

/** Reads a body up to `limit` bytes; undefined when it is longer. @throws Error when the client leaves before its end */
export function readBody(request: IncomingMessage, limit = MAX_BODY_BYTES): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) return void chunks.push(chunk)
      request.pause()
      resolve(undefined)
    })
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('close', () => {
      // Every request closes; making an error costs more than reading one.
      if (!request.complete) reject(new Error('The client left before the end of its request.'))
    })
  })
}
