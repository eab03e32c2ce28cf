import type { ApprovalReader } from '../results/result.ts'
import type { Api } from './api.ts'
import type { Tool } from './tools.ts'

/** How an approval of this API is read: by which tool, and which places lead to it. Undefined when no tool does that. */
export function approvalReader(api: Api, tools: Tool[]): ApprovalReader | undefined {
  const id = api.safety?.approvalTool
  const tool = id === undefined ? undefined : tools.find((each) => each.api === api && each.operation.id === id)
  if (!tool) return undefined
  const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  // The base path of the API may stand before it.
  const place = tool.operation.path
    .split(/\{[^}]*\}/)
    .map(literal)
    .join('[^/]+')
  return { tool: tool.name, place: new RegExp(`${place}$`) }
}
