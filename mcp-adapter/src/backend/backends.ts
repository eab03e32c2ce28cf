import type { Api } from '../tools/api.ts'
import { type Backend, createBackend } from './backend.ts'

/** The clients of the APIs behind one adapter. Each API has its own, and a call reaches no other. */
export interface Backends {
  /** The client of an API. */
  of(api: Api): Backend
  close(): Promise<void>
}

/** Clients that are made when they are first asked for. */
export function createBackends(): Backends {
  const clients = new Map<Api, Backend>()
  return {
    of(api) {
      let client = clients.get(api)
      if (!client) {
        client = createBackend(api.baseUrl, api)
        clients.set(api, client)
      }
      return client
    },
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()))
    },
  }
}
