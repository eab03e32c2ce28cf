import { createUpstreamCredential } from '../auth/upstream-credential.ts'
import type { Api } from '../tools/api.ts'
import { type Backend, type BackendSettings, createBackend } from './backend.ts'

type Environment = Record<string, string | undefined>

/** The clients of the APIs behind one adapter. Each API has its own, and a call reaches no other. */
export interface Backends {
  /** The client of an API, also of one that is served no more and that a call began with. */
  of(api: Api): Backend
  /**
   * These APIs are served from now on. One that is reached as before keeps its client, with its connections and what it
   * learned; the clients of those that are gone are closed once nothing uses them. Throws ConfigError when the
   * credential for one is missing, and then nothing has changed.
   */
  replace(apis: readonly Api[]): void
  close(): Promise<void>
}

interface Client {
  key: string
  backend: Backend
  isRetired: boolean
  isClosed: boolean
}

/** A retired client that nothing used for so long is closed: a call may wait between two attempts, in milliseconds. */
const IDLE_MS = 60_000

/** What a section says beside how its API is reached. */
const NOT_REACHING = new Set(['openapi', 'overlays', 'references', 'server', 'prefix', 'access', 'safety'])

/** All that a client is made of. Two APIs of one name with the same key are reached in the same way. */
function keyOf({ name, document, baseUrl, isPlaced, timeoutMs, maxResponseBytes, section }: Api): string {
  const reached = Object.entries(section).filter(([member]) => !NOT_REACHING.has(member))
  const components = document.root.components as { securitySchemes?: unknown } | undefined
  const from = [isPlaced, document.url, components?.securitySchemes]
  return JSON.stringify([name, baseUrl, timeoutMs, maxResponseBytes, reached, from])
}

/** Whether it was a document from elsewhere, and not the operator, that said where the API is. */
function isFoundInDocument({ baseUrl, document, isPlaced }: Api): boolean {
  return !isPlaced && document.url !== undefined && new URL(document.url).origin !== new URL(baseUrl).origin
}

/** What an API gets with each request. Throws ConfigError when the adapter's own credential for it is missing. */
export const credentialOf = ({ section, document }: Api, env: Environment = process.env) =>
  createUpstreamCredential(section, document, env)

function settingsOf(api: Api, env: Environment): BackendSettings {
  const { timeoutMs, maxResponseBytes, section } = api
  const { concurrency, breaker, privateAddresses = false } = section
  return {
    timeoutMs,
    maxResponseBytes,
    ...(concurrency !== undefined && { concurrency }),
    ...(breaker !== undefined && { breaker }),
    publicOnly: !privateAddresses && isFoundInDocument(api),
    credential: credentialOf(api, env),
  }
}

/** The client of one API. `env` holds the adapter's own credentials. */
const makeClient = (api: Api, env: Environment = process.env) => createBackend(api.baseUrl, settingsOf(api, env))

/** The clients of APIs that are yet to be named. `make` makes one, and throws ConfigError when it cannot be made. */
export function createBackends(make: (api: Api) => Backend = makeClient, idleMs = IDLE_MS): Backends {
  const clients = new WeakMap<Api, Client>()
  const open = new Set<Client>()

  async function close(client: Client): Promise<void> {
    client.isClosed = true
    open.delete(client)
    await client.backend.close()
  }

  /** Looks again and again, until nothing has used it in between. */
  function closeWhenIdle(client: Client): void {
    const { traffic } = client.backend
    const before = traffic.sent
    setTimeout(() => {
      if (client.isClosed) return
      if (traffic.inFlight === 0 && traffic.sent === before) void close(client)
      else closeWhenIdle(client)
    }, idleMs).unref()
  }

  function createClient(api: Api, isRetired = false): Client {
    const client: Client = { key: keyOf(api), backend: make(api), isRetired, isClosed: false }
    if (isRetired) closeWhenIdle(client)
    return client
  }

  function clientOf(api: Api): Client {
    const known = clients.get(api)
    if (known && !known.isClosed) return known
    // Where its API is gone, it serves what began before, and goes as well.
    const client = createClient(api, known?.isRetired)
    open.add(client)
    clients.set(api, client)
    return client
  }

  return {
    of: (api) => clientOf(api).backend,
    replace(apis) {
      const left = new Map([...open].filter(({ isRetired }) => !isRetired).map((client) => [client.key, client]))
      const next = apis.map((api) => [api, left.get(keyOf(api)) ?? createClient(api)] as const)
      for (const [api, client] of next) {
        open.add(client)
        clients.set(api, client)
        left.delete(client.key)
      }
      for (const client of left.values()) {
        client.isRetired = true
        closeWhenIdle(client)
      }
    },
    async close() {
      await Promise.all([...open].map(close))
    },
  }
}
