import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import t from 'tap'
import { readIssuers } from '../../../src/identity/issuers.ts'
import { createTokens } from '../../../src/identity/tokens.ts'
import { PEOPLE, startService } from '../../support/service.ts'
import { AUDIENCE, startTokenIssuer } from '../../support/token-issuer.ts'

const ADAPTER = 'adapter'
const issuer = await startTokenIssuer(t, ADAPTER)
const pair = await generateKeyPair('ES256')
const other = await generateKeyPair('ES256')
const issuers = issuer.settings({
  firstPartyClients: [ADAPTER],
  assertionKeys: {
    [ADAPTER]: { jwks: { keys: [await exportJWK(pair.publicKey)] } },
    second: { jwks: { keys: [await exportJWK(other.publicKey)] } },
  },
})
const { app, keys, log } = await startService(t, { tokens: createTokens({ publicUrl: AUDIENCE, issuers }) })

const own = await issuer.sign({ client_id: ADAPTER, scope: 'caller:read order:read' })

function assertion(claims: object = {}, { typ = 'handrail-assertion+jwt', key = pair.privateKey, alg = 'ES256' } = {}) {
  const now = Math.floor(Date.now() / 1000)
  const good = {
    iss: ADAPTER,
    sub: PEOPLE.ada.id,
    aud: AUDIENCE,
    act: { sub: 'copilot' },
    jti: randomUUID(),
    iat: now,
    exp: now + 60,
  }
  const fields = Object.entries({ ...good, ...claims }).filter(([, value]) => value !== undefined)
  return new SignJWT(Object.fromEntries(fields)).setProtectedHeader({ alg, typ }).sign(key)
}
const send = (token: string, statement?: string) =>
  app.inject({
    url: '/api/v1/me',
    headers: { authorization: `Bearer ${token}`, ...(statement && { 'handrail-assertion': statement }) },
  })

t.test('a client that may vouch calls for the person that it names, as the agent that it names', async (t) => {
  const response = await send(own, await assertion())
  t.equal(response.statusCode, 200)
  t.match(response.json(), {
    userId: PEOPLE.ada.id,
    kind: 'agent',
    agentId: 'copilot',
    scopes: ['caller:read', 'order:read'],
  })
  t.match((await send(own, await assertion({ sub: PEOPLE.bob.id }))).json(), { userId: PEOPLE.bob.id })
  t.match((await send(own)).json(), { error: 'unauthenticated', message: /acts for nobody/ })
})

t.test('an assertion is good once', async (t) => {
  const statement = await assertion()
  t.equal((await send(own, statement)).statusCode, 200)
  t.match((await send(own, statement)).json(), { error: 'unauthenticated', message: /used before/ })
  const both = await assertion()
  const statuses = (await Promise.all([send(own, both), send(own, both)])).map(({ statusCode }) => statusCode)
  t.strictSame(statuses.sort(), [200, 401], 'two at once are told apart')
})

t.test('whatever is wrong with an assertion, the answer is 401', async (t) => {
  const now = Math.floor(Date.now() / 1000)
  const person = await issuer.sign({ sub: PEOPLE.ada.id, client_id: ADAPTER })
  const stranger = await issuer.sign({ sub: 'job', client_id: 'job' })
  const wrong: [string, string, RegExp, string?][] = [
    ['another key', await assertion({}, { key: other.privateKey }), /signature/],
    ['another kind of token', await assertion({}, { typ: 'at+jwt' }), /typ/],
    ['an access token', own, /signature|typ/],
    ['another audience', await assertion({ aud: issuer.url }), /audience/],
    ['another client', await assertion({ iss: 'second' }), /iss/],
    ['good for too long', await assertion({ exp: now + 3600 }), /more than 60/],
    ['too old', await assertion({ iat: now - 70, exp: now - 10 }), /expired/],
    ['made in the future', await assertion({ iat: now + 30, exp: now + 60 }), /iat/],
    ['nobody here', await assertion({ sub: 'copilot' }), /nobody/],
    ['no actor', await assertion({ act: {} }), /actor/],
    ...(await Promise.all(
      ['iss', 'sub', 'aud', 'act', 'jti', 'iat', 'exp'].map(
        async (claim): Promise<[string, string, RegExp]> => [
          `no ${claim}`,
          await assertion({ [claim]: undefined }),
          new RegExp(claim === 'aud' ? 'audience|aud' : claim),
        ],
      ),
    )),
    ['no JWT', 'Ada', /header/],
    ['two of them', `${await assertion()}, ${await assertion()}`, /signature|header/],
    ['too large', await assertion({ padding: 'x'.repeat(4096) }), /larger/],
    ['of a client that may not', await assertion(), /may not vouch/, stranger],
    ['beside a token of a person', await assertion(), /not with one of a person/, person],
    ['beside an API key', await assertion(), /with an access token/, keys.ada],
    ['that names the client itself', await assertion({ sub: ADAPTER }), /nobody/],
  ]
  for (const [name, statement, reason, token = own] of wrong) {
    const response = await send(token, statement)
    t.match(
      { status: response.statusCode, body: response.json() },
      { status: 401, body: { error: 'unauthenticated', message: reason } },
      name,
    )
  }
  t.notMatch(JSON.stringify(log), own.split('.')[2] as string)
})

t.test('keys to verify with are public keys, and the settings say so', async (t) => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  for (const source of [
    { jwks: { keys: [await exportJWK(privateKey)] } },
    { jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } },
    { jwks: { keys: [] } },
    { jwksUri: 'http://keys.example.com/jwks' },
    {},
  ]) {
    const { problems } = readIssuers(JSON.stringify([{ issuer: issuer.url, assertionKeys: { adapter: source } }]))
    t.match(problems.join(), /\[0\]\.assertionKeys must map client ids/)
    t.notMatch(problems.join(), /c2VjcmV0/)
  }
})
