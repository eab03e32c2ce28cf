import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CodedError, ERRORS, type ErrorCode, type Violation } from '../../src/domain/errors.ts'
import { redact } from '../../src/privacy/redact.ts'
import type { RecordRefusal } from './audit.ts'
import { challengeOf } from './challenge.ts'
import { HungUp } from './gone.ts'
import { nearest } from './nearest.ts'
import { requestId } from './request-id.ts'

/** The one place where codes become HTTP statuses. */
export const STATUS: Record<ErrorCode, number> = {
  'malformed-json': 400,
  'bad-request': 400,
  'validation-failed': 400,
  'invalid-cursor': 400,
  'route-not-found': 404,
  'method-not-allowed': 405,
  'unsupported-media-type': 415,
  'body-too-large': 413,
  'header-too-large': 431,
  'request-timeout': 408,
  'expectation-failed': 417,
  'quota-exceeded': 429,
  'reduced-capacity': 503,
  'precondition-required': 428,
  'precondition-failed': 412,
  'idempotency-key-missing': 400,
  'idempotency-key-reused': 422,
  'answer-erased': 410,
  'request-in-flight': 409,
  'approval-required': 403,
  'approval-invalid': 403,
  'approval-denied': 403,
  'approval-expired': 403,
  'approval-used': 403,
  'approval-not-found': 404,
  'approval-not-pending': 409,
  'own-approval': 403,
  unauthenticated: 401,
  'token-in-query': 400,
  'account-not-active': 403,
  forbidden: 403,
  'scope-missing': 403,
  'scope-not-held': 403,
  'people-only': 403,
  'user-not-found': 404,
  'email-taken': 409,
  'username-taken': 409,
  'user-not-active': 409,
  'user-closed': 409,
  'last-admin': 409,
  'product-not-found': 404,
  'sku-taken': 409,
  'order-not-found': 404,
  'unknown-product': 422,
  'insufficient-stock': 409,
  'currency-mismatch': 422,
  'order-not-open': 409,
  'refund-too-large': 409,
  'channel-not-found': 404,
  'channel-taken': 409,
  'channel-in-use': 409,
  'channel-disabled': 409,
  'address-refused': 422,
  'message-not-found': 404,
  'dead-letter-not-found': 404,
  'report-not-found': 404,
  'report-not-done': 409,
  'report-running': 409,
  'report-closed': 409,
  'audit-entry-not-found': 404,
  'api-key-not-found': 404,
  unavailable: 503,
  internal: 500,
}

const MEDIA_TYPE = 'application/problem+json'
const RETRY_SECONDS = 1
/** Problem types that are registered, or about to be (draft-ietf-httpapi-ratelimit-headers-10). */
const REGISTERED: Partial<Record<ErrorCode, string>> = {
  'quota-exceeded': 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  'reduced-capacity': 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity',
}
const MOST_VIOLATIONS = 20

/** The body of a failure (RFC 9457), the same for every one. */
export function problem(error: CodedError, requestId: string, now: Date) {
  const { title, hint, retryable } = ERRORS[error.code]
  const { missingScopes } = error
  // What a caller wrote may be quoted, such as the name of an unknown field.
  const words = (text: string) => redact(text).text
  const detail = words(error.message)
  return {
    type: REGISTERED[error.code] ?? `urn:handrail:problem:${error.code}`,
    title: `${title}.`,
    status: STATUS[error.code],
    detail,
    error: error.code,
    message: detail,
    hint: missingScopes.length > 0 ? `${hint} Missing: ${missingScopes.join(' ')}.` : hint,
    retryable,
    ...(missingScopes.length > 0 && { missingScopes }),
    ...(error.violatedPolicies.length > 0 && { 'violated-policies': error.violatedPolicies }),
    errors: error.violations.map(({ pointer, code, message }) => ({
      pointer: words(pointer),
      code,
      message: words(message),
    })),
    timestamp: now.toISOString(),
    requestId,
  }
}

/** Answers with a problem, whatever the route. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: CodedError): FastifyReply {
  const status = STATUS[error.code]
  const challenge = challengeOf(request, error)
  if (challenge) reply.header('www-authenticate', challenge)
  if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter)
  if (ERRORS[error.code].retryable && !reply.hasHeader('retry-after')) reply.header('retry-after', RETRY_SECONDS)
  return (
    reply
      .status(status)
      .type(MEDIA_TYPE)
      .serializer(JSON.stringify)
      // The time of the request: a refusal that is kept for whoever repeats it has to be the same text.
      .send(problem(error, request.id, request.call?.now ?? new Date()))
  )
}

export function registerErrors(app: FastifyInstance, recordRefusal: RecordRefusal): void {
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    // Nobody is left to read the answer, and nothing failed here.
    if (error instanceof HungUp || (request.raw.errored && request.raw.destroyed)) {
      // What was refused is recorded all the same.
      await recordRefusal(request, toCoded(error))
      request.log.info({ operation: request.routeOptions.config.operation?.operationId }, 'the client hung up')
      return reply.hijack()
    }
    const coded = toCoded(error)
    // Shedding load must not make more of it; the line of the request tells the status.
    if (STATUS[coded.code] >= 500 && coded.code !== 'reduced-capacity')
      request.log.error({ err: error }, 'request failed')
    await recordRefusal(request, coded)
    return sendProblem(request, reply, coded)
  })
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, new CodedError('route-not-found')))
}

const BY_FASTIFY_CODE: Record<string, ErrorCode> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_MAX_PARAM_LENGTH: 'route-not-found',
}

/** Prisma and Postgres: no connection, no transaction in time, deadlock, shutting down. Later it may work. */
const PASSING = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', '40001', '40P01', '55P03'])
const PASSING_CLASSES = /^(08|53|57)[A-Z0-9]{3}$/
const PASSING_SYSTEM = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EPIPE'])

/** Makes a coded error of whatever was thrown; what is not known is `internal` and tells nothing of its cause. */
export function toCoded(error: unknown): CodedError {
  if (error instanceof CodedError) return error
  const { code = '', statusCode = 500, validation, validationContext } = error as FastifyError
  if (validation) {
    return new CodedError(
      'validation-failed',
      undefined,
      validation.slice(0, MOST_VIOLATIONS).map((each) => toViolation(each, validationContext ?? 'body')),
    )
  }
  const known = BY_FASTIFY_CODE[code]
  if (known) return new CodedError(known)
  if (PASSING.has(code) || PASSING_CLASSES.test(code) || isConnectionLoss(error)) return new CodedError('unavailable')
  return new CodedError(statusCode >= 400 && statusCode < 500 ? 'bad-request' : 'internal')
}

/** What pg and Prisma say of a connection that is not there, where they give no code. */
const LOST =
  /reach database server|Connection terminated|connection timeout|timeout exceeded when trying to connect|the database system is|client has encountered a connection error/i

function isConnectionLoss(error: unknown): boolean {
  const { code, cause } = error as { code?: string; cause?: unknown }
  if (code !== undefined && PASSING_SYSTEM.has(code)) return true
  const text = error instanceof Error && !(error instanceof TypeError) ? error.message : ''
  if (LOST.test(text)) return true
  return cause instanceof Error && isConnectionLoss(cause)
}

type AjvError = NonNullable<FastifyError['validation']>[number]

const CONTEXTS: Record<string, string> = { params: 'path', querystring: 'query', headers: 'header', body: 'body' }

/** Names the field itself where Ajv names its parent: a missing field, or one that is not known. */
function toViolation({ instancePath, keyword, params, message, ...more }: AjvError, context: string): Violation {
  const { missingProperty, additionalProperty, allowedValues, pattern } = params as Record<string, unknown>
  const field = missingProperty ?? additionalProperty
  const pointer = `/${CONTEXTS[context]}${instancePath}${field === undefined ? '' : `/${escapePointer(String(field))}`}`
  const { properties } = (more as { parentSchema?: { properties?: object } }).parentSchema ?? {}
  const meant = keyword === 'additionalProperties' && nearest(String(field), Object.keys(properties ?? {}))
  const words: Record<string, string> = {
    required: 'is required',
    additionalProperties: `is not a known field${meant ? `; did you mean ${meant}?` : ''}`,
    enum: `must be one of ${(allowedValues as string[] | undefined)?.join(', ')}`,
    pattern: `must match ${pattern}`,
  }
  return { pointer, code: keyword, message: words[keyword] ?? message ?? 'is not valid' }
}

const escapePointer = (text: string) => text.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')

const BY_SOCKET_CODE: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: 'header-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
}

/** RFC 9110 section 10.1.1: an expectation other than 100-continue, which Node sees to itself. */
export function answerExpectation(request: IncomingMessage, response: ServerResponse): void {
  const id = requestId(request)
  const body = JSON.stringify(problem(new CodedError('expectation-failed'), id, new Date()))
  response
    .writeHead(STATUS['expectation-failed'], { 'content-type': MEDIA_TYPE, 'x-request-id': id, connection: 'close' })
    .end(body)
}

/** Answers what is not even HTTP, where no request and no reply exist. */
export function answerBrokenSocket(error: Error & { code?: string }, socket: Socket, requestId: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const coded = new CodedError(BY_SOCKET_CODE[error.code ?? ''] ?? 'bad-request')
  const body = JSON.stringify(problem(coded, requestId, new Date()))
  socket.end(
    [
      `HTTP/1.1 ${STATUS[coded.code]} ${ERRORS[coded.code].title}`,
      `content-type: ${MEDIA_TYPE}`,
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
