import { exportJWK, generateKeyPair } from 'jose'
import t from 'tap'
import { type AuthSettings, startAdapter } from '../../mcp-adapter/src/index.ts'
import { connectWithSignIn } from '../../mcp-adapter/test/oauth-client.ts'
import { memoryLog } from '../../mcp-adapter/test/support.ts'
import { readIssuers } from '../../src/identity/issuers.ts'
import { createTokens } from '../../src/identity/tokens.ts'
import { startIdentityProvider } from '../support/identity-provider.ts'
import { PEOPLE, startService } from '../support/service.ts'

/** Client, identity provider, adapter and API together, each the real one. */
const API = 'https://api.example.com'
const SCOPES = 'caller:read user:read user:suspend product:read order:read order:create order:cancel'.split(' ')
const SECRET = 'x'.repeat(32)

const pair = await generateKeyPair('ES256', { extractable: true })
const clientKey = { ...(await exportJWK(pair.privateKey)), kid: 'voucher-1' }
const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'voucher-1', alg: 'ES256', use: 'sig' }] }
const resources: Record<string, { scopes: string[] }> = { [API]: { scopes: SCOPES } }
const voucher = {
  client_id: 'voucher',
  token_endpoint_auth_method: 'private_key_jwt',
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
  jwks,
}
const idp = await startIdentityProvider(t, {
  resources,
  clients: [{ client_id: 'app' }, { client_id: 'adapter', client_secret: SECRET }, voucher],
  users: { [PEOPLE.ada.id]: {} },
})
const setting = [{ issuer: idp.issuer, assertionKeys: { voucher: { jwks } } }]
const tokens = createTokens({ publicUrl: API, issuers: readIssuers(JSON.stringify(setting)).issuers })
const { app, storage, log } = await startService(t, { tokens })
const apiUrl = await app.listen({ port: 0, host: '127.0.0.1' })
const adapterLog = memoryLog()

/** A client that its person signed in with, at an adapter that speaks for its callers in one of the ways. */
async function connect(auth: AuthSettings) {
  const adapter = await startAdapter({
    configFile: new URL('../../mcp-adapter/tools.yaml', import.meta.url).pathname,
    apiUrl,
    port: 0,
    log: adapterLog.log,
    auth: { issuers: [idp.issuer], apiAudience: API, ...auth },
  })
  t.teardown(() => adapter.close())
  resources[adapter.url] = { scopes: SCOPES }
  return connectWithSignIn(t, { url: adapter.url, idp, user: PEOPLE.ada.id, flavour: 'v2-modern' })
}
const client = await connect({ downstream: 'token-exchange', clientId: 'adapter', clientSecret: SECRET })
const vouchedFor = await connect({ downstream: 'client-credentials', clientId: 'voucher', clientKey })

t.test('an agent reads with what it began with, and asks its person once for more', async (t) => {
  t.match(client.kept.sentTo[0]?.searchParams.get('scope'), /^caller:read user:read product:read order:read/)
  t.ok(
    (await client.list()).some(({ name }) => name === 'create_order'),
    'what it may get is offered',
  )
  t.notOk((await client.call('list_products')).isError)
  t.equal(client.kept.sentTo.length, 1)
  const order = { items: [{ sku: 'LAMP', quantity: 1 }] }
  const placed = await client.call('create_order', order)
  t.notOk(placed.isError)
  t.equal(client.kept.sentTo.length, 2)
  t.notOk((await client.call('create_order', order)).isError)
  t.equal(client.kept.sentTo.length, 2)
})

t.test('the API knows the person, and the agent that acts for them', async (t) => {
  const { structuredContent } = await client.call('get_current_caller')
  t.match(structuredContent, { userId: PEOPLE.ada.id, kind: 'agent', agentId: 'app' })
  const entries = await storage.db.auditEntry.findMany({ where: { action: 'order:create' } })
  t.equal(entries.length, 2)
  for (const entry of entries) t.match(entry, { userId: PEOPLE.ada.id, agentId: 'app', tool: 'create_order' })
})

t.test('a scope does not make an agent more than its person', async (t) => {
  await t.rejects(client.call('suspend_user', { userId: PEOPLE.bob.id }), /Unknown tool/)
  const bob = await storage.db.user.findUniqueOrThrow({ where: { id: PEOPLE.bob.id } })
  t.equal(bob.status, 'active')
})

t.test('where the provider does not exchange, the adapter vouches, and the API knows both as well', async (t) => {
  const { structuredContent } = await vouchedFor.call('get_current_caller')
  t.match(structuredContent, { userId: PEOPLE.ada.id, kind: 'agent', agentId: 'app' })
  t.notOk((await vouchedFor.call('create_order', { items: [{ sku: 'LAMP', quantity: 1 }] })).isError)
  t.notOk((await vouchedFor.call('list_orders')).isError)
})

t.test("the client's token works nowhere but at the endpoint, and is in no log", async (t) => {
  const inbound = client.kept.accessTokens.at(-1) ?? ''
  const direct = await app.inject({ url: '/api/v1/me', headers: { authorization: `Bearer ${inbound}` } })
  t.equal(direct.statusCode, 401)
  t.notMatch(JSON.stringify([log, adapterLog.lines]), /eyJ/)
})
