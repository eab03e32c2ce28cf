import { isUtf8 } from 'node:buffer'
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { Duplex } from 'node:stream'
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import { type AuthInfo, createMcpHandler, isJsonContentType } from '@modelcontextprotocol/server'
import { CredentialRefused } from './access.ts'
import { messageOf } from './errors.ts'
import { bearerToken, createHostGuard, isTooDeep, MAX_BODY_BYTES, readBody, sendProblem } from './guard.ts'
import { isObject } from './json.ts'
import { createServer, createSession, type Services, type Session } from './server.ts'

export interface HttpOptions {
  allowedHosts: string[]
  allowedOrigins: string[]
}

export interface HttpEndpoint {
  server: HttpServer
  /** Ends open streams and what is still in flight. */
  closeExchanges(): Promise<void>
}

const GET_CREDENTIAL = 'Send "Authorization: Bearer <your API key or token>", the same one that the API takes.'

function refuseCredential(response: ServerResponse, given: boolean): void {
  const problem = given
    ? {
        error: 'credential-refused',
        message: 'The API does not accept this credential.',
        hint: `It may have expired. ${GET_CREDENTIAL}`,
      }
    : { error: 'credential-missing', message: 'This endpoint needs a credential.', hint: GET_CREDENTIAL }
  sendProblem(response, 401, problem, { 'www-authenticate': given ? 'Bearer error="invalid_token"' : 'Bearer' })
}

/** Answers a body that is no message of the protocol (JSON-RPC 2.0, section 5.1). */
function refuseMessage(response: ServerResponse, code: number, message: string): void {
  response
    .writeHead(400, { 'content-type': 'application/json' })
    .end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } }))
}

/** Answers what is not even HTTP, where there is no request and no response. */
function answerBrokenSocket(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400
  const title = status === 431 ? 'The headers are too large.' : 'The request cannot be read.'
  const body = JSON.stringify({
    type: 'about:blank',
    status,
    title,
    error: 'bad-request',
    message: title,
    retryable: false,
  })
  const head = `HTTP/1.1 ${status} Bad Request\r\ncontent-type: application/problem+json\r\n`
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
}

/** One question to the API per HTTP request, however often the answer is needed. */
function oncePerRequest(session: Session): Session {
  let answer: Promise<Set<string> | undefined> | undefined
  return {
    ...session,
    actions(signal) {
      answer ??= session.actions(signal)
      return answer
    },
  }
}

/** Who is behind this request, for an API that trusts this proxy to say so (X-Forwarded-For, read from the right). */
function forwardedFor(request: IncomingMessage): string {
  const before = request.headers['x-forwarded-for']
  return [before, request.socket.remoteAddress ?? ''].flat().filter(Boolean).join(', ')
}

const needsRights = (message: unknown) =>
  isObject(message) && (message.method === 'tools/list' || message.method === 'tools/call')

/** Streamable HTTP at `/mcp`, both protocol eras, stateless; and `/livez`. */
export function createHttpEndpoint(services: Services, options: HttpOptions): HttpEndpoint {
  const { log } = services
  const isOurs = createHostGuard(options.allowedHosts, options.allowedOrigins)
  const onerror = (error: Error) => log.warn({ error: messageOf(error) }, 'MCP exchange')
  const handler = createMcpHandler(
    (context) => createServer(services, context.authInfo?.extra?.session as Session, context.era),
    { onerror, maxRequestBodySize: MAX_BODY_BYTES },
  )
  const exchange = toNodeHandler(handler, { onerror, maxRequestBodySize: MAX_BODY_BYTES })

  /** True when the API refused the credential; any other failure is told by the tool list or call itself. */
  async function isRefused(session: Session, message: unknown, response: ServerResponse): Promise<boolean> {
    if (![message].flat().some(needsRights)) return false
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    try {
      await session.actions(gone.signal)
      return false
    } catch (error) {
      return error instanceof CredentialRefused
    }
  }

  async function serveMcp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      const problem = {
        error: 'method-not-allowed',
        message: 'MCP requests are POSTs.',
        hint: 'This endpoint keeps no sessions.',
      }
      return sendProblem(response, 405, problem, { allow: 'POST' })
    }
    const token = bearerToken(request.headers.authorization)
    if (token === undefined) return refuseCredential(response, false)
    if (!isJsonContentType(request.headers['content-type'])) {
      const problem = {
        error: 'unsupported-media-type',
        message: 'The body must be JSON.',
        hint: 'Send content-type: application/json.',
      }
      return sendProblem(response, 415, problem)
    }
    const body = await readBody(request)
    if (body === undefined) {
      const problem = {
        error: 'body-too-large',
        message: `The body exceeds ${MAX_BODY_BYTES} bytes.`,
        hint: 'Send less.',
      }
      return sendProblem(response, 413, problem, { connection: 'close' })
    }
    const text = body.toString('utf8')
    let message: unknown
    try {
      if (!isUtf8(body)) throw new SyntaxError('not UTF-8')
      message = JSON.parse(text)
    } catch {
      return refuseMessage(response, -32700, 'Parse error: the body is not valid JSON in UTF-8')
    }
    if (isTooDeep(text)) return refuseMessage(response, -32600, 'Invalid request: the message is nested too deeply')
    const session = oncePerRequest(createSession(services, token, { forwardedFor: forwardedFor(request) }))
    if (await isRefused(session, message, response)) return refuseCredential(response, true)
    // The session travels beside the SDK's own fields; the SDK passes it to the factory and looks no further.
    const auth: AuthInfo = { token, clientId: 'caller', scopes: [], extra: { session } }
    await exchange(Object.assign(request, { auth }) as NodeIncomingMessageLike, response, message)
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0]
    // Probes come from orchestrators, under whatever Host they use, and learn nothing.
    if (path === '/livez' && (request.method === 'GET' || request.method === 'HEAD')) {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('ok')
      return
    }
    if (!isOurs(request, response)) return
    if (path === '/mcp') return serveMcp(request, response)
    sendProblem(response, 404, {
      error: 'not-found',
      message: 'There is nothing here.',
      hint: 'The MCP endpoint is /mcp.',
    })
  }

  // A missing Host is for the guard to refuse, with a body that says so.
  const server = createHttpServer({ requireHostHeader: false }, (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (!response.destroyed && !request.destroyed) log.error({ error: messageOf(error) }, 'request failed')
      if (response.headersSent) response.destroy()
      else
        sendProblem(response, 500, {
          error: 'adapter-failure',
          message: 'The adapter failed.',
          hint: 'Try again later.',
        })
    })
  })
  server.on('clientError', answerBrokenSocket)
  server.on('checkExpectation', (_request, response) => {
    sendProblem(response, 417, {
      error: 'expectation-failed',
      message: 'The Expect header asks for something unknown.',
      hint: 'Leave it out, or send 100-continue.',
    })
  })
  return { server, closeExchanges: () => handler.close() }
}
