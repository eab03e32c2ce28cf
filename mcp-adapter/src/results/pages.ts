import { isObject, type Json, type JsonObject } from '../json.ts'

/** What an answer says about the page after it, wherever APIs say it. */
export interface PageHints {
  /** Steps to the value in the data that leads on, and that value. */
  cursor?: { path: string[]; value: string | number }
  /** Whether there is more, where the API says so. */
  hasMore?: boolean
  /** Entries on all pages together. */
  total?: number
  totalPages?: number
  /** The entries of this page: steps to the list, and how many it has. */
  list?: { path: string[]; length: number }
}

/** Names are repeated to the model outside the data: only those that are plain words. */
const isPlain = (name: string) => /^[\w@.$-]{1,40}$/.test(name)
const plain = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
const words = (text: string) => new Set(text.split(' '))

const CURSORS = words(
  'nextcursor nextpagetoken nexttoken nextpage nextmarker nextcontinuationtoken continuationtoken continuation ' +
    'next nexturl nexthref nextlink odatanextlink nextoffset nextstart endcursor cursornext',
)
/** Where they stand: beside the list, or in one of these. */
const PLACES = words(
  'cursor cursors meta metadata pagination paging page pageinfo links link responsemetadata pages data result results',
)
const MORE = words('hasmore hasnext hasnextpage more ismore')
const TOTALS = words('total totalcount totalresults totalitems totalelements totalhits')
const TOTAL_PAGES = words('totalpages pagecount lastpage numpages')

/** `next`, or `next: {href}` (HAL, JSON:API). */
function cursorValue(value: Json | undefined): string | number | undefined {
  const found = isObject(value) ? (value.href ?? value.url) : value
  return (typeof found === 'string' && found !== '') || typeof found === 'number' ? found : undefined
}

function readPlace(value: JsonObject, path: string[], hints: PageHints): void {
  for (const [name, member] of Object.entries(value)) {
    if (!isPlain(name)) continue
    const word = plain(name)
    if (CURSORS.has(word)) {
      const found = cursorValue(member)
      if (found !== undefined && !hints.cursor) {
        const step = isObject(member) ? [name, member.href === undefined ? 'url' : 'href'] : [name]
        hints.cursor = { path: [...path, ...step], value: found }
      }
      // It is there, and empty: this page is the last.
      if (member === null || member === '') hints.hasMore ??= false
    } else if (MORE.has(word) && typeof member === 'boolean') hints.hasMore = member
    else if (TOTALS.has(word) && typeof member === 'number') hints.total ??= member
    else if (TOTAL_PAGES.has(word) && typeof member === 'number') hints.totalPages ??= member
    if (Array.isArray(member) && member.length >= (hints.list?.length ?? 0))
      hints.list = { path: [...path, name], length: member.length }
  }
}

/** Reads the hints of a result: at its root and in the usual places one step below. */
export function readPages(data: JsonObject): PageHints {
  const hints: PageHints = {}
  // What the API answered may stand as `result`.
  const isWrapped = isObject(data.result) && Object.keys(data).length === 1
  const [root, path] = isWrapped ? [data.result as JsonObject, ['result']] : [data, []]
  readPlace(root, path, hints)
  for (const [name, member] of Object.entries(root))
    if (isObject(member) && isPlain(name) && PLACES.has(plain(name))) readPlace(member, [...path, name], hints)
  if (hints.hasMore === false) delete hints.cursor
  return hints
}
