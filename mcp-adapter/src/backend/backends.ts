import { createUpstreamCredential } from '../auth/upstream-credential.ts'
import type { Api } from '../tools/api.ts'
import { type Backend, type BackendSettings, createBackend } from './backend.ts'

/** The clients of the APIs behind one adapter. Each API has its own, and a call reaches no other. */
export interface Backends {
  /** Makes the clients of some APIs. Throws ConfigError when the credential for one is missing. */
  open(apis: readonly Api[]): void
  /** The client of an API. */
  of(api: Api): Backend
  close(): Promise<void>
}

/** Whether it was a document from elsewhere, and not the operator, that said where the API is. */
function isFoundInDocument({ baseUrl, document, isPlaced }: Api): boolean {
  return !isPlaced && document.url !== undefined && new URL(document.url).origin !== new URL(baseUrl).origin
}

function settingsOf(api: Api, env: Record<string, string | undefined>): BackendSettings {
  const { timeoutMs, maxResponseBytes, section, document } = api
  const { concurrency, breaker, privateAddresses = false } = section
  return {
    timeoutMs,
    maxResponseBytes,
    ...(concurrency !== undefined && { concurrency }),
    ...(breaker !== undefined && { breaker }),
    publicOnly: !privateAddresses && isFoundInDocument(api),
    credential: createUpstreamCredential(section, document, env),
  }
}

/** Clients that are made when they are opened or first asked for. `env` holds the adapter's own credentials. */
export function createBackends(env: Record<string, string | undefined> = process.env): Backends {
  const clients = new Map<Api, Backend>()
  function of(api: Api): Backend {
    let client = clients.get(api)
    if (!client) {
      client = createBackend(api.baseUrl, settingsOf(api, env))
      clients.set(api, client)
    }
    return client
  }
  return {
    of,
    open: (apis) => apis.forEach(of),
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()))
    },
  }
}
