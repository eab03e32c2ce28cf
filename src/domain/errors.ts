/** One thing that is wrong with a request; `pointer` is an RFC 6901 pointer into {body, query, path, header}. */
export interface Violation {
  pointer: string
  code: string
  message: string
}

interface ErrorKind {
  title: string
  /** What to do next: static text, never built from input, since agents act on it. */
  hint: string
  /** Whether the same request may succeed later without a change. */
  retryable: boolean
}

/**
 * Every coded error. The key is the stable `error` code of the API; its HTTP status is set in api/plugins/errors.ts.
 */
export const ERRORS = {
  // The request itself
  'malformed-json': {
    title: 'The body is not valid JSON',
    hint: 'Send one JSON value, UTF-8 encoded, with no trailing commas or comments.',
    retryable: false,
  },
  'bad-request': {
    title: 'The request cannot be read',
    hint: 'Check the request line, the headers and the encoding of the URL.',
    retryable: false,
  },
  'validation-failed': {
    title: 'The request does not fit the schema of the operation',
    hint: 'Correct every field named in `errors` and send the request again.',
    retryable: false,
  },
  'invalid-cursor': {
    title: 'The cursor is not one that this list returned',
    hint: 'Leave out `cursor` to start at the first page, then pass `nextCursor` on as it was received.',
    retryable: false,
  },
  'route-not-found': {
    title: 'There is no such route',
    hint: 'See /api/v1/openapi.json for all operations, or /docs to read them.',
    retryable: false,
  },
  'method-not-allowed': {
    title: 'The route does not answer this method',
    hint: 'Use one of the methods in the `Allow` header.',
    retryable: false,
  },
  'unsupported-media-type': {
    title: 'The media type of the body is not supported',
    hint: 'Send the body as JSON with `Content-Type: application/json`.',
    retryable: false,
  },
  'body-too-large': {
    title: 'The body is too large',
    hint: 'Send a smaller body; split long lists over several requests.',
    retryable: false,
  },
  'header-too-large': {
    title: 'The headers of the request are too large',
    hint: 'Send fewer or shorter headers.',
    retryable: false,
  },
  'request-timeout': {
    title: 'The request did not arrive in time',
    hint: 'Send the whole request without pauses.',
    retryable: true,
  },
  'expectation-failed': {
    title: 'The Expect header asks for something unknown',
    hint: 'Leave the Expect header out, or send `100-continue`.',
    retryable: false,
  },
  'quota-exceeded': {
    title: 'Too many requests',
    hint: 'Wait for the time in `Retry-After`, then go on more slowly.',
    retryable: true,
  },
  'precondition-required': {
    title: 'The change needs an If-Match header',
    hint: 'Read the resource, then send its ETag as `If-Match`, so that no newer change is overwritten.',
    retryable: false,
  },
  'precondition-failed': {
    title: 'The resource has changed since it was read',
    hint: 'Read the resource again, decide whether the change still holds, and send its new ETag as `If-Match`.',
    retryable: false,
  },
  // Repeating a request
  'idempotency-key-missing': {
    title: 'The request needs an Idempotency-Key header',
    hint: 'Send a new random key for each thing you want done, and the same key whenever you repeat that request.',
    retryable: false,
  },
  'idempotency-key-reused': {
    title: 'The Idempotency-Key was used for another request',
    hint: 'Send a new key for a new request; to repeat a request, send it exactly as before.',
    retryable: false,
  },
  'answer-erased': {
    title: 'The answer to this request was erased with the account it was about',
    hint: 'The request was carried out. Do not repeat it; read what you need anew.',
    retryable: false,
  },
  'request-in-flight': {
    title: 'A request with this Idempotency-Key is being carried out',
    hint: 'Repeat the request with the same key after the time in `Retry-After` to get its answer.',
    retryable: true,
  },
  // Approvals
  'approval-required': {
    title: 'This needs the approval of a person',
    hint: 'Ask a manager or an administrator to do it.',
    retryable: false,
  },
  'approval-invalid': {
    title: 'The approval is not for this request',
    hint: 'An approval holds for one exact request of one caller. Repeat the request as it was, or leave Approval-Id out to ask anew.',
    retryable: false,
  },
  'approval-denied': {
    title: 'The approval was denied or withdrawn',
    hint: 'Do not repeat the request. Tell the person you act for; `note` of the approval may say why.',
    retryable: false,
  },
  'approval-expired': {
    title: 'The approval has expired',
    hint: 'Ask anew: send the request with a new Idempotency-Key and without Approval-Id.',
    retryable: false,
  },
  'approval-used': {
    title: 'The approval was used already',
    hint: 'What it was for has been done. To do it once more, ask anew with a new Idempotency-Key.',
    retryable: false,
  },
  'approval-not-found': {
    title: 'There is no such approval, or it is not visible to you',
    hint: 'Find the id with listApprovals.',
    retryable: false,
  },
  'approval-not-pending': {
    title: 'The approval was decided already, or has expired',
    hint: 'Read the approval to see where it stands.',
    retryable: false,
  },
  'own-approval': {
    title: 'Nobody decides on what they asked for themselves',
    hint: 'Ask another manager or administrator to decide.',
    retryable: false,
  },
  // The caller
  unauthenticated: {
    title: 'No valid credential was sent',
    hint: 'Send `Authorization: Bearer` with an API key, or an access token for this service, that is neither revoked nor expired.',
    retryable: false,
  },
  'token-in-query': {
    title: 'A credential was sent in the URL',
    hint: 'Send it as `Authorization: Bearer` and leave `access_token` out. URLs end up in logs: have that token revoked.',
    retryable: false,
  },
  'account-not-active': {
    title: 'The account is suspended or closed',
    hint: 'Ask an administrator to set the account active.',
    retryable: false,
  },
  forbidden: {
    title: 'The caller may not do this',
    hint: 'GET /api/v1/me lists the actions that you may take. Do not repeat the request with the same credential.',
    retryable: false,
  },
  'scope-missing': {
    title: 'The credential does not include the scope for this action',
    hint: 'Ask for a key or an access token whose scopes name this action. Do not repeat the request with the same credential.',
    retryable: false,
  },
  'scope-not-held': {
    title: 'A key cannot grant what its maker may not do',
    hint: 'Ask only for scopes that your own credential holds.',
    retryable: false,
  },
  'people-only': {
    title: 'This is for people, not for agents',
    hint: 'Ask the person you act for to do this.',
    retryable: false,
  },
  // Users
  'user-not-found': {
    title: 'There is no such user, or it is not visible to you',
    hint: 'Find the id with listUsers.',
    retryable: false,
  },
  'email-taken': {
    title: 'Another user has this email address',
    hint: 'Find the existing user with listUsers, or use another address.',
    retryable: false,
  },
  'username-taken': {
    title: 'Another user has this user name',
    hint: 'Choose another user name; upper and lower case count as the same.',
    retryable: false,
  },
  'user-not-active': {
    title: 'The user is suspended or closed',
    hint: 'Only active users can order or get keys.',
    retryable: false,
  },
  'user-closed': {
    title: 'The account is closed for good',
    hint: 'Create a new user for the person.',
    retryable: false,
  },
  'last-admin': {
    title: 'This is the last active administrator',
    hint: 'Make another user an administrator first.',
    retryable: false,
  },
  // Products
  'product-not-found': {
    title: 'There is no such product',
    hint: 'Find the SKU with listProducts.',
    retryable: false,
  },
  'sku-taken': {
    title: 'Another product has this SKU',
    hint: 'Change the existing product with updateProduct, or choose another SKU.',
    retryable: false,
  },
  // Orders
  'order-not-found': {
    title: 'There is no such order, or it is not visible to you',
    hint: 'Find the id with listOrders.',
    retryable: false,
  },
  'unknown-product': {
    title: 'An item names a product that does not exist',
    hint: 'Find the SKU with listProducts.',
    retryable: false,
  },
  'insufficient-stock': {
    title: 'There is not enough stock for an item',
    hint: 'Order less, or read the product to see its stock. Nothing was ordered.',
    retryable: false,
  },
  'currency-mismatch': {
    title: 'The items are priced in different currencies',
    hint: 'Place one order for each currency.',
    retryable: false,
  },
  'order-not-open': {
    title: 'The order is not open any more',
    hint: 'Read the order: only a placed order can be cancelled or fulfilled.',
    retryable: false,
  },
  'refund-too-large': {
    title: 'The refund is larger than what is left of the payment',
    hint: 'Read the order: `total` minus `refunded` is the most that can go back.',
    retryable: false,
  },
  // Channels and messages
  'channel-not-found': {
    title: 'There is no such channel',
    hint: 'Find the id with listChannels.',
    retryable: false,
  },
  'channel-taken': {
    title: 'Another channel has this id',
    hint: 'Choose another id.',
    retryable: false,
  },
  'channel-in-use': {
    title: 'The channel cannot be removed',
    hint: 'Channels with messages that wait for delivery stay, and so do the two that the service itself needs.',
    retryable: false,
  },
  'channel-disabled': {
    title: 'The channel is disabled, since its receiver said that it is gone',
    hint: 'Choose another channel with listChannels, or ask an administrator to set it up anew.',
    retryable: false,
  },
  'address-refused': {
    title: 'The address is not one that the service sends to',
    hint: 'Use an https URL on a public host; the operator can allow others with HANDRAIL_WEBHOOK_HOSTS.',
    retryable: false,
  },
  'message-not-found': {
    title: 'There is no such message, or it is not visible to you',
    hint: 'Find the id with listMessages.',
    retryable: false,
  },
  'dead-letter-not-found': {
    title: 'There is no such dead letter',
    hint: 'Find the id with listDeadLetters. One that was retried is no dead letter any more.',
    retryable: false,
  },
  // Reports
  'report-not-found': {
    title: 'There is no such report, or it is not visible to you',
    hint: 'Ask for one with createReport.',
    retryable: false,
  },
  'report-not-done': {
    title: 'The report is not done',
    hint: 'Read the report until its status is `done`. One that failed or was cancelled has no result: ask for another.',
    retryable: false,
  },
  'report-closed': {
    title: 'The report is finished already',
    hint: 'Read the report to see how it ended.',
    retryable: false,
  },
  // Audit
  'audit-entry-not-found': {
    title: 'There is no such audit entry',
    hint: 'Find the id with listAuditEntries.',
    retryable: false,
  },
  // API keys
  'api-key-not-found': {
    title: 'There is no such key, or it is not visible to you',
    hint: 'Find the id with listApiKeys.',
    retryable: false,
  },
  // The service
  unavailable: {
    title: 'The service cannot answer at the moment',
    hint: 'Repeat the request after the time in `Retry-After`, with the same Idempotency-Key: nothing is done twice.',
    retryable: true,
  },
  internal: {
    title: 'The service failed',
    hint: 'Nothing was changed. Report the requestId to the operator of the service.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERRORS

/** A failure that the caller is told about. Its code says what; the violations say where. */
export class CodedError extends Error {
  override readonly name = 'CodedError'
  readonly code: ErrorCode
  readonly violations: Violation[]
  /** The thing exists, and the caller must not learn it. */
  hides = false
  /** The scopes that the credential lacks, all of them. */
  missingScopes: string[] = []

  constructor(code: ErrorCode, detail?: string, violations: Violation[] = []) {
    super(detail ?? `${ERRORS[code].title}.`)
    this.code = code
    this.violations = violations
  }
}

/** @returns a `scope-missing` error that names every scope that is needed and not there */
export function scopeMissing(scopes: string[]): CodedError {
  return Object.assign(new CodedError('scope-missing'), { missingScopes: scopes })
}

/** @returns a `validation-failed` error that names one field and the rule it breaks. */
export function invalid(pointer: string, code: string, message: string): CodedError {
  return new CodedError('validation-failed', undefined, [{ pointer, code, message }])
}
