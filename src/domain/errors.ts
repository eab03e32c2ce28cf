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
    title: 'Too many requests came from this address',
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
  // The caller
  unauthenticated: {
    title: 'No valid credential was sent',
    hint: 'Send `Authorization: Bearer <API key>` with a key that is neither revoked nor expired.',
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
    hint: 'Ask for a key whose scopes name this action. Do not repeat the request with the same credential.',
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
  // API keys
  'api-key-not-found': {
    title: 'There is no such key, or it is not visible to you',
    hint: 'Find the id with listApiKeys.',
    retryable: false,
  },
  // The service
  unavailable: {
    title: 'The service cannot answer at the moment',
    hint: 'Nothing was changed. Try again after the time in `Retry-After`.',
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

  constructor(code: ErrorCode, detail?: string, violations: Violation[] = []) {
    super(detail ?? `${ERRORS[code].title}.`)
    this.code = code
    this.violations = violations
  }
}

/** @returns a `validation-failed` error that names one field and the rule it breaks. */
export function invalid(pointer: string, code: string, message: string): CodedError {
  return new CodedError('validation-failed', undefined, [{ pointer, code, message }])
}
