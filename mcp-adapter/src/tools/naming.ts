import { createHash } from 'node:crypto'

/** `listOrders` is `list_orders`, `getHTTPStatus` is `get_http_status`. */
export function snakeCase(id: string): string {
  return id
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replaceAll(/[^a-zA-Z0-9_-]+/g, '_')
    .toLowerCase()
}

/**
 * What models' APIs take as the name of an argument or a property: the narrowest of them decides. `__proto__` is none, because
 * Ajv passes it over and programs that merge objects do worse.
 */
export const MODEL_NAME = /^(?!__proto__$)[a-zA-Z0-9_.-]{1,64}$/
const LONGEST = 64

/** `filter[state]` is `filter_state`, `$top` is `_top`. */
function readable(word: string): string {
  const safe = word.replaceAll(/[^a-zA-Z0-9_.-]+/g, '_')
  return safe === word ? safe : safe.replace(/_+$/, '')
}

/** A readable beginning and a hash of the name itself, as many digits of it as make it free. */
function hashed(name: string, word: string, isTaken: (alias: string) => boolean): string {
  const digits = createHash('sha256').update(name).digest('hex')
  const start = /[a-zA-Z0-9]/.test(word) ? word : 'arg'
  for (let length = 8; ; length += 4) {
    const alias = `${start.slice(0, LONGEST - 1 - length)}_${digits.slice(0, length)}`
    if (!isTaken(alias) || length >= LONGEST - 4) return alias
  }
}

/**
 * Names that every model's API takes, one for each of `names`, all different. A name that is taken as it is stays. Any
 * other is made readable and, where that is too long, says nothing or is another's, ends in a hash of the name: so the
 * same name has the same alias, whatever order names come in. `wordOf` is how a name is spelt first.
 */
export function modelNames(names: string[], wordOf: (name: string) => string = (name) => name): string[] {
  const words = names.map((name) => {
    const word = wordOf(name)
    return word === name && MODEL_NAME.test(name) ? name : readable(word)
  })
  const taken = new Set(names.filter((name, index) => words[index] === name && MODEL_NAME.test(name)))
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return names.map((name, index) => {
    const word = words[index] as string
    if (word === name && MODEL_NAME.test(name)) return name
    const says = MODEL_NAME.test(word) && /[a-zA-Z0-9]/.test(word)
    if (says && !taken.has(word) && counts.get(word) === 1) return word
    const alias = hashed(name, word, (other) => taken.has(other) || counts.has(other))
    taken.add(alias)
    return alias
  })
}
