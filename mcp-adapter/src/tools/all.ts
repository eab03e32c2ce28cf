import type { ApiDocument, LeftOut } from '../document/read.ts'
import { messageOf } from '../errors.ts'
import { createApi } from './api.ts'
import { uniqueNames } from './naming.ts'
import { buildTool, type Tool } from './tools.ts'

/**
 * Every operation of a document as a tool, in the document's order, without any curation. What cannot be one is told
 * with its reason and does not keep the others from being one. Names are unique (`uniqueNames`).
 */
export function allTools(document: ApiDocument): { tools: Tool[]; leftOut: LeftOut[] } {
  const tools: Tool[] = []
  const leftOut: LeftOut[] = [...document.leftOut]
  // Nothing is called: where the API is does not matter.
  const api = createApi(document, document.server ?? '')
  const operations = [...document.operations.values()]
  const names = uniqueNames(operations.map(({ id }) => id))
  for (const [index, operation] of operations.entries()) {
    try {
      tools.push(buildTool(api, operation, { name: names[index] as string }))
    } catch (error) {
      leftOut.push({ operation: operation.id, reason: messageOf(error) })
    }
  }
  return { tools, leftOut }
}
