import t from 'tap'
import { createUpstreamCredential } from '../src/auth/upstream-credential.ts'
import { startAdapter } from '../src/index.ts'
import { loadTools } from '../src/tools/catalog.ts'
import { connect } from './clients/connect.ts'
import { startStrange, writeStrange } from './fixtures/strange-api.ts'
import { jsonOf } from './support.ts'

const SECRET = 's3cret-of-the-adapter'
const routes = { 'GET /v2/search': () => ({ body: { ok: true } }) }

/** One call of `search` with a credential rule, as the API saw it; and all that was logged or answered. */
async function called(
  t: Parameters<typeof startStrange>[0],
  credential: unknown,
  env: Record<string, string> = {},
  args: object = { q: 'a b' },
) {
  Object.assign(process.env, env)
  t.teardown(async () => {
    for (const name of Object.keys(env)) delete process.env[name]
  })
  const { adapter, backend, lines } = await startStrange(t, routes, { backend: { credential }, callers: 'any' })
  const client = await connect(t, adapter.url, 'v2-modern', 'token-of-ada')
  const result = await client.call('search', args)
  const [seen] = backend.seen
  return { seen, said: JSON.stringify([lines, result]), result }
}

t.test("by default the API gets the caller's bearer token", async (t) => {
  const { seen } = await called(t, undefined)
  t.equal(seen?.headers.authorization, 'Bearer token-of-ada')
})

t.test('"none": the inbound Authorization does not leak upstream', async (t) => {
  const { seen } = await called(t, 'none')
  t.equal(seen?.headers.authorization, undefined)
  t.notMatch(JSON.stringify(seen), /token-of-ada/)
})

const basic = Buffer.from('ada:pä:ss').toString('base64')
for (const [scheme, value, where, expected] of [
  ['token', SECRET, 'authorization', `Bearer ${SECRET}`],
  ['oauth', SECRET, 'authorization', `Bearer ${SECRET}`],
  ['basic', 'ada:pä:ss', 'authorization', `Basic ${basic}`],
  ['header', SECRET, 'x-api-key', SECRET],
  ['alias', SECRET, 'x-api-key', SECRET],
  ['cookie', SECRET, 'cookie', `sid=${SECRET}`],
] as const)
  t.test(`the adapter's own credential goes where the scheme "${scheme}" says, and nowhere else`, async (t) => {
    const { seen, said } = await called(t, { scheme, env: 'STRANGE_KEY' }, { STRANGE_KEY: ` ${value}\n` })
    t.equal(seen?.headers[where], expected)
    t.notMatch(JSON.stringify(seen), /token-of-ada/, "the caller's token stays here")
    t.notMatch(said, /s3cret|p.:ss/, 'neither logged nor answered')
    if (where !== 'authorization') t.equal(seen?.headers.authorization, undefined)
  })

t.test('an API key in the query is neither logged nor answered', async (t) => {
  const { seen, said } = await called(t, { scheme: 'query', env: 'STRANGE_KEY' }, { STRANGE_KEY: 's3cret & more' })
  t.equal(seen?.url, '/v2/search?q=a%20b&api_key=s3cret%20%26%20more')
  t.notMatch(said, /s3cret/)
})

t.test('auth headers supplied by the model: no argument is called so, and nothing is sent', async (t) => {
  for (const name of ['Authorization', 'authorization', 'api_key']) {
    const { seen, result } = await called(t, 'caller', {}, { q: 'x', [name]: 'evil' })
    t.equal(seen, undefined)
    t.match(jsonOf(result.content[1]?.text), { error: 'invalid-arguments', errors: [{ pointer: `/${name}` }] })
  }
})

t.test('whatever stands in the place of a credential is replaced by it', async (t) => {
  const schemes = {
    query: { type: 'apiKey', in: 'query', name: 'key' },
    header: { type: 'apiKey', in: 'header', name: 'X-Key' },
  }
  const present = (scheme: string, request: { path: string; headers: Record<string, string> }) => {
    const root = { components: { securitySchemes: schemes } }
    createUpstreamCredential({ credential: { scheme, env: 'S' } }, { root }, { S: 'mine' }).present(request, 'theirs')
    return request
  }
  const headers = { 'x-key': 'forged' }
  t.same(present('header', { path: '/a', headers }), { path: '/a', headers: { 'x-key': 'mine' } })
  for (const [path, sent] of [
    ['/a', '/a?key=mine'],
    ['/a?key=forged&b=1?2', '/a?b=1?2&key=mine'],
    ['/a?%6Bey=forged&key', '/a?key=mine'],
  ] as const)
    t.equal(present('query', { path, headers: {} }).path, sent)
})

t.test("the caller's own credential is sent as a scheme says", async (t) => {
  const { seen } = await called(t, { scheme: 'header' })
  t.match(seen?.headers, { 'x-api-key': 'token-of-ada', authorization: undefined })
  const { seen: query } = await called(t, { scheme: 'query' })
  t.equal(query?.url, '/v2/search?q=a%20b&api_key=token-of-ada')
  const { seen: asBasic } = await called(t, { scheme: 'basic' })
  t.equal(asBasic?.headers.authorization, 'Basic token-of-ada')
})

t.test('an API may want several credentials at once', async (t) => {
  const { seen } = await called(
    t,
    [
      { scheme: 'header', env: 'STRANGE_KEY' },
      { scheme: 'cookie', env: 'STRANGE_SESSION' },
    ],
    { STRANGE_KEY: SECRET, STRANGE_SESSION: 'abc' },
  )
  t.match(seen?.headers, { 'x-api-key': SECRET, cookie: 'sid=abc' })
})

t.test('a cookie of the request stays, unless it has the name of the credential', async (t) => {
  const root = { components: { securitySchemes: { sid: { type: 'apiKey', in: 'cookie', name: 'sid' } } } }
  const { present } = createUpstreamCredential({ credential: { scheme: 'sid', env: 'S' } }, { root }, { S: 'mine' })
  const request = { path: '/', headers: { cookie: 'lang=en; sid=forged; a=b=c' } }
  present(request, undefined)
  t.equal(request.headers.cookie, 'lang=en; a=b=c; sid=mine')
})

t.test('a missing or unusable credential stops the start, and names the variable, not the value', async (t) => {
  const { document } = (await loadTools({ configFile: writeStrange(t), apiUrl: 'http://127.0.0.1:1' })).apis[0] ?? {}
  if (!document) return t.fail('no document')
  const of = (scheme: string, env: Record<string, string>) => () =>
    createUpstreamCredential({ credential: { scheme, env: 'STRANGE_KEY' } }, document, env)
  t.throws(of('token', {}), { name: 'ConfigError', message: 'The credential for the API is missing: set STRANGE_KEY.' })
  t.throws(of('token', { STRANGE_KEY: '  ' }), /missing/)
  t.throws(of('basic', { STRANGE_KEY: SECRET }), { message: /STRANGE_KEY must hold a user name(?!.*s3cret)/ })
  t.throws(of('header', { STRANGE_KEY: `${SECRET}\r\nx: y` }), { message: /STRANGE_KEY holds characters(?!.*s3cret)/ })
  t.throws(of('cookie', { STRANGE_KEY: `${SECRET};path=/` }), { message: /STRANGE_KEY holds(?!.*s3cret)/ })
  const configFile = writeStrange(t, { backend: { credential: { scheme: 'token', env: 'STRANGE_KEY' } } })
  await t.rejects(startAdapter({ configFile, apiUrl: 'http://127.0.0.1:1', port: 0 }), {
    name: 'ConfigError',
    message: /set STRANGE_KEY/,
  })
})

t.test(
  'a scheme that is unknown, or that cannot be sent, is told with its place and the nearest right name',
  async (t) => {
    for (const [scheme, message] of [
      ['haeder', /tools\.json:\d+:\d+: .*no security scheme "haeder"\. Did you mean "header"\?/],
      ['digest', /:\d+:\d+: The security scheme "digest" is HTTP authentication "digest": bearer and basic/],
      ['tls', /"tls" is of the type "mutualTLS"/],
      ['host', /"host" would replace a header of the connection/],
    ] as const) {
      const configFile = writeStrange(t, { backend: { credential: { scheme, env: 'STRANGE_KEY' } } })
      await t.rejects(loadTools({ configFile, apiUrl: 'http://127.0.0.1:1' }), { name: 'ConfigError', message })
    }
  },
)
