import type { Json } from '../json.ts'

/** A quick look: a number of 16 digits or more, or with an exponent of three digits, where a value may stand. */
const MAYBE_INEXACT = /(?:^|[[:,\s])-?(?:\d{16}|[\d.]+[eE]\+?\d{3})/

/** The same anywhere, which is found out sooner, and is not there either in most texts. */
const LONG_OR_LARGE = /\d{16}|[\d.][eE]\+?\d{3}/

/** An escape, the end of a string, or a number (RFC 8259, sections 6 and 7). No part repeats a group: it runs in line. */
const TOKEN = /\\.|"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/gs

/** Whether a JavaScript number would say something else: an integer beyond 2^53, or one that is too large for any. */
function isInexact(token: string): boolean {
  const value = Number(token)
  return !Number.isFinite(value) || (!Number.isSafeInteger(value) && /^-?\d+$/.test(token))
}

/**
 * Parses JSON. A number that JavaScript cannot hold becomes a string of the same digits, so that nothing is rounded;
 * fractions stay the doubles that they are everywhere. Throws SyntaxError.
 */
export function parseExact(text: string): Json {
  if (!(LONG_OR_LARGE.test(text) && MAYBE_INEXACT.test(text))) return JSON.parse(text) as Json
  let inString = false
  const quoted = text.replace(TOKEN, (token) => {
    if (token === '"') inString = !inString
    return !inString && token !== '"' && isInexact(token) ? `"${token}"` : token
  })
  return JSON.parse(quoted) as Json
}
