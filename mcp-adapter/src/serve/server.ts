import { randomUUID } from 'node:crypto'
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { forwarded, type Identity } from '../auth/identity.ts'
import type { Backend } from '../backend/backend.ts'
import { askActions } from '../calls/access.ts'
import { type Caller, createCaller } from '../calls/call.ts'
import { createConfirmationStates } from '../calls/confirmation-state.ts'
import type { JsonObject } from '../json.ts'
import type { Log } from '../log.ts'
import type { ApprovalReader, Era } from '../results/result.ts'
import type { Catalog } from '../tools/catalog.ts'
import type { Identification } from './lean-answer.ts'
import { type Asked, callTool, listTools } from './requests.ts'

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

/** What every result says of who answers, and lists of how long they keep. */
export function identificationOf({ server: { name, version, title } }: Catalog): Identification {
  return {
    serverInfo: { name, version, ...(title !== undefined && { title }) },
    listCache: { ttlMs: LIST_TTL_MS, cacheScope: 'private' },
  }
}

/**
 * A fresh SDK server for one session. Never reused: an SDK server that two callers share can answer one with what
 * belongs to the other (CVE-2026-25536). The low-level Server is used because the tools' schemas are JSON Schema
 * already and must reach the client as they are.
 */
export function createServer(services: Services, session: Session, era: Era): Server {
  const { instructions } = services.catalog.server
  const { serverInfo, listCache } = identificationOf(services.catalog)
  const server = new Server(serverInfo, {
    capabilities: { tools: {} },
    ...(instructions !== undefined && { instructions }),
    cacheHints: { 'tools/list': listCache },
  })
  const askedOf = (ctx: ServerContext): Asked => ({
    era,
    signal: ctx.mcpReq.signal,
    meta: ctx.mcpReq._meta,
    canAsk: canAsk(server, session, era, ctx),
    context: ctx,
  })
  server.setRequestHandler('tools/list', async (_request, ctx) => ({
    tools: await listTools(services, session, askedOf(ctx)),
  }))
  server.setRequestHandler('tools/call', async ({ params }, ctx) =>
    callTool(services, session, askedOf(ctx), params.name, (params.arguments ?? {}) as JsonObject),
  )
  return server
}
