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
const MAX_DEPTH = 64

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

/** A name or an address, and a port. */
const PLAIN_HOST = /^[A-Za-z0-9.:[\]_-]+$/

/**
 * Refuses requests that a web page made through the user's browser (DNS rebinding): the Host must be ours, and an
 * Origin, if there is one, as well. Both compare host names; any port will do. Answers 403 and returns false.
 */
export function createHostGuard(hosts: string[], origins: string[]) {
  const allowedHosts = [...localhostAllowedHostnames(), ...hosts]
  const allowedOrigins = [...localhostAllowedOrigins(), ...origins]
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    // The SDK reads the header as part of a URL, where "a@localhost" would be a user name and a host.
    const named = PLAIN_HOST.test(request.headers.host ?? '') ? request.headers.host : undefined
    const host = validateHostHeader(named, allowedHosts)
    const origin = validateOriginHeader(request.headers.origin, allowedOrigins)
    if (host.ok && origin.ok) return true
    const [name, setting] = host.ok ? ['Origin', 'MCP_ALLOWED_ORIGINS'] : ['Host', 'MCP_ALLOWED_HOSTS']
    sendProblem(response, 403, {
      error: 'origin-refused',
      message: `The ${name} of this request is not allowed.`,
      hint: `The operator can allow it with ${setting}.`,
    })
    return false
  }
}

/**
 * The token of the one `Authorization: Bearer` header (RFC 6750, section 2.1), or undefined. Of several headers none is
 * taken: what stands between the client and us may have judged another one than we would.
 */
export function bearerToken({ headersDistinct }: IncomingMessage): string | undefined {
  const [header = '', ...more] = headersDistinct.authorization ?? []
  return more.length > 0 ? undefined : /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(header)?.[1]
}

/** Whether JSON text nests deeper than any request has reason to; brackets within strings do not count. */
export function isTooDeep(json: string): boolean {
  let depth = 0
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[{\]}]/g)) {
    if (token === '[' || token === '{') depth += 1
    else if (token === ']' || token === '}') depth -= 1
    if (depth > MAX_DEPTH) return true
  }
  return false
}

/** Reads a body up to `limit` bytes; undefined when it is longer. */
export async function readBody(request: IncomingMessage, limit = MAX_BODY_BYTES): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return undefined
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
