import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport, type StdioServerParameters } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { CLIENT_INFO, callParams, capabilitiesOf, type Person, type TestClient, type ToolResult } from './face.ts'

/** A client of SDK v1. */
export function createClient(person?: Person): Client {
  const client = new Client(CLIENT_INFO, capabilitiesOf(person))
  if (person)
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => ({ ...(await person(params.message)) }))
  return client
}

// SDK v1's own types do not hold under exactOptionalPropertyTypes.
type Transport = Parameters<Client['connect']>[0]
export const overHttp = (url: string, requestInit: RequestInit) =>
  new StreamableHTTPClientTransport(new URL(url), { requestInit }) as Transport
export const overStdio = (server: StdioServerParameters) => new StdioClientTransport(server)

export const face = (client: Client): TestClient => ({
  list: async () => (await client.listTools()).tools,
  call: async (name, args = {}, { _meta, ...options } = {}) =>
    (await client.callTool(callParams(name, args, _meta), undefined, options as object)) as ToolResult,
  read: async (uri) => (await client.readResource({ uri })).contents as { uri: string }[],
  close: () => client.close(),
})
