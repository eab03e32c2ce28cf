import type { Api } from '../tools/api.ts'
import { type Backend, createBackend } from './backend.ts'

/** The clients of the APIs behind one adapter. Each API has its own, and a call reaches no other. */
export interface Backends {
  /** The client of an API, also of one that is served no more and that a call began with. */
  of(api: Api): Backend
  /**
   * These APIs are served from now on. One that is reached as before keeps its client, with its connections and what it
   * learned; the clients of those that are gone are closed once nothing uses them.
   */
  replace(apis: readonly Api[]): void
  close(): Promise<void>
}

interface Client {
  key: string
  backend: Backend
  inFlight: number
  isRetired: boolean
  isClosed: boolean
}

/** A retired client that nothing used for so long is closed: a call may wait between two attempts, in milliseconds. */
const IDLE_MS = 60_000

/** What a section says beside how its API is reached. */
const NOT_REACHING = new Set(['openapi', 'overlays', 'references', 'server', 'prefix', 'access', 'safety'])

/** All that a client is made of. Two APIs of one name with the same key are reached in the same way. */
function keyOf({ name, document, baseUrl, timeoutMs, maxResponseBytes, section }: Api): string {
  const reached = Object.entries(section).filter(([member]) => !NOT_REACHING.has(member))
  const components = document.root.components as { securitySchemes?: unknown } | undefined
  return JSON.stringify([name, baseUrl, timeoutMs, maxResponseBytes, reached, components?.securitySchemes])
}

/** Clients that are made when they are first asked for. `make` makes the client of one API. */
export function createBackends(
  make: (api: Api) => Backend = (api) => createBackend(api.baseUrl, api),
  idleMs = IDLE_MS,
): Backends {
  const clients = new WeakMap<Api, Client>()
  const open = new Set<Client>()

  async function close(client: Client): Promise<void> {
    client.isClosed = true
    open.delete(client)
    await client.backend.close()
  }

  function closeWhenIdle(client: Client): void {
    if (!client.isRetired || client.inFlight > 0) return
    setTimeout(() => {
      if (client.inFlight === 0 && !client.isClosed) void close(client)
    }, idleMs).unref()
  }

  function createClient(api: Api): Client {
    const made = make(api)
    const client: Client = { key: keyOf(api), backend: made, inFlight: 0, isRetired: false, isClosed: false }
    client.backend = {
      ...made,
      async send(...asked) {
        client.inFlight += 1
        try {
          return await made.send(...asked)
        } finally {
          client.inFlight -= 1
          closeWhenIdle(client)
        }
      },
    }
    open.add(client)
    return client
  }

  function clientOf(api: Api): Client {
    const known = clients.get(api)
    if (known && !known.isClosed) return known
    const client = createClient(api)
    // Its API is gone: it serves what began before, and goes as well.
    client.isRetired = known?.isRetired ?? false
    clients.set(api, client)
    return client
  }

  return {
    of: (api) => clientOf(api).backend,
    replace(apis) {
      const left = new Map([...open].filter(({ isRetired }) => !isRetired).map((client) => [client.key, client]))
      for (const api of apis) {
        const key = keyOf(api)
        const kept = left.get(key)
        if (kept) clients.set(api, kept)
        left.delete(key)
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
