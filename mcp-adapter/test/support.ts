import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { type AdapterOptions, type Log, startAdapter } from '../src/index.ts'
import type { JsonObject } from '../src/json.ts'
import { startBackend } from './fixtures/backend.ts'

type Routes = Parameters<typeof startBackend>[0]

export const fixture = (name: string) => new URL(`./fixtures/${name}`, import.meta.url).pathname

/** Keeps what is logged, so that a test can look for what must be in it and what must not. */
export function memoryLog() {
  const lines: { level: string; fields: Record<string, unknown>; message: string }[] = []
  const write = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message })
  }
  const log: Log = { info: write('info'), warn: write('warn'), error: write('error') }
  return { log, lines }
}

/** A fixture API and an adapter in front of it, both gone at the end of the test. */
export async function start(
  test: { teardown(end: () => Promise<void>): void },
  routes?: Routes,
  options: Partial<AdapterOptions> = {},
) {
  const backend = await startBackend(routes)
  const { log, lines } = memoryLog()
  const adapter = await startAdapter({
    configFile: fixture('tools.yaml'),
    apiUrl: backend.url,
    port: 0,
    log,
    ...options,
  })
  test.teardown(async () => {
    await adapter.close()
    await backend.close()
  })
  return { backend, adapter, lines }
}

export type Flavour = 'v1' | 'v2-legacy' | 'v2-modern'
export const FLAVOURS: Flavour[] = ['v1', 'v2-legacy', 'v2-modern']

export interface ToolResult {
  content: { type: string; text: string }[]
  structuredContent?: JsonObject
  isError?: boolean
}

/** What tests ask of a client, whichever SDK is behind it. */
export interface TestClient {
  list(): Promise<{ name: string; [key: string]: unknown }[]>
  call(name: string, args?: object, options?: { signal?: AbortSignal; _meta?: object }): Promise<ToolResult>
  close(): Promise<void>
}

export function versionNegotiation(flavour: Flavour) {
  return { mode: flavour === 'v2-modern' ? { pin: '2026-07-28' } : ('legacy' as const) }
}

/** One face for the clients of both SDK versions. */
export function face(client: Client | ClientV1): TestClient {
  const any = client as Client
  return {
    list: async () => (await any.listTools()).tools as { name: string }[],
    async call(name, args = {}, { signal, _meta } = {}) {
      const params = {
        name,
        arguments: args as Record<string, unknown>,
        ...(_meta && { _meta: _meta as Record<string, unknown> }),
      }
      if (client instanceof ClientV1)
        return (await client.callTool(params, undefined, signal && { signal })) as ToolResult
      return (await any.callTool(params, signal && { signal })) as ToolResult
    },
    close: () => any.close(),
  }
}

/** A connected client over HTTP. */
export async function connect(
  test: { teardown(end: () => Promise<void>): void },
  url: string,
  flavour: Flavour,
  token = 'token-ada',
) {
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  const info = { name: 'test', version: '1.0.0' }
  let client: Client | ClientV1
  if (flavour === 'v1') {
    client = new ClientV1(info)
    // SDK v1's own types do not hold under exactOptionalPropertyTypes.
    await client.connect(new TransportV1(new URL(url), { requestInit }) as Parameters<ClientV1['connect']>[0])
  } else {
    client = new Client(info, { versionNegotiation: versionNegotiation(flavour) })
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
  }
  test.teardown(() => client.close())
  return face(client)
}

/** One raw MCP POST. `message` may be text, to send what is not JSON. */
export function post(url: string, message: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: 'Bearer token-ada',
      ...headers,
    },
    ...(signal && { signal }),
    body: typeof message === 'string' ? message : JSON.stringify(message),
  })
}
