import { randomUUID } from 'node:crypto'
import {
  type InputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { visibleTools } from '../calls/access.ts'
import { messageOf } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { describe, ProblemResult } from '../results/problem.ts'
import { type CallResult, type Era, errorResult } from '../results/result.ts'
import type { PublishedTool, Tool } from '../tools/tools.ts'
import type { Services, Session } from './server.ts'

/** One request of a client, whichever way it came: through the SDK, or past it. */
export interface Asked {
  era: Era
  /** Ends when the client cancels or leaves. */
  signal: AbortSignal
  /** `_meta` of the request. */
  meta?: Record<string, unknown> | undefined
  /** The client shows forms, and its answer finds its way back. */
  canAsk: boolean
  /** The SDK's side of the request; without it nobody can be asked, and no earlier question can be answered. */
  context?: ServerContext
}

/** The trace context of a request's `_meta`, when it is well formed (W3C Trace Context, section 3.2). */
function traceparentOf({ meta }: Asked): string | undefined {
  const value = meta?.traceparent
  const isValid =
    typeof value === 'string' && /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/.test(value)
  return isValid ? value : undefined
}

/** What `tools/list` answers. Throws ProtocolError when it is not known what the caller may do. */
export async function listTools({ catalog }: Services, session: Session, { signal }: Asked): Promise<PublishedTool[]> {
  try {
    const actions = await session.actions(signal)
    const tools = visibleTools(catalog.tools, actions, session.offersMore ? session.identity.scopes : undefined)
    return tools.map((tool) => tool.published)
  } catch (error) {
    if (error instanceof ProblemResult) {
      throw new ProtocolError(ProtocolErrorCode.InternalError, describe(error.problem as unknown as JsonObject))
    }
    throw error
  }
}

/** The tool of that name, when the caller sees it. What they may do and nobody can tell is told by the call itself. */
export async function findTool(
  { catalog }: Services,
  session: Session,
  name: string,
  signal: AbortSignal,
): Promise<Tool | undefined> {
  try {
    return visibleTools(catalog.tools, await session.actions(signal)).find((tool) => tool.name === name)
  } catch {
    return undefined
  }
}

async function call(
  services: Services,
  session: Session,
  asked: Asked,
  name: string,
  args: JsonObject,
): Promise<CallResult | InputRequiredResult> {
  const { era, signal, canAsk, context } = asked
  let tool: Tool | undefined
  try {
    const actions = await session.actions(signal)
    tool = visibleTools(services.catalog.tools, actions).find((candidate) => candidate.name === name)
  } catch (error) {
    if (error instanceof ProblemResult) return errorResult(error.problem, era, undefined)
    throw error
  }
  // A hidden tool and one that does not exist get the same answer: a caller learns nothing of what others may do.
  if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${name}`)
  const traceparent = traceparentOf(asked)
  return services.caller.call(tool, args, {
    identity: session.identity,
    ...(session.forwardedFor !== undefined && { forwardedFor: session.forwardedFor }),
    era,
    canAsk,
    ...(context && { context }),
    requestId: randomUUID(),
    ...(traceparent !== undefined && { traceparent }),
    signal,
  })
}

/**
 * What `tools/call` answers. Throws ProtocolError for a tool that this caller does not see, and the reason of a
 * cancellation; every other failure is an answer.
 */
export async function callTool(
  services: Services,
  session: Session,
  asked: Asked,
  name: string,
  args: JsonObject,
): Promise<CallResult | InputRequiredResult> {
  try {
    return await call(services, session, asked, name, args)
  } catch (error) {
    if (error instanceof ProtocolError || asked.signal.aborted) throw error
    services.log.error({ error: messageOf(error) }, 'a tool call failed inside the adapter')
    const problem = {
      error: 'adapter-failure',
      message: 'The adapter failed; it is not known whether the request was carried out.',
      hint: 'Look at the current state before calling again.',
      retryable: false,
    }
    return errorResult(problem, asked.era, undefined)
  }
}
