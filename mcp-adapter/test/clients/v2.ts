import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport, type StdioServerParameters } from '@modelcontextprotocol/client/stdio'
import {
  CLIENT_INFO,
  callParams,
  capabilitiesOf,
  type Flavour,
  type Person,
  type TestClient,
  type ToolResult,
} from './face.ts'

export const versionNegotiation = (flavour: Flavour) => ({
  mode: flavour === 'v2-modern' ? { pin: '2026-07-28' } : ('legacy' as const),
})

/** A client of SDK v2 that speaks the protocol of one era. */
export function createClient(flavour: Flavour, person?: Person, info = CLIENT_INFO): Client {
  const client = new Client(info, { ...capabilitiesOf(person), versionNegotiation: versionNegotiation(flavour) })
  if (person)
    client.setRequestHandler('elicitation/create', async ({ params }) => ({ ...(await person(params.message)) }))
  return client
}

export const overHttp = (url: string, requestInit: RequestInit) =>
  new StreamableHTTPClientTransport(new URL(url), { requestInit })
export const overStdio = (server: StdioServerParameters) => new StdioClientTransport(server)

export const face = (client: Client): TestClient => ({
  list: async () => (await client.listTools()).tools as { name: string }[],
  call: async (name, args = {}, { _meta, ...options } = {}) =>
    (await client.callTool(callParams(name, args, _meta), options as object)) as ToolResult,
  read: async (uri) => (await client.readResource({ uri })).contents as { uri: string }[],
  close: () => client.close(),
})
