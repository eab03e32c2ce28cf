import { request as rawRequest } from 'node:http'
import { base64url, exportSPKI, generateKeyPair, importJWK } from 'jose'
import t, { type Test } from 'tap'
import { createGate } from '../src/auth/gate.ts'
import { createAuthRule } from '../src/auth/settings.ts'
import { PEOPLE } from './fixtures/backend.ts'
import { startIssuer, tokensSeen } from './fixtures/issuer.ts'
import { start } from './start.ts'
import { fixture, memoryLog, post } from './support.ts'

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
const call = (name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
})
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** Two issuers, an adapter that takes their tokens and forwards them, and an API that takes everything. */
async function setUp(t: Test, curation = 'auth-tools.yaml', behind = 'token-ada') {
  const [issuer, other] = await Promise.all([startIssuer(t), startIssuer(t)])
  const auth = { issuers: [issuer.issuer, other.issuer], downstream: 'same-audience' as const }
  const who = (token: string) => PEOPLE[token] ?? PEOPLE[behind]
  const { adapter, backend, lines } = await start(t, {}, { configFile: fixture(curation), auth }, who)
  const { url } = adapter
  const token = (more = {}) => issuer.sign(issuer.claims(url, more))
  return { issuer, other, adapter, backend, lines, url, token }
}

async function message(response: Response) {
  const text = await response.text()
  return JSON.parse(text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? '{}'))
}

t.test('a caller without a token is told where to get one, and for what', async (t) => {
  const { url, issuer, other } = await setUp(t)
  const bare = await post(url, list, { authorization: '' })
  t.equal(bare.status, 401)
  const metadata = new URL('/.well-known/oauth-protected-resource/mcp', url).href
  t.equal(
    bare.headers.get('www-authenticate'),
    `Bearer scope="caller:read order:read", resource_metadata="${metadata}"`,
  )
  for (const place of [metadata, metadata.replace(/\/mcp$/, '')]) {
    const response = await fetch(place)
    t.equal(response.headers.get('content-type'), 'application/json')
    t.same(await response.json(), {
      resource: url,
      resource_name: 'Fixture shop',
      authorization_servers: [issuer.issuer, other.issuer],
      scopes_supported: ['caller:read', 'order:read'],
      bearer_methods_supported: ['header'],
    })
  }
  t.equal((await fetch(metadata, { method: 'POST' })).status, 405)
  t.equal((await fetch(`${metadata}/more`)).status, 404)
})

t.test('without issuers there is no metadata, and the API judges', async (t) => {
  const { adapter } = await start(t, {}, { configFile: fixture('auth-tools.yaml') })
  t.equal((await fetch(new URL('/.well-known/oauth-protected-resource', adapter.url))).status, 404)
  t.equal((await post(adapter.url, list)).status, 200)
})

t.test('a token that is not good in every respect gets 401, and the API is not asked', async (t) => {
  const { url, issuer, other, backend, lines } = await setUp(t)
  const now = Math.floor(Date.now() / 1000)
  const { privateKey: stranger } = await generateKeyPair('ES256')
  const { privateKey: rsa } = await generateKeyPair('RS512')
  const publicKey = await importJWK(issuer.publicKey(), 'ES256', { extractable: true })
  const pem = new TextEncoder().encode(await exportSPKI(publicKey as Parameters<typeof exportSPKI>[0]))
  const claims = (more = {}) => issuer.claims(url, more)
  const good = await issuer.sign(claims())
  const [head = '', body = '', signature = ''] = good.split('.')
  const unsigned = base64url.encode(JSON.stringify({ alg: 'none', typ: 'at+jwt' }))
  const cases: Record<string, string | Promise<string>> = {
    'no signature': `${head}.${body}.`,
    'alg none': `${unsigned}.${body}.`,
    'a key of nobody': issuer.sign(claims(), {}, stranger),
    'a key that the token brings': issuer.sign(claims(), { jwk: issuer.publicKey(), kid: undefined }, stranger),
    'a public key as a secret': issuer.sign(claims(), { alg: 'HS256' }, pem),
    'an algorithm that is not allowed': issuer.sign(claims(), { alg: 'RS512' }, rsa),
    'claims that were changed': `${head}.${base64url.encode(JSON.stringify(claims({ sub: 'bob' })))}.${signature}`,
    'another audience': issuer.sign(claims({ aud: 'https://other.example/mcp' })),
    'the audience as a prefix': issuer.sign(claims({ aud: `${url}/more` })),
    'an unknown issuer': issuer.sign(claims({ iss: 'https://evil.example' })),
    "one issuer's name, another's key": other.sign(claims(), { kid: issuer.kid() }),
    'an ID token': issuer.sign(claims(), { typ: 'JWT' }),
    'no type': issuer.sign(claims(), { typ: undefined }),
    'a critical extension': issuer.sign(claims(), { crit: ['x'], x: 1 }),
    expired: issuer.sign(claims({ exp: now - 60 })),
    'not valid yet': issuer.sign(claims({ nbf: now + 60 })),
    'bound to a key': issuer.sign(claims({ cnf: { jkt: 'x' } })),
    'scopes as a list': issuer.sign(claims({ scope: ['order:read'] })),
    'an empty subject': issuer.sign(claims({ sub: '' })),
    oversized: issuer.sign(claims({ more: 'x'.repeat(8192) })),
    'no JWT': 'nonsense',
    'an API key of another make': 'hr_1_secret',
  }
  for (const name of ['iss', 'aud', 'sub', 'exp', 'iat', 'client_id', 'jti'])
    cases[`no ${name}`] = issuer.sign(claims({ [name]: undefined }))
  for (const [name, token] of Object.entries(cases)) {
    const response = await post(url, { ...list, method: 'ping' }, bearer(await token))
    t.equal(response.status, 401, name)
    t.match(response.headers.get('www-authenticate'), /^Bearer error="invalid_token", scope=".*", resource_metadata="/)
  }
  t.equal((await post(url, list, bearer(good))).status, 200)
  t.same(new Set(tokensSeen(backend.seen)), new Set([good]))
  t.notMatch(JSON.stringify(lines), /eyJ/, 'no token is logged')
})

t.test('a token counts in one header, once, and nowhere else', async (t) => {
  const { url, token, backend } = await setUp(t)
  const good = await token()
  const doubled = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: [`Bearer ${good}`, `Bearer ${good}`] }
    const request = rawRequest(url, { method: 'POST', headers: headers as never }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.on('error', reject).end(JSON.stringify(list))
  })
  t.equal(doubled, 401)
  for (const query of [`access_token=${good}`, 'a=1&ACCESS_TOKEN=x', 'access%5Ftoken=x']) {
    const response = await post(`${url}?${query}`, list, bearer(good))
    t.equal(response.status, 400, query.slice(0, 20))
    t.match(await response.json(), { error: 'token-in-query' })
  }
  t.same(backend.seen, [])
})

t.test('what a token does not allow gets 403 with all that is needed, before anything runs', async (t) => {
  const { url, token, backend } = await setUp(t)
  const limited = bearer(await token())
  for (const [body, scope] of [
    [call('create_order', { items: [] }), 'caller:read order:create'],
    [call('create_order', { wrong: 'arguments' }), 'caller:read order:create'],
    [[call('create_order'), call('get_user_by_id')], 'caller:read order:create user:read'],
  ] as const) {
    const response = await post(url, body, limited)
    t.equal(response.status, 403)
    const told = response.headers.get('www-authenticate')
    t.match(told, `Bearer error="insufficient_scope", scope="${scope}", resource_metadata="http`)
    t.match(await response.json(), { error: 'insufficient-scope' })
  }
  const none = bearer(await token({ scope: undefined }))
  t.match((await post(url, list, none)).headers.get('www-authenticate'), /scope="caller:read"/)
  t.equal((await post(url, { ...list, method: 'ping' }, none)).status, 200, 'what asks the API nothing needs nothing')
  t.same(backend.seen, [])
  const enough = await post(url, call('list_orders'), limited)
  t.equal((await message(enough)).result.structuredContent.items.length, 1)
  t.equal((await message(await post(url, call('no_such_tool'), limited))).error.code, -32602)
})

t.test('API keys go to the API as they are, where they are allowed', async (t) => {
  const { url, backend } = await setUp(t)
  t.equal((await post(url, call('create_order', { items: [] }), bearer('token-bob'))).status, 200)
  t.same(new Set(tokensSeen(backend.seen)), new Set(['token-bob']))
  const strict = await setUp(t, 'auth-strict-tools.yaml')
  t.equal((await post(strict.url, list, bearer('token-ada'))).status, 401)
  t.same(strict.backend.seen, [])
})

t.test('a list shows what the person may do, and can offer what the token does not allow yet', async (t) => {
  const offering = await setUp(t, 'auth-strict-tools.yaml', 'token-bob')
  const plain = await setUp(t, 'auth-tools.yaml', 'token-bob')
  const names = async ({ url, token }: typeof plain, scope: string) => {
    const answer = await message(await post(url, list, bearer(await token({ scope }))))
    return answer.result.tools.map(({ name }: { name: string }) => name)
  }
  t.same(await names(offering, 'caller:read'), ['get_current_caller', 'list_orders', 'create_order'])
  t.same(await names(offering, 'caller:read order:create'), ['get_current_caller', 'list_orders'], 'bob may not order')
  t.same(await names(plain, 'caller:read'), ['get_current_caller', 'list_orders', 'order_tags'])
})

t.test('keys are fetched once, again when they change, and not for every forgery', async (t) => {
  const { url, token, issuer } = await setUp(t)
  const first = await token()
  const answers = await Promise.all([first, await token(), first].map((each) => post(url, list, bearer(each))))
  t.same(
    answers.map(({ status }) => status),
    [200, 200, 200],
  )
  t.equal(issuer.asked.keys, 1)
  await issuer.rotate()
  t.equal((await post(url, list, bearer(await token()))).status, 200, 'a new key is found')
  t.equal(issuer.asked.keys, 2)
  t.equal((await post(url, list, bearer(first))).status, 401, 'what the old key had proved is forgotten with it')

  const calm = await setUp(t, 'auth-strict-tools.yaml')
  t.equal((await post(calm.url, list, bearer(await calm.token()))).status, 200)
  const forged = { kid: 'unknown' }
  for (let i = 0; i < 5; i++) {
    const claims = calm.issuer.claims(calm.url)
    t.equal((await post(calm.url, list, bearer(await calm.issuer.sign(claims, forged)))).status, 401)
  }
  t.equal(calm.issuer.asked.keys, 1, 'unknown keys wait for the cooldown')
})

t.test('while the issuer is down, known keys go on; without any it is 503, until it is back', async (t) => {
  const { url, token, issuer, other } = await setUp(t)
  t.equal((await post(url, list, bearer(await token()))).status, 200)
  await Promise.all([issuer.stop(), other.stop()])
  t.equal((await post(url, list, bearer(await token()))).status, 200)
  const theirs = await other.sign(other.claims(url))
  const response = await post(url, list, bearer(theirs))
  t.equal(response.status, 503)
  t.equal(response.headers.get('retry-after'), '5')
  t.match(await response.json(), { error: 'identity-provider-unavailable', retryable: true })
  await other.start()
  t.equal((await post(url, list, bearer(theirs))).status, 200)
})

t.test('a person stays the same when their token is renewed, and is another with another agent', async (t) => {
  const issuer = await startIssuer(t)
  const rule = createAuthRule(
    { scopes: {}, apiKeys: { prefix: 'hr_' } },
    { issuers: [issuer.issuer], audience: 'https://mcp.example', downstream: 'same-audience' },
    [],
  )
  if (!rule) throw new Error('there is an issuer')
  const gate = createGate(rule, { ownUrl: () => '', log: memoryLog().log })
  t.teardown(() => gate.close())
  const owner = async (more = {}) => {
    const { owner } = await gate.identify(await issuer.sign(issuer.claims('https://mcp.example', more)))
    return owner
  }
  const first = await owner()
  t.equal(await owner({ scope: 'more' }), first)
  for (const more of [{ sub: 'bob' }, { client_id: 'other' }, { act: { sub: 'planner' } }])
    t.not(await owner(more), first, JSON.stringify(more))
  t.match(await gate.identify('hr_1_x'), { owner: 'hr_1_x', isForwarded: true, scopes: undefined })
})

t.test('metadata of another issuer leads to no keys', async (t) => {
  const { url, token, issuer, other } = await setUp(t)
  issuer.answerMetadata({ issuer: other.issuer })
  t.equal((await post(url, list, bearer(await token()))).status, 503)
  issuer.answerMetadata({ jwks_uri: 'http://keys.example/jwks' })
  t.equal((await post(url, list, bearer(await token()))).status, 503, 'nor does plain http')
})
