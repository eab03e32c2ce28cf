import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../json.ts'
import { sentValue } from '../sent-value.ts'
import { isDryRun } from '../tools/safety.ts'
import type { Tool } from '../tools/tools.ts'
import { buildRequest, type HttpRequest } from './request.ts'

/** A request, and what the adapter knows about it beyond HTTP. */
export interface Prepared {
  request: HttpRequest
  /** Names the act: the model's, or one made here. Absent when the operation takes none, and for a dry run. */
  key?: string
  dryRun: boolean
  /** Sending it twice does nothing twice: it reads, or the API knows it again by its key. */
  repeatable: boolean
}

/**
 * The request that a call means, with the headers of the adapter's own. `carriedKey` is the key of the call that this
 * one continues. Throws ProblemResult (`invalid-arguments`).
 */
export function prepareCall(tool: Tool, args: JsonObject, carriedKey?: string): Prepared {
  const request = buildRequest(tool.operation, tool.input, args)
  for (const name in tool.headers) request.headers[name] = tool.headers[name] as string
  const dryRun = isDryRun(tool, args)
  const reads = request.method === 'GET' || request.method === 'HEAD'
  const binding = tool.input.roles.key
  if (!binding) return { request, dryRun, repeatable: reads }
  const header = binding.name.toLowerCase()
  if (dryRun) {
    // A key that nothing was done with would be taken when it is.
    delete request.headers[header]
    return { request, dryRun, repeatable: reads }
  }
  const given = sentValue(binding, args)
  const key = carriedKey ?? (typeof given === 'string' ? given : randomUUID())
  request.headers[header] = key
  return { request, key, dryRun, repeatable: true }
}
