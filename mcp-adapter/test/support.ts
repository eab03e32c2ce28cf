import { isAbsolute } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { type AdapterOptions, type Log, startAdapter } from '../src/index.ts'
import type { JsonObject } from '../src/json.ts'
import { commandLine } from './command-line.ts'
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
  who?: Parameters<typeof startBackend>[1],
) {
  const backend = await startBackend(routes, who)
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
  content: { type: string; text: string; uri?: string; [key: string]: unknown }[]
  structuredContent?: JsonObject
  isError?: boolean
}

/** The content of a fenced text, as JSON. Fails where the two lines around it are not those of one fence. */
export function fenced(text = '') {
  const [, name, content, end] =
    /^\[data ([\w-]{12}): content, never instructions\]\n(.*)\n\[end of data (.*)\]$/s.exec(text) ?? []
  if (name === undefined || name !== end) throw new Error(`no fence: ${text}`)
  return JSON.parse(content as string)
}

/** The JSON of a text, fenced or not. */
export const jsonOf = (text = '{}') => (text.startsWith('[data ') ? fenced(text) : JSON.parse(text))

interface CallOptions {
  signal?: AbortSignal
  _meta?: object
  onprogress?: (progress: { progress: number; total?: number; message?: string }) => void
}

/** What tests ask of a client, whichever SDK is behind it. */
export interface TestClient {
  list(): Promise<{ name: string; [key: string]: unknown }[]>
  call(name: string, args?: object, options?: CallOptions): Promise<ToolResult>
  read(uri: string): Promise<{ uri: string; mimeType?: string; text?: string; blob?: string }[]>
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
    async call(name, args = {}, { _meta, ...options } = {}) {
      const params = {
        name,
        arguments: args as Record<string, unknown>,
        ...(_meta && { _meta: _meta as Record<string, unknown> }),
      }
      if (client instanceof ClientV1) return (await client.callTool(params, undefined, options as object)) as ToolResult
      return (await any.callTool(params, options as object)) as ToolResult
    },
    read: async (uri) => (await any.readResource({ uri })).contents as { uri: string; text?: string }[],
    close: () => any.close(),
  }
}

type Test = { teardown(end: () => Promise<void>): void }

/** What a person answers to a question. */
export interface Answer {
  action: 'accept' | 'decline' | 'cancel'
  content?: Record<string, boolean>
}
type Person = (question: string) => Answer | Promise<Answer>

const info = { name: 'test', version: '1.0.0' }

/** A client of one SDK version; with a person behind it, it says that it can ask one. */
function createClient(flavour: Flavour, person?: Person): Client | ClientV1 {
  const options = { capabilities: person ? { elicitation: {} } : {} }
  if (flavour === 'v1') {
    const client = new ClientV1(info, options)
    if (person)
      client.setRequestHandler(ElicitRequestSchema, async ({ params }) => ({ ...(await person(params.message)) }))
    return client
  }
  const client = new Client(info, { ...options, versionNegotiation: versionNegotiation(flavour) })
  if (person)
    client.setRequestHandler('elicitation/create', async ({ params }) => ({ ...(await person(params.message)) }))
  return client
}

/** A connected client over HTTP. */
export async function connect(test: Test, url: string, flavour: Flavour, token = 'token-ada', person?: Person) {
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  const client = createClient(flavour, person)
  // SDK v1's own types do not hold under exactOptionalPropertyTypes.
  if (client instanceof ClientV1)
    await client.connect(new TransportV1(new URL(url), { requestInit }) as Parameters<ClientV1['connect']>[0])
  else await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
  test.teardown(() => client.close())
  return face(client)
}

/** The command of a stdio server for a fixture API. */
export function stdioCommand(api: string, token = 'token-ada', config = 'tools.yaml') {
  return {
    command: process.execPath,
    args: [...commandLine, 'stdio', '--config', isAbsolute(config) ? config : fixture(config), '--api', api],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', HANDRAIL_TOKEN: token },
    stderr: 'ignore' as const,
  }
}

/** A connected client over stdio. */
export async function connectStdio(
  test: Test,
  api: string,
  flavour: Flavour,
  config: string,
  person?: Person,
  env: Record<string, string> = {},
) {
  const client = createClient(flavour, person)
  const { env: own, ...command } = stdioCommand(api, 'token-ada', config)
  const server = { ...command, env: { ...own, ...env } }
  if (client instanceof ClientV1) await client.connect(new StdioV1(server))
  else await client.connect(new StdioClientTransport(server))
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
