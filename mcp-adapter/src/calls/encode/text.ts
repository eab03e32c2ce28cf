import { stringify as losslessStringify } from 'lossless-json'

/** A value on its way to the wire: JSON, and integers beyond 2^53 as bigint. */
export type Sendable = null | boolean | number | string | bigint | Sendable[] | { [name: string]: Sendable }

/** A value that keeps the schema and cannot be written where it belongs. `steps` lead to it inside the argument. */
export class Unsendable extends Error {
  override name = 'Unsendable'
  constructor(
    message: string,
    readonly steps: string[] = [],
  ) {
    super(message)
  }
}

/** Runs a part of the writing; an error of it names the step it was at. */
export function within<T>(step: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    if (error instanceof Unsendable) throw new Unsendable(error.message, [step, ...error.steps])
    throw error
  }
}

/** JSON text; a bigint is written as a bare number, which `JSON.stringify` refuses to do. */
export function jsonText(value: Sendable): string {
  try {
    return JSON.stringify(value)
  } catch {
    return losslessStringify(value) ?? 'null'
  }
}

/** A value as text where there is no JSON: a string is itself, anything nested is JSON text. */
export function plain(value: Sendable): string {
  if (typeof value === 'string') return value
  return typeof value === 'object' ? jsonText(value) : String(value)
}

const NOT_UNICODE = 'must be well-formed Unicode text'

/** Text that can be written in UTF-8: without halves of surrogate pairs. */
export function wellFormed(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new Unsendable(NOT_UNICODE)
  return text
}

const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`

function encoded(text: string): string {
  try {
    return encodeURIComponent(text)
  } catch {
    throw new Unsendable(NOT_UNICODE)
  }
}

/** Percent-encodes all but the unreserved characters of RFC 3986, section 2.3. Most values have no others. */
export function percent(text: string): string {
  return /^[\w.~-]*$/.test(text) ? text : encoded(text).replaceAll(/[!'()*]/g, hex)
}

/**
 * `allowReserved`: reserved characters stay, but for those that would end or split the query or be read as a space
 * (`#`, `&`, `+`). A "%" is a character of the value, so it is encoded as any other.
 */
export function percentReserved(text: string): string {
  return encoded(text).replaceAll(/%(3A|2F|3F|5B|5D|40|24|2C|3B|3D)/g, decodeURIComponent)
}

/** The text of a path template outside its variables, as it may stand in a request line. */
export function percentLiteral(text: string): string {
  return text.replaceAll(/[^\w\-.~!$&'()*+,;=:@/%?]+/g, encodeURIComponent)
}
