import { readFileSync } from 'node:fs'
import { isMap, isNode, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import type { Hit } from './subject.ts'

/** Where the reader finds what a hit is about. */
export type PlaceOf = (hit: Hit) => string

/** Where an operation stands in its document. */
const inDocument: PlaceOf = ({ tool }) => (tool ? `${tool.operation.method} ${tool.operation.path}` : 'the document')

/** Places of a bare document. */
export const documentPlaces = inDocument

/**
 * Places of a curation file: the line that words a tool, where there is one, else the operation in the document. The
 * file has been read before, so it is well formed.
 */
export function curationPlaces(file: string): PlaceOf {
  const lines = new LineCounter()
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines })
  const list = document.get('tools')
  const entries = isSeq(list) ? list.items.filter((item): item is YAMLMap => isMap(item)) : []
  const at = (node: Node) => {
    const { line, col } = lines.linePos(node.range?.[0] ?? 0)
    return `${file}:${line}:${col}`
  }
  return (hit) => {
    const { tool, argument } = hit
    if (!tool) return isNode(list) ? at(list) : `${file}:1:1`
    const entry =
      entries.find((each) => each.get('name') === tool.name) ??
      entries.find((each) => each.get('name') === undefined && each.get('operation') === tool.operation.id)
    if (!entry) return inDocument(hit)
    const worded = argument === undefined ? entry.get('description', true) : entry.getIn(['parameters', argument], true)
    return at(isNode(worded) ? worded : entry)
  }
}
