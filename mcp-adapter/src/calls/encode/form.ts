import type { FieldEncoding } from '../../tools/inputs/body.ts'
import { assign, expand, type Part, type Write } from './styles.ts'
import { jsonText, percent, percentReserved, plain, type Sendable, within } from './text.ts'

export type Field = [name: string, value: Sendable]

/**
 * One field of a form as parts. With a style it is laid out by it; without, a list becomes one part per item and an
 * object JSON text (OpenAPI 3.1.1, "Encoding Usage and Restrictions"). An explicit null is the empty text: a form has no null.
 */
export function formParts([name, value]: Field, encoding: FieldEncoding | undefined, write: Write): Part[] {
  if (value === null) return [[write(name), '']]
  if (encoding?.style !== undefined) return expand(encoding.style, encoding.explode, name, value, write)
  const text = (each: Sendable) => write(/json/i.test(encoding?.contentType[0] ?? '') ? jsonText(each) : plain(each))
  return (Array.isArray(value) ? value : [value]).map((each) => [write(name), text(each)])
}

/** A body of `application/x-www-form-urlencoded`. */
export function urlEncoded(fields: Field[], encodings: Record<string, FieldEncoding>): string {
  return fields
    .flatMap((field) => {
      const encoding = Object.hasOwn(encodings, field[0]) ? encodings[field[0]] : undefined
      const isList = typeof field[1] === 'object' && encoding?.style !== undefined && !encoding.explode
      const write = encoding?.allowReserved && !isList ? percentReserved : percent
      return within(field[0], () => formParts(field, encoding, write))
    })
    .map((part) => assign(part))
    .join('&')
}
