import { isObject, type Json } from '../../json.ts'
import type { BodyRule } from '../../tools/inputs/body.ts'
import { isAllowedType, readFileArgument } from './file.ts'
import { type Field, urlEncoded } from './form.ts'
import { multipart } from './multipart.ts'
import { jsonText, plain, type Sendable, Unsendable, wellFormed } from './text.ts'

/** A body as it is sent. */
interface EncodedBody {
  contentType: string
  body: string | Uint8Array
}

function fieldsOf(content: Sendable): Field[] {
  if (!isObject(content)) throw new Unsendable('must be an object')
  return Object.entries(content as Record<string, Sendable>)
}

/** The concrete type of a body whose document allows a range of them. */
function binaryType(range: string, given: string | undefined): string {
  if (!range.includes('*')) return range
  if (given !== undefined && isAllowedType(given, [range])) return given
  if (range.startsWith('text/')) return 'text/plain'
  if (isAllowedType('application/octet-stream', [range])) return 'application/octet-stream'
  throw new Unsendable(`must name a type of ${range}`, ['contentType'])
}

/** Writes a body by its media type. Throws Unsendable; its steps begin with the field's name on the wire. */
export function encodeBody(rule: BodyRule, content: Sendable): EncodedBody {
  const { kind, mediaType, encodings, files } = rule
  if (kind === 'json') return { contentType: mediaType.replace('*', 'json'), body: jsonText(content) }
  if (kind === 'form') return { contentType: mediaType, body: urlEncoded(fieldsOf(content), encodings) }
  if (kind === 'multipart') return multipart(fieldsOf(content), encodings, files, mediaType)
  if (kind === 'text') return { contentType: mediaType.replace('*', 'plain'), body: wellFormed(plain(content)) }
  const { bytes, contentType } = readFileArgument(content as Json)
  return { contentType: binaryType(mediaType, contentType), body: bytes }
}
