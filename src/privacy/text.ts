/** Postgres cannot store U+0000, and half a surrogate pair is no character: neither can be kept as it was sent. */
const UNSTORABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

/** Whether text can be kept as it was sent. */
export const isStorable = (text: string) => !UNSTORABLE.test(text)

/**
 * Finds text that cannot be stored, in values and in names.
 * @param value any JSON value
 * @param pointer where the value stands
 * @returns the RFC 6901 pointer of the first such text, or undefined
 */
export function findUnstorable(value: unknown, pointer: string): string | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : pointer
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, each] of Object.entries(value)) {
    if (!isStorable(name)) return pointer
    const found = findUnstorable(each, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    if (found !== undefined) return found
  }
  return undefined
}
