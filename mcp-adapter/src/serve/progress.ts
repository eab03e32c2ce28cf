import type { ServerContext } from '@modelcontextprotocol/server'
import type { Progress } from '../calls/poll.ts'

/** Tells a client that asked for it how far its request is (MCP, Progress); undefined when it did not ask. */
export function progressReporter(
  meta: Record<string, unknown> | undefined,
  context: ServerContext | undefined,
): ((progress: Progress) => Promise<void>) | undefined {
  const progressToken = meta?.progressToken
  if (!context || (typeof progressToken !== 'string' && typeof progressToken !== 'number')) return undefined
  return async (progress) => {
    const params = { progressToken, ...progress }
    // Whoever does not listen any more still gets the result, or has cancelled.
    await context.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined)
  }
}
