import { CodedError } from './errors.ts'

export interface PageQuery {
  limit: number
  cursor?: string
}

export interface Page<T> {
  items: T[]
  /** Pass it as `cursor` to get the next page; null on the last one. */
  nextCursor: string | null
}

/**
 * Keyset pagination: the cursor names the last item seen, so pages neither repeat nor skip when items are added.
 * @param list what is listed; a cursor of one list is refused by another
 * @param valid a check of the decoded key, since cursors come from outside
 */
export function keyset(list: string, query: PageQuery, valid: RegExp) {
  const after = query.cursor === undefined ? undefined : decode(list, query.cursor, valid)
  return {
    after,
    /** One row more than asked for tells whether there is a next page. */
    take: query.limit + 1,
    page<Row, Item>(rows: Row[], key: (row: Row) => string, present: (row: Row) => Item): Page<Item> {
      const shown = rows.slice(0, query.limit)
      const last = rows.length > query.limit ? shown.at(-1) : undefined
      return { items: shown.map(present), nextCursor: last === undefined ? null : encode(list, key(last)) }
    },
  }
}

const encode = (list: string, key: string) => Buffer.from(`${list}:${key}`).toString('base64url')

function decode(list: string, cursor: string, valid: RegExp): string {
  const text = Buffer.from(cursor, 'base64url').toString()
  const key = text.slice(list.length + 1)
  if (!text.startsWith(`${list}:`) || !valid.test(key)) {
    throw new CodedError('invalid-cursor', undefined, [
      { pointer: '/query/cursor', code: 'cursor', message: 'is not a cursor of this list' },
    ])
  }
  return key
}

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
