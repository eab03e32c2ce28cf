import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { startIdentityProvider } from '../../test/support/identity-provider.ts'
import type { Flavour } from './clients/face.ts'
import { PEOPLE } from './fixtures/backend.ts'
import { tokensSeen } from './fixtures/issuer.ts'
import { connectWithSignIn } from './oauth-client.ts'
import { start } from './start.ts'
import { fixture, post } from './support.ts'

const API = 'https://api.example'
const SCOPES = ['caller:read', 'user:read', 'user:update', 'user:delete', 'order:read', 'order:create']

/** A real identity provider, an adapter that knows it, and an API that takes its tokens for the API alone. */
async function setUp(t: Test) {
  const resources: Record<string, { scopes: string[] }> = { [API]: { scopes: SCOPES } }
  const idp = await startIdentityProvider(t, {
    resources,
    clients: [{ client_id: 'app' }, { client_id: 'adapter', client_secret: 'a secret of the adapter' }],
    users: { ada: {}, bob: {} },
  })
  const taken: JWTPayload[] = []
  let keys = createLocalJWKSet({ keys: [] })
  const who = async (token: string) => {
    // The keys of this moment, so that the API is never behind the provider; while it is away, those from before.
    const response = await fetch(`${idp.issuer}/jwks`).catch(() => undefined)
    if (response) keys = createLocalJWKSet((await response.json()) as JSONWebKeySet)
    const verified = await jwtVerify(token, keys, { issuer: idp.issuer, audience: API, typ: 'at+jwt' }).catch(
      () => null,
    )
    if (!verified) return undefined
    taken.push(verified.payload)
    return { userId: String(verified.payload.sub), actions: PEOPLE['token-ada']?.actions ?? [] }
  }
  const auth = {
    issuers: [idp.issuer],
    downstream: 'token-exchange' as const,
    apiAudience: API,
    clientId: 'adapter',
    clientSecret: 'a secret of the adapter',
  }
  const { adapter, backend, lines } = await start(t, {}, { configFile: fixture('auth-tools.yaml'), auth }, who)
  resources[adapter.url] = { scopes: SCOPES }
  return { idp, backend, taken, lines, url: adapter.url }
}

for (const flavour of ['v1', 'v2-legacy', 'v2-modern'] as Flavour[]) {
  t.test(`${flavour}: from a bare 401 to a call for a person, and on to more rights`, async (t) => {
    const { idp, backend, taken, lines, url } = await setUp(t)
    const client = await connectWithSignIn(t, { url, idp, user: 'ada', flavour })
    const [asked] = client.kept.sentTo
    t.equal(asked?.origin, idp.issuer)
    t.match(Object.fromEntries(asked?.searchParams ?? []), {
      resource: url,
      scope: /^caller:read order:read/,
      code_challenge_method: 'S256',
      client_id: 'app',
    })
    t.match(decodeJwt(client.kept.accessTokens[0] ?? ''), { aud: url, sub: 'ada', client_id: 'app' })
    t.equal((await client.list()).length, 7)
    t.notOk((await client.call('list_orders')).isError)
    t.equal(client.kept.sentTo.length, 1, 'one sign-in for what it began with')

    t.notOk((await client.call('get_user_by_id', { userId: 'ada' })).isError)
    t.equal(client.kept.sentTo.length, 2, 'one more for more')
    t.match(client.kept.sentTo[1]?.searchParams.get('scope'), /caller:read.*user:read/)

    const me = await client.call('get_current_caller')
    t.match(me.structuredContent, { userId: 'ada' })
    t.ok(taken.length >= 6)
    for (const claims of taken) t.match(claims, { aud: API, sub: 'ada', act: { sub: 'app' }, client_id: 'adapter' })
    t.same(
      tokensSeen(backend.calls()).map((token) => decodeJwt(token).scope),
      ['order:read', 'user:read'],
      'never more than the one tool needs',
    )
    const seen = JSON.stringify(backend.seen)
    for (const inbound of client.kept.accessTokens) t.notOk(seen.includes(inbound), 'what the client sent stays here')
    t.notMatch(JSON.stringify(lines), /eyJ|a secret of the adapter/)
  })
}

t.test('tokens end, keys change, and the provider is away for a while', async (t) => {
  const { idp, url } = await setUp(t)
  const client = await connectWithSignIn(t, { url, idp, user: 'ada', flavour: 'v2-modern' })
  const scope = 'caller:read order:read'
  const { tokens } = client.kept
  const old = await idp.tokenFor({ client: 'app', user: 'ada', resource: url, scope, ageSeconds: 3600 })
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  const withOld = await post(url, list, { authorization: `Bearer ${old.access_token}` })
  t.equal(withOld.status, 401)
  t.match(withOld.headers.get('www-authenticate'), /error="invalid_token"/)

  client.kept.tokens = { ...tokens, access_token: old.access_token } as typeof tokens
  t.notOk((await client.call('list_orders')).isError)
  t.equal(client.kept.sentTo.length, 1, 'the client renewed its token without its person')

  await idp.rotateKeys()
  t.notOk((await client.call('list_orders')).isError)
  t.equal(client.kept.sentTo.length, 1)
  t.equal(client.kept.accessTokens.length, 3, 'what the old key had signed is over; what the new one signs is good')

  await idp.stop()
  t.notOk((await client.call('list_orders')).isError, 'what was exchanged goes on for its two minutes')
  await idp.start()

  const other = await idp.tokenFor({ client: 'app', user: 'bob', resource: url, scope })
  await post(url, { ...list, method: 'ping' }, { authorization: `Bearer ${other.access_token}` })
  await idp.stop()
  const body = { ...list, method: 'tools/call', params: { name: 'list_orders', arguments: {} } }
  const failed = await (await post(url, body, { authorization: `Bearer ${other.access_token}` })).text()
  t.match(failed, /identity-provider-unavailable: .*Nothing was sent/)
  await idp.start()
  const works = await (await post(url, body, { authorization: `Bearer ${other.access_token}` })).text()
  t.notMatch(works, /isError/)
})

t.test('a token for the API is none for the endpoint, and one for the endpoint none for the API', async (t) => {
  const { idp, url, backend } = await setUp(t)
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  const scope = 'caller:read'
  const forApi = await idp.tokenFor({ client: 'app', user: 'ada', resource: API, scope })
  t.equal((await post(url, list, { authorization: `Bearer ${forApi.access_token}` })).status, 401)
  t.same(backend.seen, [])
  const forUs = await idp.tokenFor({ client: 'app', user: 'ada', resource: url, scope })
  t.equal((await post(url, list, { authorization: `Bearer ${forUs.access_token}` })).status, 200)
  const direct = await fetch(`${backend.url}/api/v1/me`, { headers: { authorization: `Bearer ${forUs.access_token}` } })
  t.equal(direct.status, 401)
})
