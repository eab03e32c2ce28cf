import { type OAuthClientProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { type IdentityProvider, REDIRECT_URI } from '../../test/support/identity-provider.ts'
import type { Flavour } from './clients/face.ts'
import * as v1 from './clients/v1.ts'
import * as v2 from './clients/v2.ts'

type Saved = Awaited<ReturnType<OAuthClientProvider['tokens']>>
type Discovery = Parameters<NonNullable<OAuthClientProvider['saveDiscoveryState']>>[0]

/** What a client app keeps of a person's authorization, and what a test wants to know of it. */
export function createProvider(clientId: string, renews: boolean) {
  const kept = {
    tokens: undefined as Saved,
    /** Every access token that it ever got. */
    accessTokens: [] as string[],
    /** Where the person was sent to. */
    sentTo: [] as URL[],
  }
  let verifier = ''
  let discovery: Discovery | undefined
  let information: { client_id: string } = { client_id: clientId }
  const provider = {
    redirectUrl: REDIRECT_URI,
    clientMetadata: {
      client_name: 'test',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => information,
    saveClientInformation: (given: { client_id: string }) => {
      information = given
    },
    tokens: () => kept.tokens,
    saveTokens: (tokens: NonNullable<Saved>) => {
      // SDK v1 renews before it asks its person for more, and then gives up: without a refresh token it asks.
      const { refresh_token, ...plain } = tokens
      kept.tokens = renews ? tokens : plain
      kept.accessTokens.push(tokens.access_token)
    },
    redirectToAuthorization: (url: URL) => void kept.sentTo.push(url),
    saveCodeVerifier: (given: string) => {
      verifier = given
    },
    codeVerifier: () => verifier,
    discoveryState: () => discovery,
    saveDiscoveryState: (given: Discovery) => {
      discovery = given
    },
  } satisfies OAuthClientProvider
  return { provider, kept }
}

/**
 * A client of one SDK version that knows nothing but the endpoint's URL. When it sends its person to the identity
 * provider, they sign in there, and what was wanted is tried again.
 */
export async function connectWithSignIn(
  test: { teardown(end: () => Promise<void>): void },
  { url, idp, user, flavour }: { url: string; idp: IdentityProvider; user: string; flavour: Flavour },
) {
  const { provider, kept } = createProvider('app', flavour !== 'v1')
  const create = () => {
    if (flavour === 'v1') {
      // SDK v1's own types do not hold under exactOptionalPropertyTypes.
      const transport = new TransportV1(new URL(url), { authProvider: provider as never })
      const client = v1.createClient()
      const connect = () => client.connect(transport as Parameters<typeof client.connect>[0])
      return {
        client: v1.face(client),
        connect,
        finish: (to: URL) => transport.finishAuth(to.searchParams.get('code') ?? ''),
      }
    }
    const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider })
    const client = v2.createClient(flavour)
    const connect = () => client.connect(transport)
    return { client: v2.face(client), connect, finish: (to: URL) => transport.finishAuth(to.searchParams) }
  }
  type Connection = ReturnType<typeof create>
  /** Does it; if the person is needed for it, they sign in, and `again` does it. */
  async function signingIn<T>(work: () => Promise<T>, connection: Connection, again: () => Promise<T>): Promise<T> {
    const before = kept.sentTo.length
    try {
      return await work()
    } catch (error) {
      const to = kept.sentTo[before]
      if (!to) throw error
      await connection.finish(await idp.browse(to, user))
      return again()
    }
  }
  const first = create()
  let current = first
  const reconnect = async () => {
    current = create()
    await current.connect()
  }
  await signingIn(first.connect, first, reconnect)
  test.teardown(() => current.client.close())
  const call = (name: string, args: object = {}) => current.client.call(name, args)
  return {
    kept,
    list: () => current.client.list(),
    call: (name: string, args: object = {}) =>
      signingIn(
        () => call(name, args),
        current,
        () => call(name, args),
      ),
  }
}
