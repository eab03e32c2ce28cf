import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { challenge, metadataUrl } from '../auth/challenge.ts'
import type { Gate } from '../auth/gate.ts'
import { sendProblem } from './guard.ts'

const GET_CREDENTIAL = 'Send "Authorization: Bearer <your API key or token>", the same one that the API takes.'
const GET_TOKEN = 'Get an access token as "resource_metadata" in WWW-Authenticate tells, and send it as a bearer token.'

/** 401: there is no credential, or it is not taken. With a gate it is told where to get one, and for what. */
export function refuseCredential(response: ServerResponse, given: boolean, gate?: Gate): void {
  const how = gate ? GET_TOKEN : GET_CREDENTIAL
  const problem = given
    ? {
        error: 'credential-refused',
        message: gate ? 'This credential is not accepted.' : 'The API does not accept this credential.',
        hint: `It may have expired. ${how}`,
      }
    : { error: 'credential-missing', message: 'This endpoint needs a credential.', hint: how }
  const value = challenge({
    ...(given && { error: 'invalid_token' }),
    ...(gate && { scope: gate.rule.initialScopes, resourceMetadata: metadataUrl(gate.resource()) }),
  })
  sendProblem(response, 401, problem, { 'www-authenticate': value })
}

/** 403: the token is good, but not for this. All that is needed is named at once, so that a client asks once. */
export function refuseScopes(response: ServerResponse, needed: string[], gate: Gate): void {
  const problem = {
    error: 'insufficient-scope',
    message: `This needs the scopes: ${needed.join(' ')}.`,
    hint: 'Ask the person for them, with a new authorization, and send the request again.',
  }
  const value = challenge({
    error: 'insufficient_scope',
    scope: needed,
    resourceMetadata: metadataUrl(gate.resource()),
  })
  sendProblem(response, 403, problem, { 'www-authenticate': value })
}

/** 400: URLs end up in logs, so a token in one is not taken even where it would be right (RFC 6750, section 2.3). */
export function refuseTokenInQuery(response: ServerResponse): void {
  sendProblem(response, 400, {
    error: 'token-in-query',
    message: 'An access token does not belong into a URL.',
    hint: 'Send it as "Authorization: Bearer", and get a new one: this one may be in logs now.',
  })
}

/** 503: what would answer is not there, or has too much to do. */
export function refuseForNow(response: ServerResponse, cause: 'identity-provider-unavailable' | 'overloaded'): void {
  const message =
    cause === 'overloaded'
      ? 'Too many requests are being answered.'
      : 'The identity provider does not answer, so it is not known whether this token is good.'
  const seconds = cause === 'overloaded' ? '1' : '5'
  const hint = `Try again in ${seconds} s.`
  sendProblem(response, 503, { error: cause, message, hint }, { 'retry-after': seconds })
}

/** Answers a body that is no message of the protocol (JSON-RPC 2.0, section 5.1). */
export function refuseMessage(response: ServerResponse, code: number, message: string, id: unknown = null): void {
  response
    .writeHead(400, { 'content-type': 'application/json' })
    .end(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } }))
}

/** HeaderMismatch (MCP 2026-07-28): a header repeats something of the body, and says something else. */
const HEADER_MISMATCH = -32020

/** Answers a request whose headers disagree with its body, in the SDK's words for it. */
export function refuseHeader(response: ServerResponse, what: string, id: unknown): void {
  refuseMessage(response, HEADER_MISMATCH, `Bad Request: the request headers and body disagree: ${what}`, id ?? null)
}

/** Answers what is not even HTTP, where there is no request and no response. */
export function answerBrokenSocket(error: Error & { code?: string }, socket: Duplex): void {
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
