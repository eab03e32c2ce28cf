import { isObject } from '../../json.ts'
import { type Sendable, Unsendable, wellFormed } from './text.ts'

/** A file, read and checked. */
interface FileContent {
  bytes: Buffer
  filename?: string
  contentType?: string
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(; ?charset=[\w-]+)?$/

function bytesOf(text: Sendable | undefined, data: Sendable | undefined): Buffer {
  if ((text === undefined) === (data === undefined)) throw new Unsendable('must have either "text" or "data"')
  if (typeof text === 'string') return Buffer.from(wellFormed(text))
  const letters = typeof data === 'string' ? data.replaceAll(/[\r\n]/g, '') : ' '
  if (!BASE64.test(letters) || letters.replaceAll('=', '').length % 4 === 1)
    throw new Unsendable('must be base64', ['data'])
  return Buffer.from(letters, 'base64')
}

/** Whether a media type is one of a list such as `image/png, text/*`. An empty list takes all. */
export function isAllowedType(type: string, allowed: string[]): boolean {
  const [plain = ''] = type.toLowerCase().split(';')
  const matches = (range: string) =>
    range === '*/*' || range === plain || (range.endsWith('/*') && plain.startsWith(range.slice(0, -1)))
  return allowed.length === 0 || allowed.some((range) => matches(range.toLowerCase()))
}

/** Reads the value that `FILE_SCHEMA` describes. `allowed` are media types, with wildcards. Throws Unsendable. */
export function readFileArgument(value: Sendable, allowed: string[] = []): FileContent {
  if (!isObject(value)) throw new Unsendable('must be an object with "text" or "data"')
  const { text, data, contentType, filename } = value as Record<string, Sendable>
  if (typeof contentType === 'string') {
    if (!MEDIA_TYPE.test(contentType)) throw new Unsendable('must be a media type', ['contentType'])
    if (!isAllowedType(contentType, allowed))
      throw new Unsendable(`must be one of ${allowed.join(', ')}`, ['contentType'])
  }
  if (typeof filename === 'string' && /[\p{Cc}/\\]/u.test(wellFormed(filename)))
    throw new Unsendable('must be a name, without folders and control characters', ['filename'])
  return {
    bytes: bytesOf(text, data),
    ...(typeof filename === 'string' && { filename }),
    ...(typeof contentType === 'string' && { contentType }),
  }
}

/** The type that a file is sent as when the caller names none: the first of the list that is no range. */
export function firstType(allowed: string[]): string {
  return allowed.find((type) => !type.includes('*')) ?? 'application/octet-stream'
}
