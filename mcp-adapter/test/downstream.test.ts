import { createLocalJWKSet, decodeJwt, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import type { AuthSettings } from '../src/index.ts'
import { PEOPLE } from './fixtures/backend.ts'
import { type Issuer, startIssuer, type TokenRequest, tokensSeen } from './fixtures/issuer.ts'
import { start } from './start.ts'
import { fixture, post } from './support.ts'

const API = 'https://api.example'
const SECRET = 'canary:client secret/1'
const call = (name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
})
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function result(response: Response) {
  const text = await response.text()
  return JSON.parse(text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? '{}')).result
}

const ada = PEOPLE['token-ada']

/** What a provider that works answers: a token for the API, for the same person, with the agent as the actor. */
function exchanged(issuer: Issuer, more: object = {}) {
  return async ({ form }: TokenRequest) => {
    const { sub, client_id, act } = decodeJwt(form.subject_token ?? '') as Record<string, unknown>
    const told = { sub, client_id: 'adapter', act: act ?? { sub: client_id }, scope: form.scope, ...more }
    const access_token = await issuer.sign(issuer.claims(API, told))
    return { body: { access_token, token_type: 'Bearer', expires_in: 120 } }
  }
}

async function setUp(
  t: Test,
  {
    settings = {},
    routes = {},
    who = () => ada,
    configFile = 'auth-tools.yaml',
  }: {
    settings?: Partial<AuthSettings>
    routes?: Parameters<typeof start>[1]
    who?: Parameters<typeof start>[3]
    configFile?: string
  } = {},
) {
  const issuer = await startIssuer(t)
  issuer.answerTokens(exchanged(issuer))
  const auth: AuthSettings = {
    issuers: [issuer.issuer],
    downstream: 'token-exchange',
    apiAudience: API,
    clientId: 'adapter',
    clientSecret: SECRET,
    ...settings,
  }
  if (auth.clientSecret === '') delete auth.clientSecret
  const { adapter, backend, lines } = await start(t, routes, { configFile: fixture(configFile), auth }, who)
  const token = (more = {}) => issuer.sign(issuer.claims(adapter.url, more))
  return { issuer, backend, lines, url: adapter.url, token }
}

t.test('the API gets a token of its own, only for what the tool needs', async (t) => {
  const { issuer, backend, url, token } = await setUp(t)
  const scope = 'caller:read order:read user:read'
  const inbound = await token({ scope })
  for (const name of ['list_orders', 'get_user_by_id', 'list_orders']) {
    const done = await result(await post(url, call(name, { userId: 'ada' }), bearer(inbound)))
    t.equal(done.isError, name === 'list_orders' ? true : undefined, 'list_orders knows no userId')
  }
  t.notOk((await result(await post(url, call('list_orders'), bearer(inbound)))).isError)
  t.equal(issuer.requests.length, 3, 'kept for each scope')
  t.match(issuer.requests[0]?.form, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: inbound,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource: API,
    audience: API,
  })
  t.same(
    issuer.requests.map(({ form }) => form.scope),
    ['caller:read order:read user:read', 'user:read', 'order:read'],
    'the question for rights has all that tools may need, each tool its own',
  )
  const basic = Buffer.from(issuer.requests[0]?.headers.authorization?.replace('Basic ', '') ?? '', 'base64')
  t.equal(basic.toString(), 'adapter:canary%3Aclient+secret%2F1')
  const seen = tokensSeen(backend.seen)
  t.notOk(seen.includes(inbound))
  for (const each of seen) t.match(decodeJwt(each), { aud: API, sub: 'ada', act: { sub: 'app' } })
  const renewed = await token({ scope })
  await post(url, call('list_orders'), bearer(renewed))
  t.equal(issuer.requests.length, 5, 'another token is exchanged by itself')
})

t.test('an actor that the token names stays the actor', async (t) => {
  const { backend, url, token } = await setUp(t)
  await post(url, call('list_orders'), bearer(await token({ act: { sub: 'planner' } })))
  t.equal(backend.calls().length, 1)
  for (const each of tokensSeen(backend.seen)) t.match(decodeJwt(each), { act: { sub: 'planner' } })
})

t.test('a provider that gives something else than was asked for is not believed', async (t) => {
  const { issuer, backend, url, token, lines } = await setUp(t)
  const give = (body: object) => () => ({ body: { token_type: 'Bearer', expires_in: 60, ...body } })
  const cases: Record<string, Parameters<Issuer['answerTokens']>[0]> = {
    'the inbound token': ({ form }) => give({ access_token: form.subject_token })(),
    'another audience': exchanged(issuer, { aud: 'https://other.example' }),
    'another person': exchanged(issuer, { sub: 'bob' }),
    'no actor': exchanged(issuer, { act: undefined }),
    'another actor': exchanged(issuer, { act: { sub: 'root' } }),
    'more scopes': exchanged(issuer, { scope: 'caller:read user:delete' }),
    'more scopes, beside it': give({ access_token: 'opaque', scope: 'caller:read user:delete' }),
    'another kind': give({ access_token: 'opaque', token_type: 'N_A' }),
    'a line break': give({ access_token: 'opaque\r\nx: y' }),
    'no token': give({}),
    'a refusal': () => ({ status: 400, body: { error: 'invalid_target', error_description: 'canary-text' } }),
    'a refusal without reason': () => ({ status: 401, body: { error: 'Canary Text' } }),
  }
  for (const [name, handler] of Object.entries(cases)) {
    issuer.answerTokens(handler)
    const refused = await result(await post(url, call('list_orders'), bearer(await token())))
    t.equal(refused.isError, true, name)
    t.match(refused.content[0].text, /^identity-refused: .*Nothing was sent\..*tell the operator/)
    t.notMatch(JSON.stringify(refused), /canary/i)
  }
  t.same(backend.seen, [], 'nothing reached the API, least of all what the caller sent')
  t.notMatch(JSON.stringify(lines), /canary|eyJ/i)
  issuer.answerTokens(() => ({ body: { access_token: 'opaque', token_type: 'bearer' } }))
  t.notOk((await result(await post(url, call('list_orders'), bearer(await token())))).isError, 'opaque ones are fine')
})

t.test('a provider that does not answer is told as such, and the call works when it is back', async (t) => {
  const { issuer, backend, url, token } = await setUp(t)
  const inbound = await token()
  t.equal((await post(url, { jsonrpc: '2.0', id: 1, method: 'ping' }, bearer(inbound))).status, 200)
  const failures: (() => unknown)[] = [
    () => issuer.answerTokens(() => ({ status: 503, body: {} })),
    () => issuer.answerTokens(() => ({ status: 200, text: 'hello' })),
    () => issuer.answerTokens(() => ({ status: 200, text: 'x'.repeat(300_000) })),
    () => issuer.answerTokens(() => ({ status: 307, body: {}, location: 'http://127.0.0.1:1/' })),
    () => issuer.stop(),
  ]
  for (const fail of failures) {
    await fail()
    const failed = await result(await post(url, call('list_orders'), bearer(inbound)))
    t.match(failed, { isError: true })
    t.match(failed.content[0].text, /^identity-provider-unavailable: .*Nothing was sent\..*Try again in 5 s\./)
  }
  t.same(backend.seen, [])
  await issuer.start()
  issuer.answerTokens(exchanged(issuer))
  t.notOk((await result(await post(url, call('list_orders'), bearer(inbound)))).isError)
})

t.test('an exchanged token that the API refuses is got anew, and the caller is not sent away', async (t) => {
  const refused = new Set<string>()
  let takesNone = true
  const { issuer, backend, url, token } = await setUp(t, {
    who: (each) => (takesNone || refused.has(each) ? undefined : ada),
  })
  const inbound = bearer(await token())
  const response = await post(url, call('list_orders'), inbound)
  t.equal(response.status, 200, 'another token of theirs would not help')
  t.match(await result(response), { isError: true })
  t.equal(backend.seen.length, 1, 'one that was made for this is not made again')
  takesNone = false
  t.notOk((await result(await post(url, call('list_orders'), inbound))).isError)
  t.equal(issuer.requests.length, 3)
  for (const each of tokensSeen(backend.seen)) refused.add(each)
  t.notOk((await result(await post(url, call('list_orders'), inbound))).isError, 'those that were kept are replaced')
  t.equal(issuer.requests.length, 5)
})

t.test('a token that the provider has taken back is refused with 401', async (t) => {
  const { issuer, backend, url, token } = await setUp(t)
  issuer.answerTokens(() => ({ status: 400, body: { error: 'invalid_grant' } }))
  const response = await post(url, call('list_orders'), bearer(await token()))
  t.equal(response.status, 401)
  t.match(response.headers.get('www-authenticate'), /error="invalid_token"/)
  t.same(backend.seen, [])
})

t.test('without exchange, the adapter vouches for the person with a signature for each request', async (t) => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const clientKey = { ...(await exportJWK(privateKey)), kid: 'adapter-1' }
  let failures = 1
  const { issuer, backend, url, token } = await setUp(t, {
    settings: { downstream: 'client-credentials', clientKey, clientSecret: '' },
    configFile: 'auth-vouching-tools.yaml',
    routes: {
      'GET /api/v1/orders': () => (failures-- > 0 ? { status: 503 } : { body: { items: [], nextCursor: null } }),
    },
  })
  issuer.answerTokens(async ({ form }) => {
    const claims = issuer.claims(API, { sub: 'adapter', client_id: 'adapter', scope: form.scope })
    return { body: { access_token: await issuer.sign(claims), token_type: 'Bearer', expires_in: 60 } }
  })
  for (const sub of ['ada', 'bob']) {
    const inbound = await token({ sub, email: `${sub}@example.com`, private: 'x' })
    t.notOk((await result(await post(url, call('list_orders'), bearer(inbound)))).isError)
    t.notOk(tokensSeen(backend.seen).includes(inbound))
  }
  t.equal(issuer.requests.length, 2, 'its own tokens are for nobody in particular')
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'adapter-1' }] })
  const { form, headers } = issuer.requests[0] as TokenRequest
  t.match(form, {
    grant_type: 'client_credentials',
    resource: API,
    scope: 'caller:read order:read',
    client_id: 'adapter',
  })
  t.notOk(headers.authorization)
  const proof = await jwtVerify(form.client_assertion ?? '', keys, { audience: issuer.issuer, issuer: 'adapter' })
  t.match(proof.payload, { sub: 'adapter' })
  const assertions = backend.seen.map(({ headers }) => String(headers['handrail-assertion']))
  t.equal(assertions.length, 5, 'the request that was sent again among them')
  const verified = await Promise.all(
    assertions.map((each) =>
      jwtVerify(each, keys, { audience: API, issuer: 'adapter', typ: 'handrail-assertion+jwt', maxTokenAge: 60 }),
    ),
  )
  t.same(
    verified.map(({ payload }) => [
      payload.sub,
      payload.email,
      payload.private,
      payload.act,
      Number(payload.exp) - Number(payload.iat),
    ]),
    ['ada', 'ada', 'ada', 'bob', 'bob'].map((sub) => [sub, `${sub}@example.com`, undefined, { sub: 'app' }, 60]),
  )
  t.equal(new Set(verified.map(({ payload }) => payload.jti)).size, 5, 'each is for one request')
})

t.test('fifty callers at once get their own answers, with tokens of their own, from one exchange each', async (t) => {
  const people = (token: string) => {
    const { sub = '' } = decodeJwt(token)
    return { userId: sub, actions: ada?.actions ?? [] }
  }
  const { issuer, url, token, backend } = await setUp(t, { who: people })
  const plain = exchanged(issuer)
  let waiting = 0
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  // The first ten wait for each other, so that they are certain to overlap.
  issuer.answerTokens(async (request) => {
    waiting += 1
    if (waiting === 10) open()
    await gate
    return plain(request)
  })
  const names = Array.from({ length: 50 }, (_, i) => `person-${i}`)
  const tokens = await Promise.all(names.map((sub) => token({ sub, scope: 'caller:read' })))
  const whoAmI = async (inbound: string) =>
    (await result(await post(url, call('get_current_caller'), bearer(inbound)))).structuredContent?.userId
  const rounds = await Promise.all([...tokens, ...tokens].map(whoAmI))
  t.same(rounds, [...names, ...names])
  t.same(await Promise.all(tokens.map(whoAmI)), names, 'and again with what was kept')
  t.equal(issuer.requests.length, 50)
  const seen = tokensSeen(backend.seen)
  t.notOk(tokens.some((inbound) => seen.includes(inbound)))
})

t.test('a caller who leaves does not take the exchange of another with them', async (t) => {
  const { issuer, url, token } = await setUp(t)
  const plain = exchanged(issuer)
  const arrived = deferred()
  const gate = deferred()
  issuer.answerTokens(async (request) => {
    arrived.resolve(undefined)
    await gate.promise
    return plain(request)
  })
  const inbound = await token()
  const leaving = new AbortController()
  const left = t.rejects(post(url, call('list_orders'), bearer(inbound), leaving.signal))
  await arrived.promise
  const staying = post(url, call('list_orders'), bearer(inbound))
  leaving.abort()
  await left
  gate.resolve(undefined)
  t.notOk((await result(await staying)).isError)
})

function deferred() {
  let resolve: (value: unknown) => void = () => {}
  const promise = new Promise<unknown>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
