import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import * as oauth from 'oauth4webapi'
import Provider, { errors, type OidcContext } from 'oidc-provider'
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js'
import type { Test } from 'tap'
import { EXCHANGE, registerExchange } from './token-exchange.ts'

export const REDIRECT_URI = 'http://127.0.0.1:1/callback'
const ALG = 'ES256'

export interface IdentityProviderOptions {
  /** What tokens can be for, and the scopes that it knows. */
  resources: Record<string, { scopes: string[]; ttlSeconds?: number }>
  /** Metadata as RFC 7591 names it. Without a secret it is a public app for people (code with PKCE, refresh). */
  clients: ({ client_id: string; client_secret?: string } & Record<string, unknown>)[]
  /** By account id: what access tokens say of a person beside `sub`. */
  users: Record<string, Record<string, unknown>>
  /** Features of oidc-provider beside those that are needed here. */
  features?: Record<string, object>
}

export interface Wanted {
  client: string
  user: string
  resource: string
  scope: string
  /** As if it had been issued so many seconds ago. */
  ageSeconds?: number
}

export interface IdentityProvider {
  issuer: string
  /** How often its public keys were asked for. */
  keysAsked(): number
  /** Discovery, authorization code with PKCE in a browser of its own, sign-in, and the code for the tokens. */
  tokenFor(wanted: Wanted): Promise<oauth.TokenEndpointResponse>
  /** A token of the client itself, with nobody behind it. */
  clientToken(wanted: Omit<Wanted, 'user'>): Promise<oauth.TokenEndpointResponse>
  /** Opens an authorization URL, signs in as `user`, consents to all. @returns where the browser ends: the redirect URI with its answer */
  browse(authorizationUrl: string | URL, user: string): Promise<URL>
  /** From now on it signs with a new key, and knows the old one no more. */
  rotateKeys(): Promise<void>
  /** Nobody answers on its port any more. */
  stop(): Promise<void>
  /** Answers again on the same port, with the same keys and sessions. */
  start(): Promise<void>
}

/** Starts a real identity provider (oidc-provider) on a free port of loopback. It ends with the test. */
export async function startIdentityProvider(t: Test, options: IdentityProviderOptions): Promise<IdentityProvider> {
  const state = { asked: 0, ageSeconds: 0, memory: createMemoryAdapter(0) }
  let provider: Provider
  const server = createServer((request, response) => {
    // A connection that outlives stop() would fail the first request after start().
    response.setHeader('connection', 'close')
    if (request.url === '/jwks') state.asked += 1
    if (request.url?.startsWith('/interaction/')) void consentToAll(provider, request, response)
    else provider.callback()(request, response)
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const stop = async () => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  await listen(0)
  t.teardown(stop)
  const { port } = server.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`

  async function rotateKeys(): Promise<void> {
    const { privateKey } = await generateKeyPair(ALG, { extractable: true })
    const jwk: JWK = await exportJWK(privateKey)
    const keys = [{ ...jwk, alg: ALG, use: 'sig', kid: await calculateJwkThumbprint(jwk) }]
    // Sessions, codes and grants are in the memory, so the new provider goes on where the old one was.
    provider = new Provider(issuer, configuration(options, keys, state))
    registerExchange(provider, { issuer, keys, resource: (name) => information(options, name) })
  }
  await rotateKeys()

  const http = { [oauth.allowInsecureRequests]: true }
  const discover = async () => {
    const url = new URL(issuer)
    return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { ...http, algorithm: 'oauth2' }))
  }
  const authentication = (id: string) => {
    const secret = options.clients.find(({ client_id }) => client_id === id)?.client_secret
    return secret === undefined ? oauth.None() : oauth.ClientSecretBasic(secret)
  }
  /** The age is taken when the token is made, which is while the request runs. */
  async function aged<T>(ageSeconds: number | undefined, work: () => Promise<T>): Promise<T> {
    state.ageSeconds = ageSeconds ?? 0
    return work().finally(() => {
      state.ageSeconds = 0
    })
  }

  return {
    issuer,
    rotateKeys,
    stop,
    start: () => listen(port),
    keysAsked: () => state.asked,
    browse,
    async tokenFor({ client: client_id, user, resource, scope, ageSeconds }) {
      const as = await discover()
      const client = { client_id }
      const verifier = oauth.generateRandomCodeVerifier()
      const url = new URL(as.authorization_endpoint as string)
      const asked = oauth.generateRandomState()
      url.search = new URLSearchParams({
        client_id,
        response_type: 'code',
        redirect_uri: REDIRECT_URI,
        scope,
        resource,
        state: asked,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }).toString()
      const answer = oauth.validateAuthResponse(as, client, await browse(url, user), asked)
      const response = await aged(ageSeconds, () =>
        oauth.authorizationCodeGrantRequest(as, client, authentication(client_id), answer, REDIRECT_URI, verifier, {
          ...http,
          additionalParameters: { resource },
        }),
      )
      return oauth.processAuthorizationCodeResponse(as, client, response)
    },
    async clientToken({ client: client_id, resource, scope, ageSeconds }) {
      const as = await discover()
      const client = { client_id }
      const response = await aged(ageSeconds, () =>
        oauth.clientCredentialsGrantRequest(as, client, authentication(client_id), { resource, scope }, http),
      )
      return oauth.processClientCredentialsResponse(as, client, response)
    },
  }
}

function configuration(options: IdentityProviderOptions, keys: JWK[], state: { ageSeconds: number; memory: object }) {
  return {
    adapter: state.memory,
    jwks: { keys },
    clients: options.clients.map((client) => ({
      redirect_uris: [REDIRECT_URI],
      grant_types:
        client.client_secret === undefined
          ? ['authorization_code', 'refresh_token']
          : ['authorization_code', 'refresh_token', 'client_credentials', EXCHANGE],
      token_endpoint_auth_method: client.client_secret === undefined ? 'none' : 'client_secret_basic',
      application_type: 'native',
      ...client,
    })),
    clientDefaults: { id_token_signed_response_alg: ALG },
    enabledJWA: { idTokenSigningAlgValues: [ALG] },
    scopes: ['openid', 'offline_access'],
    cookies: { keys: ['a key for cookies of tests'] },
    findAccount: (_ctx: OidcContext, accountId: string) =>
      accountId in options.users
        ? { accountId, claims: async () => ({ ...options.users[accountId], sub: accountId }) }
        : undefined,
    // Everything that a client asks for is consented to.
    async loadExistingGrant({ oidc }: OidcContext) {
      const accountId = oidc.session?.accountId
      if (!accountId) return undefined
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId })
      grant.addOIDCScope([...oidc.requestParamOIDCScopes].join(' '))
      const { resource = [], scope = '' } = oidc.params
      for (const each of [resource].flat()) grant.addResourceScope(each, String(scope))
      await grant.save()
      return grant
    },
    issueRefreshToken: async () => true,
    extraTokenClaims: async (_ctx: OidcContext, token: { accountId?: string; act?: object }) => ({
      ...(token.accountId !== undefined && options.users[token.accountId]),
    }),
    interactions: { url: (_ctx: OidcContext, { uid }: { uid: string }) => `/interaction/${uid}` },
    pkce: { required: () => true },
    ttl: {
      Session: 3600,
      Interaction: 600,
      Grant: 3600,
      IdToken: 600,
      AccessToken: 600,
      ClientCredentials: 600,
      RefreshToken: 3600,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_ctx: OidcContext, name: string) => information(options, name),
      },
      ...options.features,
    },
    formats: {
      customizers: {
        jwt: (
          _ctx: OidcContext,
          token: { act?: object },
          jwt: { payload: { iat: number; exp: number; act?: object } },
        ) => {
          jwt.payload.iat -= state.ageSeconds
          jwt.payload.exp -= state.ageSeconds
          if (token.act) jwt.payload.act = token.act
        },
      },
    },
  }
}

function information({ resources }: IdentityProviderOptions, name: string) {
  const found = resources[name]
  if (!found) throw new errors.InvalidTarget('unknown resource')
  return {
    audience: name,
    scope: found.scopes.join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: found.ttlSeconds ?? 600,
    jwt: { sign: { alg: ALG } },
  }
}

/** Signs in whoever `login_hint` names, without a page. */
async function consentToAll(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params } = await provider.interactionDetails(request, response)
  const login = prompt.name === 'login' ? { login: { accountId: params.login_hint } } : {}
  await provider.interactionFinished(request, response, { ...login, consent: {} })
}

/** Follows redirects and keeps cookies, as a browser does that nobody else uses. */
async function browse(authorizationUrl: string | URL, user: string): Promise<URL> {
  const cookies = new Map<string, string>()
  const start = new URL(authorizationUrl)
  start.searchParams.set('login_hint', user)
  let url = start
  for (let steps = 0; steps < 10; steps += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const each of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (!location) throw new Error(`${url.pathname} answered ${response.status}: ${await response.text()}`)
    url = new URL(location, url)
    if (url.origin !== start.origin) return url
  }
  throw new Error('the identity provider redirects for ever')
}
