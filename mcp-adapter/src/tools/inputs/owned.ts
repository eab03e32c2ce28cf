import { isObject, type JsonObject } from '../../json.ts'

/** Headers that the adapter or the connection owns. A document may name them; an argument never becomes one. */
const OWN_HEADERS = new Set(
  (
    'accept accept-encoding authorization connection content-encoding content-length content-type cookie expect ' +
    'forwarded host keep-alive proxy-authenticate proxy-authorization set-cookie te trailer transfer-encoding upgrade ' +
    'user-agent via x-request-id traceparent tracestate baggage handrail-assertion'
  ).split(' '),
)

/**
 * Headers that APIs take credentials in. Documents often declare them as plain parameters, beside a security scheme or
 * instead of one.
 */
const CREDENTIAL_HEADERS = new Set(
  (
    'api-key apikey x-api-key x-apikey api-token x-api-token token x-token auth x-auth auth-token x-auth-token x-auth-key ' +
    'access-token x-access-token session-token x-session-token x-amz-security-token x-goog-api-key x-functions-key ' +
    'x-vault-token private-token job-token x-csrf-token x-xsrf-token x-client-secret client-secret'
  ).split(' '),
)

/** Cookies that keep somebody logged in. A document that declares one seldom means it as a parameter. */
const CREDENTIAL_COOKIE = /(^|[_.-])(session([_-]?(id|token))?|sess|sid|token|auth|jwt|csrf|xsrf)$|sess(ion)?id$/i

/** Names that credentials travel under, in lower case, by place. */
export interface CredentialNames {
  header: ReadonlySet<string>
  query: ReadonlySet<string>
  cookie: ReadonlySet<string>
}

const read = new WeakMap<JsonObject, CredentialNames>()

/** The names that the document's security schemes give to credentials. Read once for each document. */
export function credentialNames(root: JsonObject): CredentialNames {
  const known = read.get(root)
  if (known) return known
  const { components } = root
  const schemes = isObject(components) && isObject(components.securitySchemes) ? components.securitySchemes : {}
  const keys = Object.values(schemes).flatMap((scheme) =>
    isObject(scheme) && scheme.type === 'apiKey' ? [scheme] : [],
  )
  const named = (place: string) =>
    new Set(keys.filter((key) => key.in === place).map((key) => String(key.name).toLowerCase()))
  const names = { header: named('header'), query: named('query'), cookie: named('cookie') }
  read.set(root, names)
  return names
}

/** Whether a header belongs to the connection or to the adapter itself. */
export function isOwnHeader(name: string): boolean {
  return OWN_HEADERS.has(name.toLowerCase()) || /^(x-forwarded-|proxy-|sec-|mcp-)/i.test(name)
}

/** Whether a header is the adapter's, the connection's, or one that a credential travels in. */
export function isClosedHeader(name: string, credentials: CredentialNames): boolean {
  const lower = name.toLowerCase()
  return isOwnHeader(lower) || CREDENTIAL_HEADERS.has(lower) || credentials.header.has(lower)
}

/** Whether a cookie carries a credential: by the document, or by what it is called. */
export function isClosedCookie(name: string, credentials: CredentialNames): boolean {
  return credentials.cookie.has(name.toLowerCase()) || CREDENTIAL_COOKIE.test(name)
}
