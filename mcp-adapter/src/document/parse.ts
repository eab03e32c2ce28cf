import { ConfigError } from '../errors.ts'
import type { Json } from '../json.ts'
import { parseJson, TextError } from './json-text.ts'

/** Of a document together with all files that it refers to. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024

const UTF16 = [
  [0xff, 0xfe],
  [0xfe, 0xff],
]

/** The text of a file. A byte order mark is taken away. Throws TextError for what is not UTF-8. */
function decode(bytes: Uint8Array): string {
  if (UTF16.some(([first, second]) => bytes[0] === first && bytes[1] === second) || bytes.subarray(0, 4).includes(0))
    throw new TextError({ message: 'it is UTF-16 or binary: save it as UTF-8' })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new TextError({ message: 'it is not UTF-8 text' })
  }
}

function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return `${line}:${offset - before.lastIndexOf('\n')}`
}

/**
 * Parses a file of a document, JSON or YAML. Throws ConfigError that begins with `name`, and with line and column
 * where the fault has a place.
 */
export async function parseFile(bytes: Uint8Array, name: string): Promise<Json> {
  let text = ''
  try {
    text = decode(bytes)
    // JSON first: the YAML reader takes JSON too, but a large document costs it seconds.
    if (/^\s*[{[]/.test(text) && !/\.ya?ml$/i.test(name)) return await parseJson(text)
    const { parseYaml } = await import('./yaml-text.ts')
    return parseYaml(text)
  } catch (error) {
    if (!(error instanceof TextError)) throw error
    const { message, offset } = error.fault
    const place = offset === undefined ? '' : `:${placeOf(text, offset)}`
    throw new ConfigError(`${name}${place}: Cannot read the document: ${message}`)
  }
}
