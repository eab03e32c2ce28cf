import { createHmac, generateKeyPairSync, KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { type OutgoingHttpHeaders, request } from 'node:http'
import { exportJWK, exportSPKI, type JWK } from 'jose'
import t from 'tap'
import { createTokens, type TokenOptions } from '../../../src/identity/tokens.ts'
import { PEOPLE, startService, UNKNOWN_ID } from '../../support/service.ts'
import { AUDIENCE, startTokenIssuer } from '../../support/token-issuer.ts'

/** What a test may move: the clock by which keys grow old. */
const clock = { ahead: 0 }
const issuer = await startTokenIssuer(t, PEOPLE.ada.id)
const options = (more: object = {}): TokenOptions => ({
  publicUrl: AUDIENCE,
  issuers: issuer.settings({ firstPartyClients: ['shop-app'], ...more }),
  keyTimes: { now: () => Date.now() + clock.ahead },
})
const tokens = createTokens(options())
const service = await startService(t, { tokens })
const address = await service.app.listen({ port: 0, host: '127.0.0.1' })

interface Answer {
  status: number
  headers: Record<string, unknown>
  // biome-ignore lint/suspicious/noExplicitAny: bodies of every shape
  body: any
}

/** Over a real socket, where several headers of one name stay several. */
async function get(authorization: string | string[] | undefined, path = '/me', headers = {}): Promise<Answer> {
  const sent = { ...headers, ...(authorization !== undefined && { authorization }) } as OutgoingHttpHeaders
  const [response] = await once(request(`${address}/api/v1${path}`, { headers: sent, agent: false }).end(), 'response')
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part)
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(Buffer.concat(parts).toString()) }
}
const bearer = (token: string) => `Bearer ${token}`
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

t.test('a good token is its person, within its scopes', async (t) => {
  const { status, body } = await get(bearer(await issuer.sign()))
  t.equal(status, 200)
  t.match(body, { userId: PEOPLE.ada.id, kind: 'person', agentId: null, role: 'customer' })
  t.strictSame(body.scopes, ['caller:read', 'order:read'])
  for (const header of [{ typ: 'application/at+jwt' }, { typ: 'AT+JWT' }]) {
    t.equal((await get(bearer(await issuer.sign({}, header)))).status, 200, header.typ)
  }
  for (const aud of [`${AUDIENCE}/`, `${AUDIENCE}/api/v1`, ['https://other.example', AUDIENCE]]) {
    t.equal((await get(bearer(await issuer.sign({ aud })))).status, 200, String(aud))
  }
  t.equal((await get(bearer(service.keys.ada))).status, 200, 'API keys go on working')
  for (const alg of ['PS256', 'EdDSA']) {
    const { privateKey } = await issuer.addKey(alg, alg)
    clock.ahead += 60_000
    t.equal((await get(bearer(await issuer.sign({}, { alg, kid: alg }, privateKey)))).status, 200, alg)
  }
  const line = service.log.findLast(({ msg }) => msg === 'request')
  t.equal(line?.credentialId, `shop-app@${issuer.url}`)
})

t.test('whatever is wrong with a token, the answer is 401', async (t) => {
  const now = Math.floor(Date.now() / 1000)
  const good = await issuer.sign()
  const [head = '', payload = '', signature = ''] = good.split('.')
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsa = await issuer.addKey('RS256', 'rsa')
  const tiny = generateKeyPairSync('rsa', { modulusLength: 1024 })
  issuer.keys.push({ ...(tiny.publicKey.export({ format: 'jwk' }) as JWK), kid: 'tiny', alg: 'RS256' })
  issuer.keys.push({
    kty: 'oct',
    k: Buffer.from('a shared secret of thirty-two bytes').toString('base64url'),
    kid: 'shared',
  })
  clock.ahead += 60_000
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const shared = (secret: string | Buffer, header: object) => {
    const text = `${encode(header)}.${encode(claims)}`
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
  }
  const ownKey = await exportJWK(stranger.publicKey)
  const pem = await exportSPKI(rsa.publicKey)
  const rsaJwk = issuer.keys.find(({ kid }) => kid === 'rsa')
  const hs = { alg: 'HS256', typ: 'at+jwt' }

  const wrong: Record<string, string | Promise<string>> = {
    'alg none': `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
    'alg None': `${encode({ alg: 'None', typ: 'at+jwt' })}.${payload}.`,
    'alg none with the signature of another': `${encode({ alg: 'none', typ: 'at+jwt', kid: 'first' })}.${payload}.${signature}`,
    'no algorithm': `${encode({ typ: 'at+jwt', kid: 'first' })}.${payload}.${signature}`,
    'another key': issuer.sign({}, {}, stranger.privateKey),
    'HS256 with the public key as the secret': shared(pem, { ...hs, kid: 'rsa' }),
    'HS256 with the public key as JSON': shared(JSON.stringify(rsaJwk), { ...hs, kid: 'rsa' }),
    'HS256 with a shared key that is published': shared('a shared secret of thirty-two bytes', {
      ...hs,
      kid: 'shared',
    }),
    'HS256 with an empty secret': shared('', hs),
    'RS256 said, ES256 signed': `${encode({ alg: 'RS256', typ: 'at+jwt', kid: 'rsa' })}.${payload}.${signature}`,
    'the kid of a key of another kind': issuer.sign({}, { kid: 'rsa' }),
    'an algorithm that is not allowed': issuer.sign(
      {},
      { alg: 'RS512', kid: 'rsa' },
      (await issuer.addKey('RS512', 'rs512')).privateKey,
    ),
    'a key that is too short': shared('x', { alg: 'RS256', typ: 'at+jwt', kid: 'tiny' }),
    'an unknown kid': issuer.sign({}, { kid: 'nobody' }),
    'a kid that is a path': issuer.sign({}, { kid: '../../../../dev/null' }),
    'a kid that is SQL': issuer.sign({}, { kid: "' OR 1=1 --" }),
    'a kid that is a URL': issuer.sign({}, { kid: `${issuer.url}/jwks` }, stranger.privateKey),
    'its own key in the header': issuer.sign({}, { jwk: ownKey, kid: undefined }, stranger.privateKey),
    'its own key under a known kid': issuer.sign({}, { jwk: ownKey }, stranger.privateKey),
    'jku and x5u of its own': issuer.sign(
      {},
      { jku: 'http://127.0.0.1:1/jwks', x5u: 'http://127.0.0.1:1/c' },
      stranger.privateKey,
    ),
    'x5c of its own': issuer.sign({}, { x5c: ['MIIB'] }, stranger.privateKey),
    'a critical extension': raw({ crit: ['exp'], exp: now }),
    b64: raw({ crit: ['b64'], b64: true }),
    'b64 without crit': raw({ b64: false }),
    'an ID token': issuer.sign({}, { typ: 'JWT' }),
    'no typ': issuer.sign({}, { typ: undefined }),
    'another issuer': issuer.sign({ iss: 'https://idp.example.org' }),
    'an issuer with a slash more': issuer.sign({ iss: `${issuer.url}/` }),
    'an issuer that is a list': issuer.sign({ iss: [issuer.url] }),
    'an issuer named like a method': issuer.sign({ iss: 'constructor' }),
    'another audience': issuer.sign({ aud: 'https://other.example' }),
    'an audience that begins like ours': issuer.sign({ aud: `${AUDIENCE}.evil.example` }),
    expired: issuer.sign({ exp: now - 6 }),
    'expired long ago': issuer.sign({ iat: 1, exp: 2 }),
    'not valid yet': issuer.sign({ nbf: now + 60 }),
    'issued in the future': issuer.sign({ iat: now + 60 }),
    'exp as text': issuer.sign({ exp: String(now + 60) as never }),
    'a scope that is a list': issuer.sign({ scope: ['order:read'] }),
    'an empty scope': issuer.sign({ scope: '' }),
    'a scope with a quote': issuer.sign({ scope: 'order:read "' }),
    'a client that is no name': issuer.sign({ client_id: 'a b\n' }),
    'an actor without a name': issuer.sign({ act: {} }),
    'an actor that is a text': issuer.sign({ act: 'agent' }),
    'bound to a key of its holder': issuer.sign({ cnf: { jkt: 'x' } }),
    'of nobody here': issuer.sign({ sub: UNKNOWN_ID }),
    'of somebody who is no id': issuer.sign({ sub: 'ada' }),
    'of a client alone': issuer.sign({ sub: 'shop-app' }),
    'larger than 8 kB': issuer.sign({ padding: 'x'.repeat(8192) }),
    'cut off': good.slice(0, -10),
    'without its signature': `${head}.${payload}.`,
    'two parts': `${head}.${payload}`,
    'four parts': `${good}.${signature}`,
    'five parts, as an encrypted one has': `${head}.e.e.e.e`,
    'a payload that was changed': `${head}.${encode({ ...claims, sub: PEOPLE.admin.id })}.${signature}`,
    'a payload that is no JSON': `${head}.${Buffer.from('no').toString('base64url')}.${signature}`,
    'a payload that is null': `${head}.${Buffer.from('null').toString('base64url')}.${signature}`,
    'a header that is no JSON': `bm8.${payload}.${signature}`,
    'no token at all': 'x',
    'a key that is none': `hr_${'a'.repeat(24)}_${'b'.repeat(43)}`,
  }
  for (const claim of ['iss', 'sub', 'aud', 'client_id', 'exp', 'iat', 'jti', 'scope']) {
    wrong[`without ${claim}`] = issuer.sign({ [claim]: undefined })
  }
  /** Signed as it should be, with a header that jose would not write. */
  function raw(header: object) {
    const text = `${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'first', ...header })}.${payload}`
    const key = KeyObject.from(issuer.pair.privateKey as Parameters<typeof KeyObject.from>[0])
    return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }
  t.equal((await get(bearer(raw({ jku: 'https://evil.example/jwks' })))).status, 200, 'a jku is not looked at')
  /** What is told of those whose signature holds: each is refused for its own fault. */
  const reasons: Record<string, RegExp> = {
    'a critical extension': /extensions/,
    b64: /extensions/,
    'b64 without crit': /extensions/,
    'an ID token': /typ/,
    'no typ': /typ/,
    'another issuer': /not accepted/,
    'another audience': /audience/,
    'an audience that begins like ours': /audience/,
    expired: /expired/,
    'not valid yet': /not valid yet/,
    'issued in the future': /future/,
    'a scope that is a list': /scope/,
    'an empty scope': /scope/,
    'an actor without a name': /actor/,
    'an actor that is a text': /actor/,
    'a client that is no name': /malformed/,
    'bound to a key of its holder': /Sender-constrained/,
    'of nobody here': /nobody/,
    'of a client alone': /acts for nobody/,
    'larger than 8 kB': /larger/,
  }
  for (const name of Object.keys(reasons)) t.ok(name in wrong, name)
  for (const [name, token] of Object.entries(wrong)) {
    const { status, headers, body } = await get(bearer(await token))
    t.match({ status, error: body.error }, { status: 401, error: 'unauthenticated' }, name)
    t.match(headers['www-authenticate'], /^Bearer realm="handrail", error="invalid_token", /, name)
    t.match(body.message, reasons[name] ?? /./, name)
    t.notMatch(JSON.stringify(body), signature, `${name}: the answer does not repeat it`)
  }
  t.equal((await get(bearer(good))).status, 200, 'the one they were made of is good')
  t.notMatch(JSON.stringify(service.log), signature, 'no token is in the log')
})

t.test('a header that is not one bearer token is 401, whatever is in it', async (t) => {
  const good = await issuer.sign()
  const other = await issuer.sign()
  const wrong: Record<string, string | string[] | undefined> = {
    none: undefined,
    'two headers': [bearer(good), bearer(other)],
    'the same header twice': [bearer(good), bearer(good)],
    'a key and a token': [bearer(service.keys.ada), bearer(good)],
    'two tokens in one': `${bearer(good)}, ${bearer(other)}`,
    'two tokens apart': `Bearer ${good} ${other}`,
    'a space inside': `Bearer ${good.slice(0, 20)} ${good.slice(20)}`,
    'a tab before it': `Bearer\t${good}`,
    'no scheme': good,
    'another scheme': `Basic ${Buffer.from(`ada:${good}`).toString('base64')}`,
    DPoP: `DPoP ${good}`,
    'the scheme alone': 'Bearer',
    quotes: `Bearer "${good}"`,
  }
  for (const [name, header] of Object.entries(wrong)) t.equal((await get(header)).status, 401, name)
  const { headers } = await get(undefined)
  t.equal(
    headers['www-authenticate'],
    `Bearer realm="handrail", scope="caller:read", resource_metadata="${AUDIENCE}/.well-known/oauth-protected-resource/api/v1"`,
    'without a credential there is no error, and the way to one',
  )
})

t.test('a token in the URL is refused, good or not, and with another in the header too', async (t) => {
  const good = await issuer.sign()
  for (const header of [undefined, bearer(good)]) {
    const { status, headers, body } = await get(header, `/me?access_token=${good}`)
    t.match({ status, body }, { status: 400, body: { error: 'token-in-query', retryable: false } })
    t.match(headers['www-authenticate'], /error="invalid_request"/)
  }
  t.notMatch(JSON.stringify(service.log), good.split('.')[2] as string)
})

t.test('who is not a first-party client is an agent, and so is whoever acts for somebody', async (t) => {
  const me = async (claims: object) => (await get(bearer(await issuer.sign(claims as Record<string, unknown>)))).body
  t.match(await me({ client_id: 'https://agent.example/client.json' }), {
    kind: 'agent',
    agentId: 'https://agent.example/client.json',
  })
  t.match(await me({ act: { sub: 'copilot', act: { sub: 'older' } } }), { kind: 'agent', agentId: 'copilot' })
  t.match(
    await me({ act: { sub: 'shop-app' } }),
    { kind: 'agent', agentId: 'shop-app' },
    "even a person's app, when it acts",
  )
})

t.test('scopes are our actions, and what is configured; a star is nothing', async (t) => {
  const scopes = async (scope: string) => (await get(bearer(await issuer.sign({ scope })))).body.scopes
  t.strictSame(await scopes('openid caller:read order:read offline_access'), ['caller:read', 'order:read'])
  t.same((await get(bearer(await issuer.sign({ scope: '*' })))).body.error, 'scope-missing')
  t.same((await get(bearer(await issuer.sign({ scope: 'constructor __proto__' })))).body.error, 'scope-missing')
  const { status, headers, body } = await get(bearer(await issuer.sign()), '/products')
  t.match({ status, body }, { status: 403, body: { error: 'scope-missing', missingScopes: ['product:read'] } })
  t.match(body.hint, /Missing: product:read\./)
  t.match(headers['www-authenticate'], /error="insufficient_scope", scope="product:read", resource_metadata="https:/)
})

t.test('the account is read at every request: a suspension works at once', async (t) => {
  const token = bearer(await issuer.sign())
  t.equal((await get(token)).status, 200)
  const set = (status: 'active' | 'suspended') =>
    service.storage.db.user.update({ where: { id: PEOPLE.ada.id }, data: { status } })
  await set('suspended')
  t.match((await get(token)).body, { error: 'account-not-active' })
  await set('active')
  t.equal((await get(token)).status, 200)
})

t.test('the metadata of the resource is where RFC 9728 puts it, and only where tokens are accepted', async (t) => {
  for (const path of ['', '/api/v1']) {
    const url = `/.well-known/oauth-protected-resource${path}`
    const response = await service.app.inject(url)
    t.match(response.json(), {
      resource: `${AUDIENCE}${path}`,
      authorization_servers: [issuer.url],
      scopes_supported: ['caller:read', 'product:read', 'order:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'Handrail',
      resource_documentation: `${AUDIENCE}/docs`,
    })
    t.match(response.headers, { 'content-type': /^application\/json/, 'cache-control': /max-age=/ })
  }
  const plain = await startService(t)
  t.equal((await plain.app.inject('/.well-known/oauth-protected-resource')).statusCode, 404)
  const refused = await plain.app.inject({ url: '/api/v1/me', headers: { authorization: bearer(await issuer.sign()) } })
  t.equal(refused.statusCode, 401, 'without issuers a token is no credential')
  t.equal(refused.headers['www-authenticate'], 'Bearer realm="handrail", error="invalid_token"')
})
