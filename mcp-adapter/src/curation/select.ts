import type { ApiDocument, Operation } from '../document/read.ts'
import { didYouMean } from '../nearest.ts'
import type { CuratedTool, Report } from './read.ts'

/** An operation that the curation file chose, and the entry that says how it is shown. */
export interface Chosen {
  operation: Operation
  entry: CuratedTool
  /** Named by its id, or one of those that a `tag` or `methods` entry covers. */
  chosen: 'by-id' | 'by-rule'
  /** The entry's index in the file's `tools`, for the places of findings. */
  index: number
}

/** The operations of a rule, in the document's order. What is wrong with the rule goes to `report`. */
function ofRule({ operations }: Document, entry: CuratedTool, index: number, report: Report): Operation[] {
  const { tag, methods, except = [] } = entry
  for (const [i, id] of except.entries()) {
    if (!operations.has(id))
      report(['tools', index, 'except', i], `${noOperation(id)}${didYouMean(id, operations.keys())}`)
  }
  const all = [...operations.values()]
  const tagged = tag === undefined ? all : all.filter(({ tags }) => tags.includes(tag))
  if (tag !== undefined && tagged.length === 0) {
    report(
      ['tools', index, 'tag'],
      `No operation has the tag "${tag}".${didYouMean(tag, new Set(all.flatMap(({ tags }) => tags)))}`,
    )
    return []
  }
  const fitting = tagged.filter(({ method }) => !methods || methods.includes(method))
  const kept = fitting.filter(({ id }) => !except.includes(id))
  if (kept.length === 0) {
    const why = fitting.length > 0 ? '"except" leaves out all it chooses' : `no operation ${which(tag, methods)}`
    report(['tools', index, methods ? 'methods' : 'tag'], `The entry chooses nothing: ${why}.`)
  }
  return kept
}

const which = (tag: string | undefined, methods: string[] | undefined) =>
  `${tag === undefined ? '' : `with the tag "${tag}" `}has the method ${(methods ?? []).join(' or ')}`

type Document = Pick<ApiDocument, 'operations'> & Partial<Pick<ApiDocument, 'leftOut'>>

/** What is said of an id that the document does not have. */
const noOperation = (id: string) => `The document has no operation "${id}".`

/**
 * The operations that `entries` (each with its index in the file) choose in a document, in the file's order; those of
 * one rule in the document's order. An operation that an entry names by id is left to that entry, wherever it stands;
 * of several rules the first one has it. An unknown operation, a tag that nothing has, a rule that chooses nothing go
 * to `report`.
 */
export function expandEntries(
  document: Document,
  entries: Iterable<readonly [index: number, entry: CuratedTool]>,
  report: Report,
): Chosen[] {
  const list = [...entries]
  const taken = new Set(list.flatMap(([, entry]) => entry.operation ?? []))
  return list.flatMap(([index, entry]): Chosen[] => {
    if (entry.operation === undefined) {
      const free = ofRule(document, entry, index, report).filter(({ id }) => !taken.has(id))
      for (const { id } of free) taken.add(id)
      return free.map((operation) => ({ operation, entry, chosen: 'by-rule', index }))
    }
    const operation = document.operations.get(entry.operation)
    if (operation) return [{ operation, entry, chosen: 'by-id', index }]
    const left = document.leftOut?.find((one) => one.operation === entry.operation)
    const hint = didYouMean(entry.operation, document.operations.keys())
    report(
      ['tools', index, 'operation'],
      left ? `"${left.operation}" cannot be a tool: ${left.reason}` : `${noOperation(entry.operation)}${hint}`,
    )
    return []
  })
}
