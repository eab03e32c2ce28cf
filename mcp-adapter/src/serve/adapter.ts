import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { takesAnyone } from '../auth/callers.ts'
import { createGate } from '../auth/gate.ts'
import { type AuthSettings, createAuthRule } from '../auth/settings.ts'
import { credentialOf } from '../backend/backends.ts'
import { ConfigError } from '../errors.ts'
import { type Log, stderrLog } from '../log.ts'
import { type ApiUrls, type Catalog, loadTools } from '../tools/catalog.ts'
import { createUsageRecorder } from '../usage/record.ts'
import { createHttpEndpoint } from './http.ts'
import { baseScopesOf, keepUpToDate, warnOfLeftOut } from './live.ts'
import { placesOf } from './places.ts'
import { createServices } from './server.ts'
import { warmUp } from './warm-up.ts'

export interface AdapterOptions {
  /** Path of a curation file (tools.yaml). */
  configFile: string
  /** Base URL of the API, or of each of several by name; goes over the file's. */
  apiUrl?: ApiUrls
  /** Default 127.0.0.1. */
  host?: string
  /** Default 3001; 0 takes a free one. */
  port?: number
  log?: Log
  /** Host names beside the loopback ones under which the endpoint may be addressed; without ports. */
  allowedHosts?: string[]
  /** Host names beside the loopback ones whose pages may call the endpoint; without scheme and port. */
  allowedOrigins?: string[]
  /** Seals the questions that people are asked before a tool acts. Replicas share it. Default: a random one. */
  stateSecret?: string
  /** What the deployment says about access tokens; goes over the file's `auth`. */
  auth?: AuthSettings
  /** So many MCP requests are answered at a time; further ones get 503. Default 256. */
  maxInFlight?: number
  /** Calls are counted by tool, and the counts appended to this file. */
  usageFile?: string
  /** Whether a change of the curation or its documents is served without a restart. Default true. */
  reload?: boolean
  /** False: every message goes through the SDK's server, which tests compare the short way with. Default true. */
  lean?: boolean
}

export interface RunningAdapter {
  /** The MCP endpoint's URL. */
  url: string
  port: number
  /** Reads the curation and its documents anew. What is broken is logged, and the old list stays. */
  reload(): Promise<void>
  /** Stops accepting, gives calls in flight up to five seconds, then ends them. */
  close(): Promise<void>
}

const GRACE_MS = 5000
const MAX_IN_FLIGHT = 256

/** How many requests are being answered, and what to do when there are none left. */
function countExchanges(server: Server): { size: number; onEmpty?: () => void } {
  const exchanges: { size: number; onEmpty?: () => void } = { size: 0 }
  server.on('request', (_request, response) => {
    exchanges.size += 1
    response.once('close', () => {
      exchanges.size -= 1
      if (exchanges.size === 0) exchanges.onEmpty?.()
    })
  })
  return exchanges
}

/**
 * Serves a curation file's tools over Streamable HTTP at `/mcp`. Throws ConfigError for a wrong file or document,
 * and the system's error (`EADDRINUSE`) when the port cannot be had.
 */
export async function startAdapter(options: AdapterOptions): Promise<RunningAdapter> {
  const log = options.log ?? stderrLog()
  const host = options.host ?? '127.0.0.1'
  const { reload = true, stateSecret, ...rest } = options
  const since = Date.now()
  const catalog = await loadTools(rest)
  const rule = createAuthRule(catalog.auth, options.auth ?? {}, baseScopesOf(catalog))
  const recorder = options.usageFile === undefined ? undefined : createUsageRecorder(options.usageFile, log)
  const publicName = rule?.resource === undefined ? [] : [new URL(rule.resource).hostname]
  let ownUrl = ''
  const gate = rule && createGate(rule, { ownUrl: () => ownUrl, log })
  const services = createServices(catalog, { log, stateSecret, reloads: reload, recorder })
  const { backends } = services
  warnOfLeftOut(services, catalog)
  const isOpen = ({ callers, apis }: Catalog) =>
    takesAnyone({
      callers,
      apis: apis.map((api) => ({ name: api.name || 'The API', ...credentialOf(api) })),
      verifies: rule !== undefined,
      passesKeys: rule?.apiKeyPrefix !== undefined,
      host,
    })
  const anonymous = isOpen(catalog)
  const { server, subscriptions, closeExchanges } = createHttpEndpoint(services, {
    allowedHosts: [...publicName, ...(options.allowedHosts ?? [])],
    allowedOrigins: options.allowedOrigins ?? [],
    gate,
    anonymous,
    maxInFlight: options.maxInFlight ?? MAX_IN_FLIGHT,
    lean: options.lean ?? true,
  })
  const exchanges = countExchanges(server)
  await warmUp(log)
  server.listen(options.port ?? 3001, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    await Promise.all([backends.close(), gate?.close(), recorder?.close()])
    throw error
  }
  const { port } = server.address() as AddressInfo
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/mcp`
  ownUrl = url
  function admit(next: Catalog): void {
    if (isOpen(next) !== anonymous)
      throw new ConfigError('Whether callers need a credential changes: that is served after a restart.')
  }
  const { announce } = subscriptions
  const reloader = reload ? keepUpToDate(services, rest, { since, admit, announce }) : undefined
  log.info({ url, ...placesOf(catalog), tools: catalog.tools.length }, 'MCP endpoint is up')

  let closing: Promise<void> | undefined
  async function shutDown(): Promise<void> {
    reloader?.close()
    // A stream has nothing more to say, while a call may.
    await subscriptions.close()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    // Once nothing is being answered, what is still connected has nothing to wait for.
    const grace = setTimeout(() => void closeExchanges().then(() => server.closeAllConnections()), GRACE_MS)
    if (exchanges.size > 0) exchanges.onEmpty = () => server.closeAllConnections()
    else server.closeAllConnections()
    await closed
    clearTimeout(grace)
    await closeExchanges()
    await Promise.all([backends.close(), gate?.close(), recorder?.close()])
  }
  return {
    url,
    port,
    async reload() {
      await reloader?.reload()
    },
    close() {
      closing ??= shutDown()
      return closing
    },
  }
}
