import type { Hints } from '../curation/read.ts'
import type { Operation } from '../document/read.ts'

function requiresHeader(operation: Operation, name: string): boolean {
  return operation.parameters.some(
    (p) => p.in === 'header' && p.required === true && String(p.name).toLowerCase() === name,
  )
}

/**
 * The hints of a tool (MCP, ToolAnnotations). All four are always given: a client reads a missing destructiveHint as
 * true. They come from the method (RFC 9110, section 9.2) and from the operation's `x-risk`.
 *
 * - GET and HEAD only read. PUT and DELETE may be repeated; DELETE destroys.
 * - PATCH under a required If-Match may be repeated: the second one meets a newer version and is refused. A POST that
 *   requires an Idempotency-Key may be repeated as well. Otherwise neither is.
 * - Where the adapter makes the key (`mintsKey`), two calls with the same arguments are two acts.
 * - A change destroys unless the document says `x-risk: low`.
 */
export function deriveHints(operation: Operation, mintsKey = false): Hints {
  const { method } = operation
  const reads = method === 'GET' || method === 'HEAD'
  const repeatable =
    reads ||
    method === 'PUT' ||
    method === 'DELETE' ||
    (method === 'PATCH' && requiresHeader(operation, 'if-match')) ||
    (requiresHeader(operation, 'idempotency-key') && !mintsKey)
  return {
    readOnlyHint: reads,
    destructiveHint: !reads && (method === 'DELETE' || operation.source['x-risk'] !== 'low'),
    idempotentHint: repeatable,
    openWorldHint: false,
  }
}
