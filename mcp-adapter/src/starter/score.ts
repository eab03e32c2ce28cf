import type { Operation } from '../document/read.ts'
import { isObject } from '../json.ts'
import { costOf } from '../tools/cost.ts'
import { snakeCase } from '../tools/naming.ts'
import type { Tool } from '../tools/tools.ts'

/** How an operation does by one question of the guide: points of `most`, and why not all of them. */
interface Answer {
  points: number
  most: number
  why: string
}

/** How well an operation would serve as a tool, from 0 to 100. */
export interface Score {
  total: number
  frequent: Answer
  specific: Answer
  safe: Answer
  needed: Answer
}

const set = (words: string) => new Set(words.split(' '))
/** What operators and programs do, and agents for people seldom. */
const BACK_OFFICE = set(
  'admin admins administration internal debug health healthz livez readyz ping metrics status_page webhook webhooks ' +
    'callback callbacks hook hooks oauth oauth2 auth authorize login logout signin signup token tokens password ' +
    'credentials scim sso saml migrate migration import export bulk batch audit',
)
const DESTROYS = set('delete remove purge destroy wipe reset revoke terminate archive kick ban')
const SEARCHES = /search|find|query|lookup/i
const NARROWS = /^(q|query|search|filter|limit|page|cursor|offset|per_page|page_size)$/i

/** The words of ids, paths and tags, one by one: an author is no auth. */
const wordsOf = (...texts: unknown[]) => texts.flatMap((text) => snakeCase(String(text)).split(/[_-]+/))
const last = (path: string) => path.replace(/\/+$/, '').split('/').at(-1) ?? ''
const isOne = ({ path }: Operation) => last(path).startsWith('{')
const rank = (points: number, most: number, why: string): Answer => ({
  points: Math.max(0, Math.min(most, points)),
  most,
  why,
})

/** What an operation does, as points of 30: finding and reading come before every change. */
function doing({ operation, input }: Tool): Answer {
  const { method, id, path } = operation
  const levels = Math.max(0, path.split('{').length - 1 - (isOne(operation) ? 1 : 0))
  const far = Math.min(levels, 2) * 4
  const away = far > 0 ? ', inside another thing' : ''
  if (method === 'GET') {
    if (SEARCHES.test(id) || SEARCHES.test(path)) return rank(30 - far, 30, `searches${away}`)
    if (isOne(operation)) return rank(27 - far, 30, `reads one thing${away}`)
    const narrows = input.bindings.some(({ name }) => NARROWS.test(name))
    return rank((narrows ? 30 : 24) - far, 30, `${narrows ? 'reads a list that can be narrowed' : 'reads'}${away}`)
  }
  if (method === 'POST') return rank((last(path).includes('{') ? 14 : 20) - far, 30, `makes or does something${away}`)
  if (method === 'PATCH' || method === 'PUT') return rank(14 - far, 30, `changes something${away}`)
  return rank(5, 30, method === 'DELETE' ? 'deletes' : 'has no content')
}

/** Will an agent want it often? What it does counts 24, and how much of the document is about the same thing 6. */
function frequent(tool: Tool, share: number): Answer {
  const { points, most, why } = doing(tool)
  return rank(Math.round(points * 0.8 + share * 6), most, share < 0.5 ? `${why}, little is about it` : why)
}

/** Does a model know when and how to call it? */
function specific({ operation, input, published }: Tool): Answer {
  const words = (operation.description ?? operation.summary ?? '').trim()
  const needed = input.bindings.filter(({ required }) => required).length
  const given = Object.keys(isObject(published.inputSchema.properties) ? published.inputSchema.properties : {}).length
  const parts: [number, boolean, string][] = [
    [10, words.length >= 20, 'hardly described'],
    [7, needed <= 3, `${needed} required arguments`],
    [4, given <= 12, `${given} arguments`],
    [4, published.outputSchema !== undefined, 'no answer described'],
  ]
  const missing = parts.flatMap(([, has, why]) => (has ? [] : [why]))
  const points = parts.reduce((sum, [worth, has]) => sum + (has ? worth : 0), 0)
  return rank(points, 25, missing.length > 0 ? missing.join(', ') : 'well described')
}

/** What can go wrong when a model calls it by mistake? */
function safe({ operation, published }: Tool): Answer {
  const { readOnlyHint } = published.annotations
  if (operation.method === 'DELETE' || wordsOf(operation.id, last(operation.path)).some((word) => DESTROYS.has(word)))
    return rank(2, 25, 'takes something away')
  return readOnlyHint ? rank(25, 25, 'only reads') : rank(12, 25, 'changes something')
}

/** Is it part of somebody's work, and worth its tokens? */
function needed({ operation, published }: Tool): Answer {
  const { read } = costOf(published)
  const dear = Math.min(10, Math.max(0, Math.floor((read - 200) / 50)))
  const tags = Array.isArray(operation.source.tags) ? operation.source.tags : []
  const found = wordsOf(operation.path, operation.id, ...tags).find((word) => BACK_OFFICE.has(word))
  const price = dear > 0 ? `, ${read} tokens` : ''
  if (found) return rank(0, 20, `belongs to operators: "${found}"; the total is halved`)
  return rank(20 - dear, 20, dear > 0 ? `dear${price}` : 'part of the work')
}

/** What an operation is about: `/api/v1/orders/{id}` and `/orders.list` are about orders. */
export function subjectOf({ operation: { path } }: Tool): string {
  const segments = path.split('/').filter((segment) => !/^(|\{.*|api|rest|v\d+(\.\d+)*)$/.test(segment))
  return segments[0]?.split('.')[0]?.toLowerCase() ?? ''
}

/**
 * Answers the guide's four questions for an operation, by what the document says alone. `share` is how many operations
 * are about the same thing, as a part of those about the thing that most are about.
 */
export function scoreTool(tool: Tool, share: number): Score {
  const answers = { frequent: frequent(tool, share), specific: specific(tool), safe: safe(tool), needed: needed(tool) }
  const total = Object.values(answers).reduce((sum, { points }) => sum + points, 0)
  // What nobody needs is no better for being safe and well described.
  const worth = answers.needed.points === 0 ? Math.floor(total / 2) : total
  return { total: tool.operation.source.deprecated === true ? 0 : worth, ...answers }
}
