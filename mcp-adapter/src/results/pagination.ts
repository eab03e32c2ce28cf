import { isObject, type JsonObject } from '../json.ts'
import { sentValue } from '../sent-value.ts'
import type { Binding } from '../tools/bindings.ts'
import type { Tool } from '../tools/tools.ts'
import { nextLink } from './link-header.ts'
import { type PageHints, readPages } from './pages.ts'

/** Which query parameter plays which part, by the names that APIs give them; letters and digits alone are compared. */
const PARTS = {
  cursor:
    'cursor after pagetoken nexttoken nextpagetoken token continuation continuationtoken startingafter marker pagecursor ' +
    'pageafter nextcursor startcursor',
  page: 'page pagenumber pageno pageindex p',
  offset: 'offset start skip startindex startat pageoffset from',
  size: 'limit perpage pagesize size count maxresults top max take pagelimit itemsperpage results rows',
} as const
type Part = keyof typeof PARTS

const SETS = Object.entries(PARTS).map(([part, names]) => [part, new Set(names.split(' '))] as const)
const plainName = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

type Parts = Partial<Record<Part, Binding>>
const knownParts = new WeakMap<Tool, Parts>()

/** The parameters of a tool that a model can page with. */
function partsOf(tool: Tool): Parts {
  const known = knownParts.get(tool)
  if (known) return known
  const parts: Parts = {}
  knownParts.set(tool, parts)
  for (const binding of tool.input.bindings) {
    if (binding.place !== 'query' || binding.fixed !== undefined || binding.hidden) continue
    const [part] = SETS.find(([, names]) => names.has(plainName(binding.name))) ?? []
    if (part !== undefined) parts[part as Part] ??= binding
  }
  return parts
}

function isEmpty(parts: Parts): boolean {
  for (const _ in parts) return false
  return true
}

const argumentName = (binding: Binding) => binding.argument.join('.')

/** Only what looks like a cursor or a number is repeated: the line is the adapter's own word. */
const isToken = (value: string) => /^[\w.:=+/~-]{1,256}$/.test(value)

/** The number that was sent for a parameter, or that the API takes when none is. */
function numberOf(binding: Binding | undefined, args: JsonObject): number | undefined {
  if (!binding) return undefined
  const preset = isObject(binding.schema) ? binding.schema.default : undefined
  const value = sentValue(binding, args) ?? preset
  return typeof value === 'number' ? value : undefined
}

/**
 * The arguments that lead to a URL of the same operation: those that differ from what was sent. The URL itself is never
 * asked, so its host does not matter; a link to another path is none to the next page.
 */
function argumentsOf(target: string, tool: Tool, args: JsonObject): string | undefined {
  const url = URL.canParse(target, 'http://api.invalid/') ? new URL(target, 'http://api.invalid/') : undefined
  if (!url || !/^https?:$/.test(url.protocol)) return undefined
  const lastStep = tool.operation.path.split('/').at(-1) ?? ''
  const isSame = target.startsWith('?') || lastStep.includes('{') || url.pathname.replace(/\/$/, '').endsWith(lastStep)
  if (!isSame) return undefined
  const changes = [...url.searchParams].flatMap(([name, value]) => {
    const binding = tool.input.bindings.find((each) => each.place === 'query' && each.name === name)
    if (!binding || binding.fixed !== undefined || binding.hidden || !isToken(value)) return []
    return String(sentValue(binding, args) ?? '') === value ? [] : [`${argumentName(binding)}=${value}`]
  })
  return changes.length > 0 ? changes.join(' and ') : undefined
}

/** By the cursor that the data has. It is named, not repeated: it is the API's word, and may be long. */
function byCursor({ cursor, list }: PageHints, tool: Tool, args: JsonObject, parts: Parts) {
  if (!cursor) return undefined
  const { value, path } = cursor
  if (typeof value === 'string' && /^(https?:\/\/|\/|\?)/.test(value)) return argumentsOf(value, tool, args)
  const isPage = typeof value === 'number' || /^\d{1,9}$/.test(value)
  const binding =
    isPage && plainName(path.at(-1) ?? '').includes('page') && parts.page
      ? parts.page
      : (parts.cursor ?? (isPage ? (parts.page ?? parts.offset) : undefined))
  if (!binding || list?.length === 0) return undefined
  return `${argumentName(binding)} set to ${path.join('.')} of the data`
}

function byCounting(hints: PageHints, args: JsonObject, parts: Parts): string | undefined {
  const { list, total, totalPages, hasMore } = hints
  if (!list || list.length === 0 || hasMore === false) return undefined
  const size = numberOf(parts.size, args)
  const isFull = size !== undefined && list.length >= size
  if (parts.offset) {
    const end = (numberOf(parts.offset, args) ?? 0) + list.length
    const goesOn = hasMore ?? (total === undefined ? isFull : end < total)
    return goesOn ? `${argumentName(parts.offset)}=${end}` : undefined
  }
  if (parts.page) {
    const first = plainName(parts.page.name) === 'pageindex' ? 0 : 1
    const page = numberOf(parts.page, args) ?? first
    const done = (page - first + 1) * (size ?? list.length)
    const isLast = totalPages === undefined ? (total === undefined ? !isFull : done >= total) : page >= totalPages
    return (hasMore ?? !isLast) ? `${argumentName(parts.page)}=${page + 1}` : undefined
  }
  const isAfter = parts.cursor && plainName(parts.cursor.name) === 'startingafter'
  return hasMore && isAfter ? `${argumentName(parts.cursor as Binding)} set to the id of the last entry` : undefined
}

/** A line about the next page, when there is one and the tool has an argument for it. `data` is the whole answer. */
export function nextPage(tool: Tool, args: JsonObject, data: JsonObject, link?: string): string | undefined {
  const parts = partsOf(tool)
  const target = nextLink(link)
  if (target === undefined && isEmpty(parts)) return undefined
  const hints = readPages(data)
  const how =
    (target === undefined ? undefined : argumentsOf(target, tool, args)) ??
    byCursor(hints, tool, args, parts) ??
    byCounting(hints, args, parts)
  return how === undefined ? undefined : `There is more: call again with ${how}.`
}

/** How to get the entries of a page that were left out here; undefined when the tool has no argument for it. */
export function restOfPage(tool: Tool, args: JsonObject, shown: number): string | undefined {
  const { offset, size, page } = partsOf(tool)
  if (offset) return `The next: call again with ${argumentName(offset)}=${(numberOf(offset, args) ?? 0) + shown}.`
  if (!size) return undefined
  const isFirst = page === undefined || (numberOf(page, args) ?? 1) <= 1
  const then = page && isFirst ? `, and then ${argumentName(page)}=2` : ''
  return `To see all, ask for fewer at a time: ${argumentName(size)}=${shown}${then}.`
}
