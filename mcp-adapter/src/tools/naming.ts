import { createHash } from 'node:crypto'

/** The longest name of a tool that every host takes. */
const LONGEST_NAME = 64
const HASH_LENGTH = 6

/** `listOrders` is `list_orders`, `getHTTPStatus` is `get_http_status`. */
export function snakeCase(id: string): string {
  return id
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replaceAll(/[^a-zA-Z0-9_-]+/g, '_')
    .toLowerCase()
}

/** A name that ends in a digest of the id, so that it stays the same whatever else the document has. */
function marked(name: string, id: string, limit: number): string {
  const digest = createHash('sha256').update(id).digest('hex').slice(0, HASH_LENGTH)
  return `${name.slice(0, limit - HASH_LENGTH - 1)}_${digest}`
}

/** The name of an operation, in snake_case; one that would be longer than `limit` is cut and ends in a digest. */
export function toolName(id: string, prefix = '', limit = LONGEST_NAME): string {
  const name = `${prefix}${snakeCase(id) || 'operation'}`
  return name.length > limit ? marked(name, id, limit) : name
}

/**
 * The names of operations, in the same order, no two alike and none of `taken`. Ids that would have one name (`foo/list`
 * and `foo.list`) all end in a digest of their id: neither order nor what is added later decides which is which.
 */
export function uniqueNames(
  ids: readonly string[],
  limit = LONGEST_NAME,
  { prefix = '', taken = new Set() }: { prefix?: string; taken?: ReadonlySet<string> } = {},
): string[] {
  const plain = ids.map((id) => toolName(id, prefix, limit))
  const counts = new Map<string, number>()
  for (const name of plain) counts.set(name, (counts.get(name) ?? 0) + 1)
  const isAlone = (name: string) => counts.get(name) === 1 && !taken.has(name)
  // Those that keep their plain name come first: a digest must not take what another operation is called.
  const used = new Set([...taken, ...plain.filter(isAlone)])
  return plain.map((name, index) => {
    if (isAlone(name)) return name
    const id = ids[index] as string
    let unique = marked(name, id, limit)
    for (let again = 1; used.has(unique); again++) unique = marked(name, `${id}\0${again}`, limit)
    used.add(unique)
    return unique
  })
}

/**
 * What models' APIs take as the name of an argument or a property: the narrowest of them decides. `__proto__` is none,
 * because Ajv passes it over and programs that merge objects do worse.
 */
export const MODEL_NAME = /^(?!__proto__$)[a-zA-Z0-9_.-]{1,64}$/

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
    const alias = `${start.slice(0, LONGEST_NAME - 1 - length)}_${digits.slice(0, length)}`
    if (!isTaken(alias) || length >= LONGEST_NAME - 4) return alias
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
