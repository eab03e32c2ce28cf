import { createHash } from 'node:crypto'

/** The longest name of a tool that every host takes. */
export const LONGEST_NAME = 64
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
