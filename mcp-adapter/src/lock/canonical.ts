import { createHash } from 'node:crypto'
import { isObject, type Json } from '../json.ts'

/** A value whose members are sorted, however deep: equal content has equal text. */
export function sorted<T extends Json>(value: T): T {
  if (Array.isArray(value)) return value.map(sorted) as T
  if (!isObject(value)) return value
  const members = Object.keys(value).sort()
  return Object.fromEntries(members.map((name) => [name, sorted(value[name] as Json)])) as T
}

/** The text of a value that is the same for equal content. */
export const canonical = (value: unknown) => JSON.stringify(sorted((value ?? null) as Json))

/** What an entry of a lock file is recognised by. */
export const digestOf = (value: unknown) => `sha256:${createHash('sha256').update(canonical(value)).digest('hex')}`
