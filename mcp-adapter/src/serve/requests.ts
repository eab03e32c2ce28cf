import { randomUUID } from 'node:crypto'
import {
  type InputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { isVisible } from '../calls/access.ts'
import { messageOf } from '../errors.ts'
import { isObject, type JsonObject } from '../json.ts'
import { CredentialRefused, describe, ProblemResult } from '../results/problem.ts'
import { type CallResult, type Era, errorResult } from '../results/result.ts'
import type { Api } from '../tools/api.ts'
import type { Catalog } from '../tools/catalog.ts'
import type { PublishedTool } from '../tools/tools.ts'
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

/** A caller's actions by API; the APIs that could not be asked are not in it. */
type Rights = ReadonlyMap<Api, ReadonlySet<string> | undefined>

/** The APIs that a message is about: the one of the tool that it names, otherwise all. */
function concerned({ apis, byName }: Catalog, name: unknown): Api[] {
  const tool = typeof name === 'string' ? byName.get(name) : undefined
  return tool ? [tool.api] : apis
}

/**
 * What the caller may do, asked of these APIs at the same time. One of several that cannot tell is left out: its tools
 * are not shown, and those of the others are. Throws when none can tell.
 */
async function rightsWith(apis: Api[], { log }: Services, session: Session, signal: AbortSignal): Promise<Rights> {
  const outcomes = await Promise.allSettled(apis.map((api) => session.actions(api, signal)))
  const rights = new Map<Api, ReadonlySet<string> | undefined>()
  const failures: unknown[] = []
  for (const [index, outcome] of outcomes.entries()) {
    const api = apis[index] as Api
    if (outcome.status === 'fulfilled') rights.set(api, outcome.value)
    else {
      failures.push(outcome.reason)
      const isTold = outcome.reason instanceof ProblemResult
      if (!isTold || signal.aborted) throw outcome.reason
      if (apis.length > 1) log.warn({ api: api.name, error: outcome.reason.problem.error }, 'its tools are not shown')
    }
  }
  if (rights.size === 0 && failures.length > 0) throw failures[0]
  return rights
}

/** Whether every API that a message is about refuses the caller's credential. Other failures are told by the answer. */
export async function isCredentialRefused(
  { catalog }: Services,
  session: Session,
  message: unknown,
  signal: AbortSignal,
): Promise<boolean> {
  const name = isObject(message) && isObject(message.params) ? message.params.name : undefined
  const outcomes = await Promise.allSettled(concerned(catalog, name).map((api) => session.actions(api, signal)))
  return outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason instanceof CredentialRefused)
}

/** What `tools/list` answers. Throws ProtocolError when it is not known what the caller may do. */
export async function listTools(services: Services, session: Session, { signal }: Asked): Promise<PublishedTool[]> {
  const { apis, tools } = services.catalog
  try {
    const rights = await rightsWith(apis, services, session, signal)
    const granted = session.offersMore ? session.identity.scopes : undefined
    return tools
      .filter((tool) => rights.has(tool.api) && isVisible(tool, rights.get(tool.api), granted))
      .map((tool) => tool.published)
  } catch (error) {
    if (error instanceof ProblemResult) {
      throw new ProtocolError(ProtocolErrorCode.InternalError, describe(error.problem as unknown as JsonObject))
    }
    throw error
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
  const { catalog } = services
  const tool = catalog.byName.get(name)
  let rights: Rights
  try {
    rights = await rightsWith(concerned(catalog, name), services, session, signal)
  } catch (error) {
    if (error instanceof ProblemResult) return errorResult(error.problem, era, undefined)
    throw error
  }
  // A hidden tool and one that does not exist get the same answer: a caller learns nothing of what others may do.
  if (!tool || !isVisible(tool, rights.get(tool.api)))
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${name}`)
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
