import { randomUUID } from 'node:crypto'
import {
  CLIENT_INFO_META_KEY,
  type InputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { BackendFailure, causeOf } from '../backend/backend.ts'
import { isVisible } from '../calls/access.ts'
import type { Cancellation } from '../cancellation.ts'
import { messageOf } from '../errors.ts'
import { isObject, type JsonObject } from '../json.ts'
import { profileOf, publishFor } from '../profiles/profiles.ts'
import { CredentialRefused, describe, ProblemResult } from '../results/problem.ts'
import { type CallResult, type Era, errorResult } from '../results/result.ts'
import type { Api } from '../tools/api.ts'
import type { Catalog } from '../tools/catalog.ts'
import type { PublishedTool, Tool } from '../tools/tools.ts'
import { progressReporter } from './progress.ts'
import type { Services, Session } from './server.ts'
import { traceOf } from './trace.ts'

/** One request of a client, whichever way it came: through the SDK, or past it. */
export interface Asked {
  era: Era
  /** Ends when the client cancels or leaves. */
  signal: Cancellation
  /** `_meta` of the request. */
  meta?: Record<string, unknown> | undefined
  /** The client shows forms, and its answer finds its way back. */
  canAsk: boolean
  /** What the client said of itself at `initialize`. In the 2026-07-28 era it says so in `_meta`. */
  client?: unknown
  /** The SDK's side of the request; without it nobody can be asked, and no earlier question can be answered. */
  context?: ServerContext
}

/** A caller's actions by API; the APIs that could not be asked are not in it. */
type Rights = ReadonlyMap<Api, ReadonlySet<string> | undefined>

/** What is served to a session now. One catalog answers the whole of a request. */
export const catalogFor = ({ catalog }: Services, session: Session) => session.catalog ?? catalog

const hasAccess = ({ access }: Api) => access !== undefined

/** Whether callers' rights are asked of any API. Of most APIs nobody asks: then there is nothing to wait for. */
export const asksForRights = ({ apis }: Catalog) => apis.some(hasAccess)

/** The APIs that a message is about: the one of the tool that it names, otherwise all. */
function concerned({ apis, byName }: Catalog, name: unknown): Api[] {
  const tool = typeof name === 'string' ? byName.get(name) : undefined
  return tool ? [tool.api] : apis
}

/**
 * What the caller may do, asked of these APIs at the same time. One of several that cannot tell is left out: its tools
 * are not shown, and those of the others are. Throws when none can tell.
 */
async function rightsWith(apis: Api[], { log }: Services, session: Session, signal: Cancellation): Promise<Rights> {
  if (!apis.some(hasAccess)) return new Map(apis.map((api) => [api, undefined]))
  const outcomes = await Promise.allSettled(apis.map((api) => session.actions(api, signal)))
  const rights = new Map<Api, ReadonlySet<string> | undefined>()
  const failures: unknown[] = []
  for (const [index, outcome] of outcomes.entries()) {
    const api = apis[index] as Api
    if (outcome.status === 'fulfilled') rights.set(api, outcome.value)
    else {
      failures.push(outcome.reason)
      const { reason } = outcome
      if (!(reason instanceof ProblemResult) || signal.aborted) throw reason
      const cause = reason.cause instanceof BackendFailure ? causeOf(reason.cause) : undefined
      const fields = { api: api.name, error: reason.problem.error, ...(cause !== undefined && { cause }) }
      if (apis.length > 1) log.warn(fields, 'its tools are not shown')
      else if (cause !== undefined) log.warn(fields, 'the rights of a caller cannot be asked')
    }
  }
  if (rights.size === 0 && failures.length > 0) throw failures[0]
  return rights
}

/** Whether every API that a message is about refuses the caller's credential. Other failures are told by the answer. */
export async function isCredentialRefused(
  services: Services,
  session: Session,
  message: unknown,
  signal: Cancellation,
): Promise<boolean> {
  const name = isObject(message) && isObject(message.params) ? message.params.name : undefined
  const apis = concerned(catalogFor(services, session), name)
  // An API without an access rule refuses nobody here.
  if (apis.some(({ access }) => !access)) return false
  const outcomes = await Promise.allSettled(apis.map((api) => session.actions(api, signal)))
  return outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason instanceof CredentialRefused)
}

/** What `tools/list` answers. Throws ProtocolError when it is not known what the caller may do. */
export async function listTools(services: Services, session: Session, asked: Asked): Promise<PublishedTool[]> {
  const { signal, client, meta } = asked
  const { apis, tools, profile: configured } = catalogFor(services, session)
  const profile = profileOf(configured, meta?.[CLIENT_INFO_META_KEY] ?? client)
  try {
    const rights = await rightsWith(apis, services, session, signal)
    const granted = session.offersMore ? session.identity.scopes : undefined
    return tools
      .filter((tool) => rights.has(tool.api) && isVisible(tool, rights.get(tool.api), granted))
      .map((tool) => publishFor(profile, tool))
  } catch (error) {
    if (error instanceof ProblemResult) {
      throw new ProtocolError(ProtocolErrorCode.InternalError, describe(error.problem as unknown as JsonObject))
    }
    throw error
  }
}

/**
 * The tool of that name, when the caller sees it: only its own API is asked. For a name that there is not, all are, as a
 * list would: how long it takes tells nothing either. Throws ProblemResult when nobody can tell.
 */
function seenTool(
  services: Services,
  session: Session,
  name: string,
  signal: Cancellation,
): Tool | undefined | Promise<Tool | undefined> {
  const { apis, byName } = catalogFor(services, session)
  const tool = byName.get(name)
  const asked = tool ? [tool.api] : apis
  if (!asked.some(hasAccess)) return tool
  return rightsWith(asked, services, session, signal).then((rights) =>
    tool && isVisible(tool, rights.get(tool.api)) ? tool : undefined,
  )
}

/** The tool of a `tools/call`, and how its caller is shown it. */
interface CalledTool {
  tool: Tool
  shown: PublishedTool
  message: JsonObject
}

/** What a message calls, when it calls something that the caller sees. What nobody can tell is told by the call itself. */
export function calledTool(
  services: Services,
  session: Session,
  message: unknown,
  signal: Cancellation,
): CalledTool | undefined | Promise<CalledTool | undefined> {
  if (!isObject(message) || message.method !== 'tools/call' || !isObject(message.params)) return undefined
  const { name, _meta: meta } = message.params
  if (typeof name !== 'string') return undefined
  const { profile } = catalogFor(services, session)
  const client = isObject(meta) ? meta[CLIENT_INFO_META_KEY] : undefined
  const shown = (tool: Tool | undefined) =>
    tool && { tool, shown: publishFor(profileOf(profile, client), tool), message }
  const seen = seenTool(services, session, name, signal)
  return seen instanceof Promise ? seen.then(shown, () => undefined) : shown(seen)
}

/** A `tools/call`. */
interface ToolCall {
  name: string
  args: JsonObject
  /** The tool of that name, where it is known that the caller sees it. */
  tool?: Tool | undefined
  /** The answer is read as a resource. */
  whole?: boolean
}

/**
 * What `tools/call` answers; with `whole`, the contents of a resource instead of a result. Throws ProtocolError for a
 * tool that this caller does not see, and the reason of a cancellation; every other failure is an answer.
 */
export async function callTool(
  services: Services,
  session: Session,
  asked: Asked,
  { name, args, tool: known, whole = false }: ToolCall,
): Promise<CallResult | InputRequiredResult> {
  const { era, signal, canAsk, context, meta } = asked
  const { identity, forwardedFor } = session
  try {
    const tool = known ?? (await seenTool(services, session, name, signal))
    // A hidden tool and one that does not exist get the same answer: a caller learns nothing of what others may do.
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${name}`)
    const { api } = tool
    const { traceparent, tracestate } = traceOf(meta)
    return await services.caller.call(tool, args, {
      identity,
      forwardedFor,
      era,
      canAsk,
      context,
      requestId: randomUUID(),
      traceparent,
      tracestate,
      signal,
      report: progressReporter(meta, context),
      find: (id) => catalogFor(services, session).tools.find((each) => each.api === api && each.operation.id === id),
      delivery: { args, whole, keep: (content) => services.kept.put(identity.owner, content) },
    })
  } catch (error) {
    if (error instanceof ProblemResult) return errorResult(error.problem, era, undefined)
    if (error instanceof ProtocolError || signal.aborted) throw error
    services.log.error({ error: messageOf(error) }, 'a tool call failed inside the adapter')
    const problem = {
      error: 'adapter-failure',
      message: 'The adapter failed; it is not known whether the request was carried out.',
      hint: 'Look at the current state before calling again.',
      retryable: false,
    }
    return errorResult(problem, era, undefined)
  }
}
