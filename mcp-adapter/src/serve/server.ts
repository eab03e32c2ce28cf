import { randomUUID } from 'node:crypto'
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { forwarded, type Identity } from '../auth/identity.ts'
import type { Backend } from '../backend/backend.ts'
import { askActions, visibleTools } from '../calls/access.ts'
import { type Caller, createCaller } from '../calls/call.ts'
import { createConfirmationStates } from '../calls/confirmation-state.ts'
import { messageOf } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import type { Log } from '../log.ts'
import { describe, ProblemResult } from '../results/problem.ts'
import { type ApprovalReader, type CallResult, type Era, errorResult } from '../results/result.ts'
import type { Catalog } from '../tools/catalog.ts'
import type { Tool } from '../tools/tools.ts'

/** Who is asking, and what they may do. Made per HTTP request, or once for a stdio process. */
export interface Session {
  identity: Identity
  /** The caller's address and the proxies before it; absent over stdio. */
  forwardedFor?: string
  /** The same connection lasts from call to call (stdio), so that an earlier client can be asked something. */
  lasting: boolean
  /** Lists show what the caller's token does not allow yet, too. */
  offersMore: boolean
  /** The caller's actions, or undefined when the catalog has no access rule. Throws ProblemResult. */
  actions(signal: AbortSignal): Promise<Set<string> | undefined>
}

/** What all sessions use. It holds nothing of any caller. */
export interface Services {
  catalog: Catalog
  backend: Backend
  caller: Caller
  log: Log
}

/** How long a client may keep its tool list, in milliseconds. Rights change; a call checks them anyway. */
const LIST_TTL_MS = 30_000

/** `stateSecret` seals questions to a person; replicas share it. Without one, a random one of this process. */
export function createServices(catalog: Catalog, backend: Backend, log: Log, stateSecret?: string): Services {
  const states = createConfirmationStates(stateSecret)
  return { catalog, backend, caller: createCaller({ backend, states, log, approvals: approvalReader(catalog) }), log }
}

function approvalReader({ tools, safety }: Catalog): ApprovalReader | undefined {
  const tool = safety?.approvalTool && tools.find(({ operation }) => operation.id === safety.approvalTool)
  if (!tool) return undefined
  const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  // The base path of the API may stand before it.
  const place = tool.operation.path
    .split(/\{[^}]*\}/)
    .map(literal)
    .join('[^/]+')
  return { tool: tool.name, place: new RegExp(`${place}$`) }
}

/** A session whose rights are asked for anew each time. `who` is a credential that the API judges, or an identity. */
export function createSession(
  services: Services,
  who: string | Identity,
  { forwardedFor, lasting = false, offersMore = false }: Partial<Session> = {},
): Session {
  const { access, tools } = services.catalog
  const identity = typeof who === 'string' ? forwarded(who) : who
  const from = forwardedFor !== undefined && { forwardedFor }
  return {
    identity,
    ...from,
    lasting,
    offersMore,
    async actions(signal) {
      if (!access) return undefined
      return askActions({ access, tools }, identity, services.backend, { ...from, requestId: randomUUID(), signal })
    },
  }
}

/**
 * Whether the client shows forms: what it says with each request (2026-07-28), or said at `initialize`. An earlier
 * client over HTTP cannot be asked: its answer would arrive at no one, because there are no sessions.
 */
function canAsk(server: Server, session: Session, era: Era, ctx: ServerContext): boolean {
  const envelope = ctx.mcpReq.envelope as Record<string, unknown> | undefined
  const declared = (era === 'modern' ? envelope?.[CLIENT_CAPABILITIES_META_KEY] : server.getClientCapabilities()) as
    | ClientCapabilities
    | undefined
  const elicitation = era === 'modern' || session.lasting ? declared?.elicitation : undefined
  // A bare `elicitation: {}` means forms.
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined)
}

/** The trace context of a request's `_meta`, when it is well formed (W3C Trace Context, section 3.2). */
function traceparentOf(ctx: ServerContext): string | undefined {
  const value = ctx.mcpReq._meta?.traceparent
  const isValid =
    typeof value === 'string' && /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/.test(value)
  return isValid ? value : undefined
}

async function listTools({ catalog }: Services, session: Session, ctx: ServerContext): Promise<Tool[]> {
  try {
    const actions = await session.actions(ctx.mcpReq.signal)
    return visibleTools(catalog.tools, actions, session.offersMore ? session.identity.scopes : undefined)
  } catch (error) {
    if (error instanceof ProblemResult) {
      throw new ProtocolError(ProtocolErrorCode.InternalError, describe(error.problem as unknown as JsonObject))
    }
    throw error
  }
}

async function callTool(
  services: Services,
  session: Session,
  { era, ctx, canAsk }: { era: Era; ctx: ServerContext; canAsk: boolean },
  name: string,
  args: JsonObject,
): Promise<CallResult | InputRequiredResult> {
  const { signal } = ctx.mcpReq
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
  const traceparent = traceparentOf(ctx)
  return services.caller.call(tool, args, {
    identity: session.identity,
    ...(session.forwardedFor !== undefined && { forwardedFor: session.forwardedFor }),
    era,
    canAsk,
    context: ctx,
    requestId: randomUUID(),
    ...(traceparent !== undefined && { traceparent }),
    signal,
  })
}

/**
 * A fresh SDK server for one session. Never reused: an SDK server that two callers share can answer one with what
 * belongs to the other (CVE-2026-25536). The low-level Server is used because the tools' schemas are JSON Schema
 * already and must reach the client as they are.
 */
export function createServer(services: Services, session: Session, era: Era): Server {
  const { name, title, version, instructions } = services.catalog.server
  const server = new Server(
    { name, version, ...(title !== undefined && { title }) },
    {
      capabilities: { tools: {} },
      ...(instructions !== undefined && { instructions }),
      cacheHints: { 'tools/list': { ttlMs: LIST_TTL_MS, cacheScope: 'private' } },
    },
  )
  server.setRequestHandler('tools/list', async (_request, ctx) => {
    const tools = await listTools(services, session, ctx)
    return { tools: tools.map((tool) => tool.published) }
  })
  server.setRequestHandler('tools/call', async (request, ctx) => {
    const { name: toolName, arguments: args } = request.params
    try {
      const exchange = { era, ctx, canAsk: canAsk(server, session, era, ctx) }
      return await callTool(services, session, exchange, toolName, (args ?? {}) as JsonObject)
    } catch (error) {
      if (error instanceof ProtocolError || ctx.mcpReq.signal.aborted) throw error
      services.log.error({ error: messageOf(error) }, 'a tool call failed inside the adapter')
      const problem = {
        error: 'adapter-failure',
        message: 'The adapter failed; it is not known whether the request was carried out.',
        hint: 'Look at the current state before calling again.',
        retryable: false,
      }
      return errorResult(problem, era, undefined)
    }
  })
  return server
}
