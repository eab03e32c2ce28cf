import { randomUUID } from 'node:crypto'
import { type IncomingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import type { Test } from 'tap'
import { type Log, startAdapter } from '../../mcp-adapter/src/index.ts'
import { type Issuer, startIssuer } from '../../mcp-adapter/test/fixtures/issuer.ts'
import { ACTIONS } from '../../src/domain/actions.ts'
import { readIssuers } from '../../src/identity/issuers.ts'
import { createTokens } from '../../src/identity/tokens.ts'
import { ROOT } from '../../src/root.ts'
import { PEOPLE, type Person, type Service, type ServiceOptions, startService } from './service.ts'

/** What access tokens for the API name. */
export const API_AUDIENCE = 'https://api.example.com'
/** The client that passes for a person; every other one is an agent. */
const OWN_CLIENT = 'shop-app'
const MODERN = '2026-07-28'

export interface Tool {
  name: string
  // biome-ignore lint/suspicious/noExplicitAny: JSON Schema of every shape
  inputSchema: any
}

export interface Said {
  status: number
  headers: IncomingHttpHeaders
  /** The whole body. */
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: messages of every shape
  message: any
}

interface Sending {
  headers?: Record<string, string>
  /** In the place of the message; for what is none. */
  raw?: string
  id?: unknown
  /** Speaks 2026-07-28, as a client that can ask a person; default: 2025-11-25. */
  modern?: boolean
}

/** The whole of Handrail as callers meet it: the API, and the MCP endpoint before it, behind one identity provider. */
export interface Edge {
  service: Service
  /** `http://127.0.0.1:port` */
  api: string
  mcpUrl: string
  issuer: Issuer
  /** An access token of a person, for the API or for the MCP endpoint. */
  token(who: Person, where: 'api' | 'mcp', claims?: Record<string, unknown>): Promise<string>
  /** One JSON-RPC request with a bearer credential. */
  mcp(credential: string | undefined, method: string, params?: object, sending?: Sending): Promise<Said>
  /** Calls a tool; `more` stands beside its name and arguments. */
  callTool(credential: string, name: string, args?: object, sending?: Sending & { more?: object }): Promise<Said>
  tools(credential: string): Promise<Tool[]>
}

/** Starts the service on a port, an identity provider that exchanges tokens, and the adapter with its real tools. */
export async function startEdge(
  t: Test,
  { adapterLog, ...options }: ServiceOptions & { adapterLog?: Log } = {},
): Promise<Edge> {
  const issuer = await startIssuer(t)
  // A token for the API alone: for the same person, with the client as the actor, and no more scopes than asked for.
  issuer.answerTokens(async ({ form }) => {
    const { sub, client_id, act } = decodeJwt(form.subject_token ?? '') as Record<string, unknown>
    const told = { sub, client_id: 'adapter', act: act ?? { sub: client_id }, scope: form.scope }
    const access_token = await issuer.sign(issuer.claims(API_AUDIENCE, told))
    return { body: { access_token, token_type: 'Bearer', expires_in: 120 } }
  })
  const { issuers, problems } = readIssuers(
    JSON.stringify([{ issuer: issuer.issuer, firstPartyClients: [OWN_CLIENT] }]),
  )
  if (problems.length > 0) throw new Error(problems.join('; '))
  const service = await startService(t, { tokens: createTokens({ publicUrl: API_AUDIENCE, issuers }), ...options })
  const api = await service.app.listen({ port: 0 })
  const adapter = await startAdapter({
    configFile: join(ROOT, 'mcp-adapter', 'tools.yaml'),
    apiUrl: api,
    port: 0,
    log: adapterLog ?? SILENT,
    auth: {
      issuers: [issuer.issuer],
      downstream: 'token-exchange',
      apiAudience: API_AUDIENCE,
      clientId: 'adapter',
      clientSecret: 'a secret of the adapter',
    },
  })
  t.teardown(() => adapter.close())

  const mcp: Edge['mcp'] = async (credential, method, params = {}, { headers, raw, id = 1, modern } = {}) => {
    const answer = await send(adapter.url, 'POST', {
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': modern ? MODERN : '2025-11-25',
        ...(modern && { 'mcp-method': method, 'mcp-name': String((params as { name?: string }).name ?? '') }),
        ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
        ...headers,
      },
      body: raw ?? JSON.stringify({ jsonrpc: '2.0', id, method, params }),
    })
    return { ...answer, message: parse(answer.text) }
  }
  const callTool: Edge['callTool'] = (credential, name, args = {}, { more, ...sending } = {}) =>
    mcp(
      credential,
      'tools/call',
      { name, arguments: args, ...(sending.modern && { _meta: ENVELOPE }), ...more },
      sending,
    )
  return {
    service,
    api,
    mcpUrl: adapter.url,
    issuer,
    token: (who, where, claims = {}) =>
      issuer.sign(
        issuer.claims(where === 'api' ? API_AUDIENCE : adapter.url, {
          sub: PEOPLE[who].id,
          client_id: OWN_CLIENT,
          jti: randomUUID(),
          scope: ACTIONS.join(' '),
          ...claims,
        }),
      ),
    mcp,
    callTool,
    tools: async (credential) => (await mcp(credential, 'tools/list')).message.result.tools,
  }
}

const SILENT: Log = { info() {}, warn() {}, error() {} }

/** What every request of 2026-07-28 carries in `_meta`. */
export const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
}

/** One request as it is, with whatever headers: fetch would keep some of them back. */
export function send(
  url: string,
  method: string,
  { headers = {}, body }: { headers?: Record<string, string | string[]>; body?: string | undefined } = {},
): Promise<Omit<Said, 'message'>> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** An answer is JSON, or an event stream with one message. */
function parse(text: string): unknown {
  try {
    return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text)
  } catch {
    return undefined
  }
}
