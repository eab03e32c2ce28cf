import { randomUUID } from 'node:crypto'
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type ClientCapabilities,
  SERVER_INFO_META_KEY,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { forwarded, type Identity } from '../auth/identity.ts'
import { type Backends, createBackends } from '../backend/backends.ts'
import { askActions } from '../calls/access.ts'
import { type Caller, createCaller } from '../calls/call.ts'
import { createConfirmationStates } from '../calls/confirmation-state.ts'
import { createCostLimit, noCostLimit } from '../calls/cost.ts'
import type { Cancellation } from '../cancellation.ts'
import type { JsonObject } from '../json.ts'
import type { Log } from '../log.ts'
import { createKeptStore, type KeptStore } from '../results/resources.ts'
import type { Era } from '../results/result.ts'
import type { Api } from '../tools/api.ts'
import type { Catalog } from '../tools/catalog.ts'
import { countCalls } from '../usage/count.ts'
import type { UsageRecorder } from '../usage/record.ts'
import type { Identification } from './lean-answer.ts'
import { type Asked, callTool, listTools } from './requests.ts'
import { readResource } from './resources.ts'

/** Who is asking, and what they may do. Made per HTTP request, or once for a stdio process. */
export interface Session {
  identity: Identity
  /** The caller's address and the proxies before it; absent over stdio. */
  forwardedFor?: string | undefined
  /** The same connection lasts from call to call (stdio), so that an earlier client can be asked something. */
  lasting: boolean
  /** What is served to the request that this session is for. A session that lasts is served what there is each time. */
  catalog?: Catalog | undefined
  /** Lists show what the caller's token does not allow yet, too. */
  offersMore: boolean
  /** What the caller may do with an API, or undefined when it has no access rule. Throws ProblemResult. */
  actions(api: Api, signal: Cancellation): Promise<Set<string> | undefined>
}

/** What all sessions use. It holds nothing of any caller. */
export interface Services {
  /** What is served now. It is replaced as a whole, so a request reads it once, at its beginning. */
  catalog: Catalog
  /** The catalog may be replaced, and clients that can be told are told. */
  reloads: boolean
  backends: Backends
  caller: Caller
  /** Contents of answers that cannot be had again, each for its owner. */
  kept: KeptStore
  log: Log
}

/** How long a client may keep its tool list, in milliseconds. Rights change; a call checks them anyway. */
const LIST_TTL_MS = 30_000

/**
 * What serves a catalog. `stateSecret` seals questions to a person; replicas share it. Without one, a random one of this
 * process. Calls are counted when there is a `recorder`.
 */
export function createServices(
  catalog: Catalog,
  {
    log,
    stateSecret,
    reloads,
    backends = createBackends(),
    recorder,
  }: {
    log: Log
    stateSecret?: string | undefined
    reloads: boolean
    backends?: Backends
    recorder?: UsageRecorder | undefined
  },
): Services {
  const states = createConfirmationStates(stateSecret)
  backends.replace(catalog.apis)
  const { costPerMinute } = catalog
  const costs = costPerMinute === undefined ? noCostLimit : createCostLimit(costPerMinute)
  const caller = createCaller({ backends, states, costs, log })
  const counted = recorder ? countCalls(caller, recorder) : caller
  return { catalog, reloads, backends, caller: counted, kept: createKeptStore(), log }
}

/** A session whose rights are asked for anew each time. `who` is a credential that the API judges, or an identity. */
export function createSession(
  services: Services,
  who: string | Identity,
  { forwardedFor, lasting = false, offersMore = false }: Partial<Session> = {},
): Session {
  const identity = typeof who === 'string' ? forwarded(who) : who
  return {
    identity,
    forwardedFor,
    lasting,
    catalog: lasting ? undefined : services.catalog,
    offersMore,
    async actions(api, signal) {
      const { access, toolScopes } = api
      if (!access) return undefined
      const options = { forwardedFor, requestId: randomUUID(), signal }
      return askActions({ access, toolScopes }, identity, services.backends.of(api), options)
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

const identifications = new WeakMap<Catalog, Identification>()

/** What every result says of who answers, and lists of how long they keep. */
export function identificationOf(catalog: Catalog): Identification {
  const known = identifications.get(catalog)
  if (known) return known
  const { name, version, title } = catalog.server
  const serverInfo = { name, version, ...(title !== undefined && { title }) }
  const made: Identification = {
    serverInfo,
    metaText: JSON.stringify({ [SERVER_INFO_META_KEY]: serverInfo }),
    listCache: { ttlMs: LIST_TTL_MS, cacheScope: 'private' },
  }
  identifications.set(catalog, made)
  return made
}

/**
 * A fresh SDK server for one session. Never reused: an SDK server that two callers share can answer one with what
 * belongs to the other (CVE-2026-25536). The low-level Server is used because the tools' schemas are JSON Schema
 * already and must reach the client as they are.
 */
export function createServer(services: Services, session: Session, era: Era): Server {
  const { instructions } = services.catalog.server
  const { serverInfo, listCache } = identificationOf(services.catalog)
  // An earlier client over HTTP has no stream that outlasts its request.
  const canTell = services.reloads && (era === 'modern' || session.lasting)
  const server = new Server(serverInfo, {
    capabilities: { tools: canTell ? { listChanged: true } : {}, resources: {} },
    ...(instructions !== undefined && { instructions }),
    cacheHints: { 'tools/list': listCache, 'resources/read': { ttlMs: 0, cacheScope: 'private' } },
  })
  const askedOf = (ctx: ServerContext): Asked => ({
    era,
    signal: ctx.mcpReq.signal,
    meta: ctx.mcpReq._meta,
    client:
      (ctx.mcpReq.envelope as Record<string, unknown> | undefined)?.[CLIENT_INFO_META_KEY] ?? server.getClientVersion(),
    canAsk: canAsk(server, session, era, ctx),
    context: ctx,
  })
  server.setRequestHandler('tools/list', async (_request, ctx) => ({
    tools: await listTools(services, session, askedOf(ctx)),
  }))
  server.setRequestHandler('tools/call', async ({ params }, ctx) =>
    callTool(services, session, askedOf(ctx), { name: params.name, args: (params.arguments ?? {}) as JsonObject }),
  )
  // Resources are what results lead to; none stands in a list.
  server.setRequestHandler('resources/list', () => ({ resources: [] }))
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [] }))
  server.setRequestHandler('resources/read', ({ params }, ctx) =>
    readResource(services, session, askedOf(ctx), params.uri),
  )
  return server
}
