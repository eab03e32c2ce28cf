import type { BackendSection } from '../curation/read.ts'
import { type ApiDocument, lookUp } from '../document/read.ts'
import { ConfigError } from '../errors.ts'
import { isObject, type JsonObject } from '../json.ts'
import { didYouMean } from '../nearest.ts'

/** What a credential is put into. */
interface Presentable {
  /** Path and query. */
  path: string
  /** Names are lower case. */
  headers: Record<string, string>
}

/** What one API gets of a credential, and how. It goes to this API alone. */
export interface UpstreamCredential {
  /** The caller's credential is what the API gets. */
  usesCaller: boolean
  /** The adapter's own credential is what the API gets. */
  isOwn: boolean
  /** Puts it in, over whatever stands there. `token`: the caller's, which an anonymous caller does not have. */
  present(request: Presentable, token: string | undefined): void
}

type Section = Pick<BackendSection, 'credential'>
type Put = (request: Presentable, secret: string) => void

/** A field name (RFC 9110, section 5.1). */
const FIELD_NAME = /^[!#$%&'*+.^_`|~\w-]+$/
/** What belongs to the connection, not to a credential. */
const CONNECTION =
  /^(host|connection|content-(length|type|encoding)|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*)$/i
/** A cookie's value (RFC 6265, section 4.1.1). */
const COOKIE_VALUE = /^[!#-+\--:<-[\]-~]*$/

const withoutCookie = (cookies: string | undefined, name: string) =>
  (cookies ?? '').split(/; */).filter((pair) => pair !== '' && pair.split('=')[0]?.trim() !== name)

function setCookie(name: string): Put {
  return (request, secret) => {
    request.headers.cookie = [...withoutCookie(request.headers.cookie, name), `${name}=${secret}`].join('; ')
  }
}

const nameIn = (pair: string) => new URLSearchParams(pair).keys().next().value

/** Last in the query, and the only one of its name. */
function setQuery(name: string): Put {
  return (request, secret) => {
    const [path = '', query = ''] = request.path.split(/\?(.*)/s)
    const others = query.split('&').filter((pair) => pair !== '' && nameIn(pair) !== name)
    request.path = `${path}?${[...others, `${encodeURIComponent(name)}=${encodeURIComponent(secret)}`].join('&')}`
  }
}

const setHeader = (name: string, prefix = ''): Put => {
  const lower = name.toLowerCase()
  return (request, secret) => {
    request.headers[lower] = prefix + secret
  }
}

function apiKey({ in: place, name }: JsonObject): Put | string {
  if (typeof name !== 'string' || name === '') return 'has no name'
  if (place === 'query') return setQuery(name)
  if (!FIELD_NAME.test(name)) return 'has a name that cannot be sent'
  if (place === 'cookie') return setCookie(name)
  if (place !== 'header') return 'is in no place that is known'
  return CONNECTION.test(name) ? 'would replace a header of the connection' : setHeader(name)
}

/** How a security scheme is sent (OpenAPI 3.1, Security Scheme Object), or why it cannot be. */
function putOf(scheme: JsonObject): Put | string {
  if (scheme.type === 'apiKey') return apiKey(scheme)
  if (scheme.type === 'oauth2' || scheme.type === 'openIdConnect') return setHeader('authorization', 'Bearer ')
  if (scheme.type !== 'http') return `is of the type "${String(scheme.type)}", which is not supported`
  const name = String(scheme.scheme).toLowerCase()
  if (name === 'bearer') return setHeader('authorization', 'Bearer ')
  if (name === 'basic') return setHeader('authorization', 'Basic ')
  return `is HTTP authentication "${name}": bearer and basic are supported`
}

function schemeOf({ root }: Pick<ApiDocument, 'root'>, name: string): JsonObject | string {
  const components = isObject(root.components) ? root.components : {}
  const schemes = isObject(components.securitySchemes) ? components.securitySchemes : {}
  const found = Object.hasOwn(schemes, name) ? schemes[name] : undefined
  const scheme = isObject(found) && typeof found.$ref === 'string' ? lookUp(root, found.$ref) : found
  if (isObject(scheme)) return scheme
  return `The document has no security scheme "${name}".${didYouMean(name, Object.keys(schemes))}`
}

type Named = { scheme: string; env?: string }

/** The schemes of a section; a list is for an API that wants several at once. */
function namedIn({ credential }: Section): Named[] {
  return typeof credential === 'object' ? [credential].flat() : []
}

/** Tells what is wrong with `credential`: an unknown scheme, or one that cannot be sent. */
export function checkCredential(
  section: Section,
  document: Pick<ApiDocument, 'root'>,
  report: (message: string) => void,
): void {
  for (const { scheme: name } of namedIn(section)) {
    const scheme = schemeOf(document, name)
    const put = typeof scheme === 'string' ? scheme : putOf(scheme)
    if (typeof put === 'string') report(put.startsWith('The ') ? put : `The security scheme "${name}" ${put}.`)
  }
}

/** The adapter's own secret, as the scheme wants it. The value is never quoted. */
function secretOf(variable: string, scheme: JsonObject, env: Record<string, string | undefined>): string {
  const value = (env[variable] ?? '').trim()
  if (value === '') throw new ConfigError(`The credential for the API is missing: set ${variable}.`)
  const isBasic = scheme.type === 'http' && String(scheme.scheme).toLowerCase() === 'basic'
  if (isBasic && !value.includes(':')) throw new ConfigError(`${variable} must hold a user name, ":" and a password.`)
  if (isBasic) return Buffer.from(value, 'utf8').toString('base64')
  const isSendable = scheme.in === 'query' || (scheme.in === 'cookie' ? COOKIE_VALUE : /^[\x20-\x7e]+$/).test(value)
  if (!isSendable) throw new ConfigError(`${variable} holds characters that cannot be sent.`)
  return value
}

const bearer = setHeader('authorization', 'Bearer ')

/**
 * What an API gets. Default: the caller's bearer token as it is. Throws ConfigError, naming the variable, when the
 * adapter's own credential is not in `env`.
 */
export function createUpstreamCredential(
  section: Section,
  document: Pick<ApiDocument, 'root'>,
  env: Record<string, string | undefined>,
): UpstreamCredential {
  if (section.credential === 'none') return { usesCaller: false, isOwn: false, present: () => {} }
  const named = namedIn(section)
  const parts = named.map(({ scheme: name, env: variable }) => {
    const scheme = schemeOf(document, name)
    if (typeof scheme === 'string') throw new ConfigError(scheme)
    const put = putOf(scheme)
    if (typeof put === 'string') throw new ConfigError(`The security scheme "${name}" ${put}.`)
    return { put, secret: variable === undefined ? undefined : secretOf(variable, scheme, env) }
  })
  if (named.length === 0) parts.push({ put: bearer, secret: undefined })
  return {
    usesCaller: parts.some(({ secret }) => secret === undefined),
    isOwn: parts.some(({ secret }) => secret !== undefined),
    present(request, token) {
      for (const { put, secret = token } of parts) if (secret !== undefined) put(request, secret)
    },
  }
}
