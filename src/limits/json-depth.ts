const [QUOTE, BACKSLASH] = ['"', '\\'].map((each) => each.charCodeAt(0))
const OPENING = new Set(['[', '{'].map((each) => each.charCodeAt(0)))
const CLOSING = new Set([']', '}'].map((each) => each.charCodeAt(0)))

/**
 * Whether JSON text opens more brackets than `most` inside each other. It is asked before parsing, so that what is
 * built, walked through and digested later is never deep. Linear, and without recursion; what is no JSON is told by the
 * parser.
 */
export function isDeeper(json: Uint8Array, most: number): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] as number
    if (inString) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (OPENING.has(byte) && ++depth > most) return true
    else if (CLOSING.has(byte)) depth--
  }
  return false
}
