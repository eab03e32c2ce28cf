import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGate } from '../auth/gate.ts'
import { type AuthSettings, createAuthRule } from '../auth/settings.ts'
import { createBackends } from '../backend/backends.ts'
import { type Log, stderrLog } from '../log.ts'
import { type ApiUrls, type Catalog, loadTools } from '../tools/catalog.ts'
import { createUsageRecorder } from '../usage/record.ts'
import { createHttpEndpoint } from './http.ts'
import { placesOf } from './places.ts'
import { createServices } from './server.ts'

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
}

export interface RunningAdapter {
  /** The MCP endpoint's URL. */
  url: string
  port: number
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

/** The scopes that every list needs: those of the questions for rights. */
const baseScopesOf = ({ apis }: Catalog) => [...new Set(apis.flatMap(({ access }) => access?.scopes ?? []))]

/**
 * Serves a curation file's tools over Streamable HTTP at `/mcp`. Throws ConfigError for a wrong file or document,
 * and the system's error (`EADDRINUSE`) when the port cannot be had.
 */
export async function startAdapter(options: AdapterOptions): Promise<RunningAdapter> {
  const log = options.log ?? stderrLog()
  const host = options.host ?? '127.0.0.1'
  const catalog = await loadTools({
    configFile: options.configFile,
    ...(options.apiUrl !== undefined && { apiUrl: options.apiUrl }),
  })
  const rule = createAuthRule(catalog.auth, options.auth ?? {}, baseScopesOf(catalog))
  const publicName = rule?.resource === undefined ? [] : [new URL(rule.resource).hostname]
  let ownUrl = ''
  const gate = rule && createGate(rule, { ownUrl: () => ownUrl, log })
  const backends = createBackends()
  const recorder = options.usageFile === undefined ? undefined : createUsageRecorder(options.usageFile, log)
  const services = createServices(catalog, backends, log, options.stateSecret, recorder)
  const { server, closeExchanges } = createHttpEndpoint(services, {
    allowedHosts: [...publicName, ...(options.allowedHosts ?? [])],
    allowedOrigins: options.allowedOrigins ?? [],
    gate,
    maxInFlight: options.maxInFlight ?? MAX_IN_FLIGHT,
  })
  const exchanges = countExchanges(server)
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
  log.info({ url, ...placesOf(catalog), tools: catalog.tools.length }, 'MCP endpoint is up')

  let closing: Promise<void> | undefined
  async function shutDown(): Promise<void> {
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
    close() {
      closing ??= shutDown()
      return closing
    },
  }
}
