import { isUtf8 } from 'node:buffer'
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { isJsonContentType } from '@modelcontextprotocol/server'
import { isMetadataPath, metadataOf } from '../auth/challenge.ts'
import type { Gate } from '../auth/gate.ts'
import type { Identity } from '../auth/identity.ts'
import { neededScopes } from '../auth/scopes.ts'
import { type Cancellation, Canceller } from '../cancellation.ts'
import { messageOf } from '../errors.ts'
import { isTooDeep, mayNestDeeper } from '../json.ts'
import type { Api } from '../tools/api.ts'
import { createSdkExchange } from './exchange.ts'
import { createHostGuard, MAX_BODY_BYTES, MAX_DEPTH, readBody, sendProblem } from './guard.ts'
import { identify } from './identify.ts'
import { forwardedFor, hasTokenInQuery, isMalformedHello, needsRights } from './inbound.ts'
import { serveLean } from './lean.ts'
import { readLean } from './lean-request.ts'
import { wrongParamHeader } from './param-headers.ts'
import {
  answerBrokenSocket,
  refuseCredential,
  refuseForNow,
  refuseHeader,
  refuseMessage,
  refuseScopes,
  refuseTokenInQuery,
} from './refusals.ts'
import { asksForRights, calledTool, isCredentialRefused } from './requests.ts'
import { createSession, type Services, type Session } from './server.ts'
import { createSubscriptions, isListen, type Subscriptions } from './subscriptions.ts'

interface HttpOptions {
  allowedHosts: string[]
  allowedOrigins: string[]
  /** Judges access tokens. Absent: the API judges every credential. */
  gate?: Gate | undefined
  /** Requests without a credential are taken too. */
  anonymous: boolean
  /** So many MCP requests are answered at a time; further ones are told to come back. */
  maxInFlight: number
  /** False: the SDK answers everything. */
  lean: boolean
}

interface HttpEndpoint {
  server: HttpServer
  subscriptions: Subscriptions
  /** Ends what is still in flight. */
  closeExchanges(): Promise<void>
}

/** One question to each API per HTTP request, however often the answer is needed. */
function oncePerRequest(session: Session): Session {
  const answers = new Map<Api, ReturnType<Session['actions']>>()
  const { actions } = session
  const once: Session['actions'] = (api, signal) => {
    const answer = answers.get(api) ?? actions(api, signal)
    answers.set(api, answer)
    return answer
  }
  session.actions = once
  return session
}

/** Ends when the client leaves before it has its whole answer. `onClose` is called when the answer is over either way. */
function leaving(response: ServerResponse, onClose?: () => void): Cancellation {
  const gone = new Canceller()
  response.on('close', () => {
    onClose?.()
    if (!response.writableFinished) gone.cancel()
  })
  return gone
}

/** A client that sends its request more slowly than this is cut off, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000

/** Streamable HTTP at `/mcp`, both protocol eras, stateless; and `/livez`. */
export function createHttpEndpoint(services: Services, options: HttpOptions): HttpEndpoint {
  const { log } = services
  const { gate, anonymous, maxInFlight, lean } = options
  const subscriptions = createSubscriptions(services)
  const isOurs = createHostGuard(options.allowedHosts, options.allowedOrigins)
  const sdk = createSdkExchange(services)
  const identification = { gate, anonymous, log }

  /** True when the API refused the credential; any other failure is told by the tool list or call itself. */
  async function isRefused(session: Session, message: unknown, signal: Cancellation): Promise<boolean> {
    const asking = [message].flat().filter((each) => needsRights(each) || isListen(each))
    if (asking.length === 0) return false
    const refused = await Promise.all(asking.map((each) => isCredentialRefused(services, session, each, signal)))
    return refused.some(Boolean)
  }

  /** The scopes that a token lacks for a message; what they are is decided before anything runs. */
  function lackingScopes({ scopes }: Identity, message: unknown): string[] {
    if (!gate || !scopes) return []
    const needed = neededScopes(message, services.catalog.tools, gate.rule.baseScopes)
    return needed.some((scope) => !scopes.has(scope)) ? needed : []
  }

  function sessionOf(request: IncomingMessage, identity: Identity): Session {
    const from = { forwardedFor: forwardedFor(request), offersMore: gate?.rule.offerMore ?? false }
    const session = createSession(services, identity, from)
    return asksForRights(services.catalog) ? oncePerRequest(session) : session
  }

  let inFlight = 0
  /**
   * Takes a place until the answer has ended, which may be a stream; the signal ends when the client leaves before.
   * Undefined: there is no place.
   */
  function admit(response: ServerResponse): Cancellation | undefined {
    if (inFlight >= maxInFlight) return undefined
    inFlight += 1
    return leaving(response, () => {
      inFlight -= 1
    })
  }

  // It waits only where there is something to wait for: of the most calls that is the body, and the API's answer.
  async function serveMcp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      const problem = {
        error: 'method-not-allowed',
        message: 'MCP requests are POSTs.',
        hint: 'This endpoint keeps no sessions.',
      }
      return sendProblem(response, 405, problem, { allow: 'POST' })
    }
    if (hasTokenInQuery(request.url)) return refuseTokenInQuery(response)
    const found = identify(request, response, identification)
    const identity = found instanceof Promise ? await found : found
    if (!identity) return
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
    let message: unknown
    let text: string
    try {
      if (!isUtf8(body)) throw new SyntaxError('not UTF-8')
      text = body.toString('utf8')
      message = JSON.parse(text)
    } catch {
      return refuseMessage(response, -32700, 'Parse error: the body is not valid JSON in UTF-8')
    }
    if (mayNestDeeper(text, MAX_DEPTH) && isTooDeep(message, MAX_DEPTH))
      return refuseMessage(response, -32600, 'Invalid request: the message is nested too deeply')
    // The SDK would call it an internal error. In 2026-07-28 the method is gone, and it says so.
    if (isMalformedHello(request, message)) {
      const { id } = message
      const named = typeof id === 'string' || typeof id === 'number' ? id : null
      return refuseMessage(
        response,
        -32602,
        'Invalid params: initialize needs protocolVersion, capabilities and clientInfo',
        named,
      )
    }
    const lacking = lackingScopes(identity, message)
    if (gate && lacking.length > 0) return refuseScopes(response, lacking, gate)
    if (isListen(message)) {
      const session = sessionOf(request, identity)
      if (asksForRights(services.catalog) && (await isRefused(session, message, leaving(response))))
        return refuseCredential(response, true, gate)
      return subscriptions.serve(request, response, message, session)
    }
    // Not before the body is there: who sends it slowly must not hold a place that others wait for.
    const signal = admit(response)
    if (!signal) return refuseForNow(response, 'overloaded')
    const session = sessionOf(request, identity)
    if (asksForRights(services.catalog) && (await isRefused(session, message, signal)))
      return refuseCredential(response, true, gate)
    // Only of a tool that the caller sees: what is hidden and what does not exist must look alike in every respect.
    const seen = calledTool(services, session, message, signal)
    const called = seen instanceof Promise ? await seen : seen
    const wrong = called && wrongParamHeader(called.shown.inputSchema, called.message, request.headers)
    if (wrong !== undefined) return refuseHeader(response, wrong, called?.message.id)
    // Where a person may have to be asked, or told how far it is, the SDK knows how.
    const hot = lean && !called?.tool.confirm && !called?.tool.poll ? readLean(request.headers, message) : undefined
    // Awaited, because to return a promise makes another one that waits for it.
    if (hot) return await serveLean(services, session, hot, called?.tool, response, signal)
    await sdk.serve(request, response, message, session)
  }

  function serveMetadata(gate: Gate, request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const problem = { error: 'method-not-allowed', message: 'Metadata is read.', hint: 'Use GET.' }
      return void sendProblem(response, 405, problem, { allow: 'GET, HEAD' })
    }
    const { name, title = name } = services.catalog.server
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' })
    response.end(JSON.stringify(metadataOf(gate.rule, gate.resource(), title)))
  }

  function serve(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
    const { url = '/' } = request
    const path = url === '/mcp' ? url : url.split('?')[0]
    // Probes come from orchestrators, under whatever Host they use, and learn nothing.
    if (path === '/livez' && (request.method === 'GET' || request.method === 'HEAD')) {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('ok')
      return undefined
    }
    if (!isOurs(request, response)) return undefined
    if (path === '/mcp') return serveMcp(request, response)
    if (gate && isMetadataPath(path ?? '', gate.resource())) serveMetadata(gate, request, response)
    else
      sendProblem(response, 404, {
        error: 'not-found',
        message: 'There is nothing here.',
        hint: 'The MCP endpoint is /mcp.',
      })
    return undefined
  }

  function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (!response.destroyed && !request.destroyed) log.error({ error: messageOf(error) }, 'request failed')
    if (response.headersSent) response.destroy()
    else
      sendProblem(response, 500, {
        error: 'adapter-failure',
        message: 'The adapter failed.',
        hint: 'Try again later.',
      })
  }

  // A missing Host is for the guard to refuse, with a body that says so.
  const server = createHttpServer(
    { requireHostHeader: false, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      try {
        serve(request, response)?.catch((error: unknown) => fail(request, response, error))
      } catch (error) {
        fail(request, response, error)
      }
    },
  )
  server.on('clientError', answerBrokenSocket)
  server.on('checkExpectation', (_request, response) => {
    sendProblem(response, 417, {
      error: 'expectation-failed',
      message: 'The Expect header asks for something unknown.',
      hint: 'Leave it out, or send 100-continue.',
    })
  })
  return { server, subscriptions, closeExchanges: () => sdk.close() }
}
