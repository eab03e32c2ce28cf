import { isObject } from '../../json.ts'
import type { Binding } from '../../tools/bindings.ts'
import { isStyle } from '../../tools/inputs/styles.ts'
import { assign, expand, isEmpty } from './styles.ts'
import { jsonText, percent, percentReserved, plain, type Sendable, Unsendable } from './text.ts'

/** A name that an object's own keys become must not be one that a credential travels under. */
function refuseCredentials(names: string[], isClosed: (name: string) => boolean): void {
  const taken = names.find(isClosed)
  if (taken !== undefined) throw new Unsendable('carries a credential, which is never an argument', [taken])
}

const isIn = (names: ReadonlySet<string> | undefined) => (name: string) => names?.has(name.toLowerCase()) ?? false

function keysOf(value: Sendable): string[] {
  return isObject(value) ? Object.keys(value) : []
}

/**
 * The pairs of one query parameter, percent-encoded: `['q=a', 'q=b']`. `owned` are names (lower case) of credentials in
 * the query. A value that leaves nothing to write is no pair, or `q=` where the document allows an empty value.
 */
export function queryPairs(binding: Binding, value: Sendable, owned?: ReadonlySet<string>): string[] {
  const { name, content, explode } = binding
  if (binding.style === 'querystring') return wholeQuery(content ?? '', value, owned)
  if (content !== undefined)
    return [`${percent(name)}=${percent(/json/i.test(content) ? jsonText(value) : plain(value))}`]
  if (isEmpty(value)) return binding.allowEmptyValue ? [`${percent(name)}=`] : []
  const style = isStyle(binding.style) ? binding.style : 'form'
  const nested = typeof value === 'object'
  if (nested && explode && style !== 'deepObject') refuseCredentials(keysOf(value), isIn(owned))
  // In a list a comma of a value must differ from one between values.
  const write = binding.allowReserved && !(nested && !explode) ? percentReserved : percent
  return expand(style, explode, name, value, write).map((part) => assign(part))
}

/** `in: querystring` of OpenAPI 3.2: one value is all of the query. */
function wholeQuery(content: string, value: Sendable, owned?: ReadonlySet<string>): string[] {
  if (!/urlencoded/i.test(content)) return [percent(/json/i.test(content) ? jsonText(value) : plain(value))]
  if (!isObject(value)) throw new Unsendable('must be an object')
  refuseCredentials(keysOf(value), isIn(owned))
  return Object.entries(value as Record<string, Sendable>).flatMap(([name, each]) =>
    expand('form', true, name, Array.isArray(each) ? each : [each], percent).map((part) => assign(part)),
  )
}

const COOKIE_NAME = /^[\w!#$%&'*+.^`|~-]+$/
const COOKIE_OCTETS = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/

function cookieText(text: string): string {
  if (COOKIE_OCTETS.test(text)) return text
  throw new Unsendable('must hold only characters of a cookie value (RFC 6265, section 4.1.1)')
}

/**
 * The pairs of one cookie parameter. Style form is percent-encoded; style cookie (OpenAPI 3.2) is not, so it takes only
 * what a cookie may hold. No value can begin another cookie. Exploded values are cookies of their own: "&" would not
 * separate them in a Cookie header. None may be one that `isClosed` says a credential travels in.
 */
export function cookiePairs(binding: Binding, value: Sendable, isClosed: (name: string) => boolean): string[] {
  const { name, content, explode } = binding
  if (content !== undefined) return [`${name}=${percent(/json/i.test(content) ? jsonText(value) : plain(value))}`]
  if (explode) {
    refuseCredentials(keysOf(value), isClosed)
    const odd = binding.style === 'cookie' && keysOf(value).find((key) => !COOKIE_NAME.test(key))
    if (odd) throw new Unsendable('cannot be the name of a cookie', [odd])
  }
  return expand('cookie', explode, name, value, binding.style === 'cookie' ? cookieText : percent).map((part) =>
    assign(part),
  )
}
