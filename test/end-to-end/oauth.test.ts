import * as oauth from 'oauth4webapi'
import t from 'tap'
import { readIssuers } from '../../src/identity/issuers.ts'
import { createTokens } from '../../src/identity/tokens.ts'
import { startIdentityProvider } from '../support/identity-provider.ts'
import { PEOPLE, startService } from '../support/service.ts'

/** The API behind a real identity provider, as a client meets it that knows nothing but the API's address. */
const API = 'https://api.example.com'
const RESOURCE = `${API}/api/v1`
const SCOPES = ['caller:read', 'order:read', 'order:create', 'product:read', 'offline_access']

const clock = { ahead: 0 }
const provider = await startIdentityProvider(t, {
  resources: { [RESOURCE]: { scopes: SCOPES }, 'https://mcp.example.com/mcp': { scopes: SCOPES } },
  clients: [{ client_id: 'shop-app' }, { client_id: 'agent' }, { client_id: 'job', client_secret: 'x'.repeat(32) }],
  users: {
    'idp|ada': { email: 'ada@example.com', email_verified: true },
    'idp|eve': { email: 'ada@example.com', email_verified: false },
  },
})
const setting = [
  { issuer: provider.issuer, subject: { claim: 'email', match: 'email' }, firstPartyClients: ['shop-app'] },
]
const tokens = createTokens({
  publicUrl: API,
  issuers: readIssuers(JSON.stringify(setting)).issuers,
  keyTimes: { now: () => Date.now() + clock.ahead },
})
const { app } = await startService(t, { tokens })

const send = (token: string | undefined, path: string) =>
  app.inject({ url: `/api/v1${path}`, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
const challenge = (response: { headers: Record<string, unknown> }, name: string) =>
  new RegExp(`${name}="([^"]*)"`).exec(String(response.headers['www-authenticate']))?.[1] ?? ''
const tokenFor = async (client: string, scope: string, more = {}) =>
  (await provider.tokenFor({ client, user: 'idp|ada', resource: RESOURCE, scope, ...more })).access_token

t.test('from a bare 401 to an answer, and further by asking for what is missing', async (t) => {
  const bare = await send(undefined, '/orders')
  t.equal(bare.statusCode, 401)
  const place = new URL(challenge(bare, 'resource_metadata'))
  t.equal(place.origin, API)
  const metadata = await app.inject(place.pathname)
  const resource = await oauth.processResourceDiscoveryResponse(
    new URL(RESOURCE),
    new Response(metadata.body, { headers: { 'content-type': 'application/json' } }),
  )
  t.strictSame(resource.authorization_servers, [provider.issuer])
  const first = await tokenFor('agent', challenge(bare, 'scope'))
  t.equal((await send(first, '/orders')).statusCode, 200)

  const refused = await send(first, '/products')
  t.equal(refused.statusCode, 403)
  t.equal(challenge(refused, 'error'), 'insufficient_scope')
  t.strictSame(refused.json().missingScopes, ['product:read'])
  const more = await tokenFor('agent', `${challenge(bare, 'scope')} ${challenge(refused, 'scope')} caller:read`)
  t.equal((await send(more, '/products')).statusCode, 200)
  t.match((await send(more, '/me')).json(), { userId: PEOPLE.ada.id, kind: 'agent', agentId: 'agent' })
  t.match((await send(await tokenFor('shop-app', 'caller:read'), '/me')).json(), { kind: 'person', agentId: null })
})

t.test('what is for somebody else, of nobody, or over, is refused', async (t) => {
  const elsewhere = await provider.tokenFor({
    client: 'agent',
    user: 'idp|ada',
    resource: 'https://mcp.example.com/mcp',
    scope: 'caller:read',
  })
  t.match((await send(elsewhere.access_token, '/me')).json(), { error: 'unauthenticated', message: /audience/ })
  const alone = await provider.clientToken({ client: 'job', resource: RESOURCE, scope: 'caller:read' })
  t.match((await send(alone.access_token, '/me')).json(), { error: 'unauthenticated', message: /acts for nobody/ })
  const unverified = await tokenFor('shop-app', 'caller:read', { user: 'idp|eve' })
  t.match((await send(unverified, '/me')).json(), { error: 'unauthenticated', message: /not verified/ })
  const old = await tokenFor('agent', 'caller:read', { ageSeconds: 3600 })
  const expired = await send(old, '/me')
  t.match(expired.json(), { error: 'unauthenticated', message: /has expired/ })
  t.equal(challenge(expired, 'error'), 'invalid_token')
})

t.test('the provider changes its keys, and is gone for a while', async (t) => {
  const before = await tokenFor('agent', 'caller:read')
  t.equal((await send(before, '/me')).statusCode, 200)
  await provider.rotateKeys()
  const after = await tokenFor('agent', 'caller:read')
  clock.ahead += 31_000
  t.equal((await send(after, '/me')).statusCode, 200, 'the new key is found')
  t.equal((await send(before, '/me')).statusCode, 401, 'the old one is known no more')

  const late = await tokenFor('agent', 'caller:read')
  await provider.stop()
  t.equal((await send(late, '/me')).statusCode, 200, 'known keys go on')
  await provider.start()
  await provider.rotateKeys()
  const unseen = await tokenFor('agent', 'caller:read')
  await provider.stop()
  clock.ahead += 31_000
  const waiting = await send(unseen, '/me')
  t.match(
    { status: waiting.statusCode, body: waiting.json() },
    { status: 503, body: { error: 'unavailable', retryable: true } },
  )
  t.ok(Number(waiting.headers['retry-after']) >= 1)
  await provider.start()
  clock.ahead += 31_000
  t.equal((await send(unseen, '/me')).statusCode, 200, 'and it is back')
})
