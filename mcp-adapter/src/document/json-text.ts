import { isObject, type Json } from '../json.ts'

/** One of a text's faults: what is wrong, and the offset of its first character where it is known. */
interface TextFault {
  message: string
  offset?: number
}

/** Thrown by the parsers of this folder. */
export class TextError extends Error {
  override name = 'TextError'
  constructor(readonly fault: TextFault) {
    super(fault.message)
  }
}

export const MAX_DEPTH = 256

/** How many names the objects of a value have. Throws TextError when it is nested deeper than MAX_DEPTH. */
function countNames(value: Json, depth = 0): number {
  if (depth > MAX_DEPTH) throw new TextError({ message: `it is nested deeper than ${MAX_DEPTH} levels` })
  let count = 0
  if (Array.isArray(value)) {
    for (const each of value) if (typeof each === 'object' && each !== null) count += countNames(each, depth + 1)
  } else if (isObject(value)) {
    for (const name of Object.keys(value)) {
      const each = value[name] as Json
      count += 1
      if (typeof each === 'object' && each !== null) count += countNames(each, depth + 1)
    }
  }
  return count
}

/** The offset of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslash = end - 1
    while (text[backslash] === '\\') backslash -= 1
    if ((end - backslash) % 2 === 1) return end
  }
  return text.length
}

function isName(text: string, end: number): boolean {
  let next = end + 1
  while (/\s/.test(text[next] ?? '')) next += 1
  return text[next] === ':'
}

/** How many names are written in a text that is JSON. */
function writtenNames(text: string): number {
  let count = 0
  for (let start = text.indexOf('"'); start !== -1; ) {
    const end = endOfString(text, start)
    if (isName(text, end)) count += 1
    start = text.indexOf('"', end + 1)
  }
  return count
}

/** The first name of a JSON text that its object has already. */
function repeatedName(text: string): TextFault | undefined {
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '{') open.push(new Set())
    else if (char === '[') open.push(undefined)
    else if (char === '}' || char === ']') open.pop()
    else if (char === '"') {
      const end = endOfString(text, at)
      const names = open.at(-1)
      if (names && isName(text, end)) {
        const name = String(JSON.parse(text.slice(at, end + 1)))
        if (names.has(name)) return { message: `the name ${JSON.stringify(name)} is given twice`, offset: at }
        names.add(name)
      }
      at = end
    }
  }
  return undefined
}

/** Where JSON.parse stopped: as it says, or, since it seldom does, as another parser finds. */
async function syntaxFault(text: string, error: unknown): Promise<TextFault> {
  const message = error instanceof Error ? error.message : String(error)
  const { parse } = await import('lossless-json')
  try {
    parse(text)
  } catch (second) {
    const place = /position (\d+)/.exec(second instanceof SyntaxError ? second.message : message)?.[1]
    if (place !== undefined) return { message, offset: Number(place) }
  }
  return { message }
}

/**
 * Parses JSON. An object with a name twice is refused: of two rules for one name, readers would see either one.
 * JSON.parse keeps the last and says nothing, so names in the text and in the value are counted; only where these
 * differ is the text searched. Throws TextError.
 */
export async function parseJson(text: string): Promise<Json> {
  let value: Json
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new TextError(await syntaxFault(text, error))
  }
  const kept = countNames(value)
  if (kept !== writtenNames(text)) {
    const fault = repeatedName(text)
    if (fault) throw new TextError(fault)
  }
  return value
}
