import type { Answer } from '../backend/backend.ts'
import { isTooDeep, type Json, mayNestDeeper } from '../json.ts'
import { allVisible, visible } from './hidden.ts'
import { parseExact } from './numbers.ts'

/** The media type of an answer without its parameters, in lower case; empty when there is none. */
export function typeOf({ headers }: Answer): string {
  const type = headers['content-type'] ?? ''
  return type === 'application/json' ? type : (type.split(';')[0]?.trim().toLowerCase() ?? '')
}

export const isJson = (type: string) => type === 'application/json' || /^application\/(.+\+)?json$/.test(type)

const TEXTS =
  /^(text\/.+|application\/(.+\+)?(xml|yaml)|application\/(x-ndjson|ndjson|jsonl|x-jsonlines|javascript|toml|sql|graphql|x-www-form-urlencoded)|application\/x-yaml|image\/svg\+xml)$/

/** Whether people can read it as it is. SVG is text: no client is asked to draw it. */
export const isText = (type: string) => TEXTS.test(type)

const IMAGES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

/** What MCP content carries as base64 (ContentBlock): images that models see, and sound. */
export function mediaKind(type: string): 'image' | 'audio' | undefined {
  if (IMAGES.has(type)) return 'image'
  return /^audio\/[\w.+-]+$/.test(type) ? 'audio' : undefined
}

/**
 * The text of an answer: in the character set that it names (WHATWG Encoding labels), UTF-8 otherwise; without a byte
 * order mark. Bytes that mean nothing become U+FFFD.
 */
export function textOf({ headers, body }: Answer): string {
  const label = /;\s*charset="?([\w.:-]+)/i.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase()
  if (label !== undefined && label !== 'utf-8' && label !== 'utf8') {
    try {
      return new TextDecoder(label).decode(body)
    } catch {
      // A name that nobody knows: UTF-8 is the likeliest.
    }
  }
  const text = body.toString('utf8')
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/** The same, without what a reader would not see. */
export const visibleText = (answer: Answer) => visible(textOf(answer))

/**
 * Whether a JSON text may have something hidden in one of its values: most have none, and are not looked through. It has
 * been parsed, so there are no raw control characters but the one of ASCII that JSON lets pass.
 */
const mayHide = (text: string) =>
  Buffer.byteLength(text) !== text.length || text.includes('\x7f') || (text.includes('\\') && /\\[ubf]/.test(text))

/** Deepest nesting that is shown: far beyond any schema, far below what exhausts the stack of whoever goes through it. */
const MAX_DEPTH = 256

/** The JSON value of an answer, with visible text and exact numbers; otherwise why there is none, if it should be JSON. */
export function jsonValue(answer: Answer): { value?: Json; why?: string } {
  if (!isJson(typeOf(answer))) return {}
  try {
    const text = textOf(answer)
    const value = parseExact(text)
    if (mayNestDeeper(text, MAX_DEPTH) && isTooDeep(value, MAX_DEPTH))
      return { why: `its answer is nested deeper than ${MAX_DEPTH} levels` }
    return { value: mayHide(text) ? allVisible(value) : value }
  } catch {
    return { why: 'its answer is not well-formed JSON' }
  }
}
