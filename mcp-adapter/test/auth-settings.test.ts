import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createExpiringCache } from '../src/auth/cache.ts'
import { isMetadataPath, metadataUrl } from '../src/auth/challenge.ts'
import { isSafeUrl } from '../src/auth/rule.ts'
import { type AuthSettings, createAuthRule } from '../src/auth/settings.ts'
import type { AuthSection } from '../src/curation/read.ts'
import { ConfigError } from '../src/errors.ts'
import { loadTools } from '../src/tools/catalog.ts'
import { fixture } from './support.ts'

const directory = mkdtempSync(join(tmpdir(), 'handrail-mcp-'))
t.teardown(() => rmSync(directory, { recursive: true }))
let count = 0

const issuer = 'https://id.example'
const section: AuthSection = { scopes: { extension: 'x-action' } }
const rule = (more: Partial<AuthSection>, settings: AuthSettings = {}) =>
  createAuthRule({ ...section, ...more }, settings, ['caller:read'])

t.test('without an issuer it is off; half a configuration is an error, not a weaker one', async (t) => {
  t.equal(createAuthRule(undefined, {}, []), undefined)
  t.equal(rule({ apiKeys: { prefix: 'hr_' } }), undefined)
  const key = { kty: 'EC', crv: 'P-256', d: 'd', x: 'x', y: 'y' }
  const exchange = { audience: 'https://api.example', clientId: 'adapter' }
  const issuers = [{ issuer }]
  const wrong: [Partial<AuthSection>, AuthSettings, RegExp][] = [
    [{ exchange }, {}, /Tokens are taken from nobody.*given: exchange/],
    [{}, { resource: 'https://mcp.example/mcp' }, /given: resource/],
    [{ issuers }, {}, /Say what the API gets/],
    [{ issuers, exchange: { clientId: 'a' } }, {}, /needs the audience of the API/],
    [{ issuers, exchange: { audience: 'a' } }, {}, /needs a client/],
    [{ issuers, exchange }, {}, /has to prove who it is/],
    [{ issuers }, { downstream: 'token-exchange' }, /needs the audience/],
    [{ issuers, exchange: { ...exchange, grant: 'client-credentials' } }, { clientSecret: 's' }, /key for assertions/],
    [
      { issuers: [{ issuer }, { issuer: 'https://b.example' }], exchange },
      { downstream: 'client-credentials', clientKey: key },
      /works with one issuer/,
    ],
    [
      { issuers: [{ issuer: 'http://id.example' }], passthrough: 'same-audience' },
      {},
      /An issuer must be an https URL/,
    ],
    [{ issuers: [{ issuer, jwks: 'http://id.example/k' }], passthrough: 'same-audience' }, {}, /The place of keys/],
    [{ issuers, resource: 'https://a@b.example', passthrough: 'same-audience' }, {}, /The resource must be/],
  ]
  for (const [more, settings, said] of wrong)
    t.throws(() => rule(more, settings), { name: 'ConfigError', message: said })
  t.throws(() => createAuthRule(undefined, { issuers: [issuer] }, []), /has no "auth"/)
})

t.test('the environment goes over the file', async (t) => {
  const file = { issuers: [{ issuer, jwks: 'https://id.example/k' }], passthrough: 'same-audience' as const }
  t.match(rule(file), { issuers: file.issuers, exchange: undefined, baseScopes: ['caller:read'] })
  t.match(rule(file, { issuers: ['https://b.example', issuer] })?.issuers, [
    { issuer: 'https://b.example', jwks: undefined },
    { issuer, jwks: 'https://id.example/k' },
  ])
  const settings = { downstream: 'token-exchange', apiAudience: 'a', clientId: 'c', clientSecret: 's' } as const
  t.match(rule(file, settings)?.exchange, {
    grant: 'token-exchange',
    audience: 'a',
    clientId: 'c',
    authentication: { method: 'client_secret_basic', secret: 's' },
  })
  t.same(rule({ ...file, requiredClaims: [] })?.requiredClaims, ['exp', 'sub'], 'some claims cannot be done without')
})

t.test('tokens and keys travel over https, or within this machine', async (t) => {
  for (const url of ['https://a.example/x', 'http://127.0.0.1:1', 'http://localhost/x', 'http://[::1]:2/'])
    t.ok(isSafeUrl(url), url)
  for (const url of [
    'http://a.example',
    'http://127.0.0.1.evil.example',
    'https://u:p@a.example',
    'https://a/#b',
    'x',
    1,
  ])
    t.notOk(isSafeUrl(url), String(url))
})

t.test('metadata stands between host and path of the resource', async (t) => {
  t.equal(metadataUrl('https://a.example/x/mcp'), 'https://a.example/.well-known/oauth-protected-resource/x/mcp')
  t.equal(metadataUrl('https://a.example'), 'https://a.example/.well-known/oauth-protected-resource')
  for (const path of ['', '/mcp', '/x/mcp'])
    t.ok(isMetadataPath(`/.well-known/oauth-protected-resource${path}`, 'https://a.example/x/mcp'))
  t.notOk(isMetadataPath('/.well-known/oauth-protected-resource/x', 'https://a.example/x/mcp'))
})

t.test('the file is checked: names, kinds, and that each tool has scopes', async (t) => {
  const complaint = async (auth: string, tools = '  - operation: listOrders') => {
    const file = join(directory, `${++count}.yaml`)
    const head = `server: { name: x }\nbackend: { openapi: ${fixture('api.yaml')}, url: 'http://127.0.0.1:1' }\n`
    writeFileSync(file, `${head}auth: ${auth}\ntools:\n${tools}\n`)
    return loadTools({ configFile: file }).then(
      ({ tools }) => tools.map(({ scopes }) => scopes),
      (error: unknown) => {
        if (!(error instanceof ConfigError)) throw error
        return error.message.replace(`${file}:`, '')
      },
    )
  }
  const scopes = 'scopes: { extension: x-action }'
  t.same(await complaint(`{ ${scopes} }`), [['order:read']])
  t.same(await complaint('{ scopes: {} }', '  - { operation: listOrders, scopes: [a, b] }'), [['a', 'b']])
  t.same(await complaint('{ scopes: { extension: x-action } }', '  - { operation: listOrders, scopes: [] }'), [[]])
  t.match(await complaint('{ scopes: {} }'), /It is not known which scopes "list_orders" needs/)
  t.match(await complaint('{ scopes: { extension: x-cost } }'), /It is not known which scopes/)
  t.match(await complaint(`{ ${scopes}, algorithms: [HS256] }`), /must be one of ES256.* Did you mean "ES256"\?/)
  t.match(await complaint(`{ ${scopes}, issuer: x }`), /Unknown key "issuer"\. Did you mean "issuers"\?/)
  t.match(await complaint(`{ ${scopes}, passthrough: same-audience, exchange: {} }`), /cannot have both/)
  t.match(await complaint(`{ ${scopes}, apiKeys: { prefix: eyJ } }`), /must match pattern/)
})

t.test('scopes can come from the security requirements of the document', async (t) => {
  const api = {
    openapi: '3.1.0',
    info: { title: 'x', version: '1' },
    security: [{ key: [] }, { oauth: ['read'] }],
    paths: {
      '/a': { get: { operationId: 'a', responses: {} } },
      '/b': { get: { operationId: 'b', security: [{ oauth: ['write', 'read'] }], responses: {} } },
      '/c': { get: { operationId: 'c', security: [{ key: [] }], responses: {} } },
    },
  }
  writeFileSync(join(directory, 'api.json'), JSON.stringify(api))
  const load = (tools: string) => {
    const file = join(directory, `${++count}.yaml`)
    const head = `server: { name: x }\nbackend: { openapi: api.json, url: 'http://127.0.0.1:1' }\n`
    writeFileSync(file, `${head}auth: { scopes: { security: oauth } }\ntools: ${tools}\n`)
    return loadTools({ configFile: file })
  }
  t.same(
    (await load('[{ operation: a }, { operation: b }]')).tools.map(({ scopes }) => scopes),
    [['read'], ['write', 'read']],
  )
  await t.rejects(load('[{ operation: c }]'), /It is not known which scopes "c" needs/)
})

t.test('a cache keeps so many, so long, and what is used longest', async (t) => {
  let now = 1000
  const cache = createExpiringCache<number>(2, () => now)
  cache.set('a', 1, 2000)
  cache.set('b', 2, 1500)
  t.equal(cache.get('a'), 1)
  cache.set('c', 3, 2000)
  t.same([cache.get('a'), cache.get('b'), cache.get('c'), cache.size], [1, undefined, 3, 2])
  now = 2000
  t.equal(cache.get('a'), undefined)
  cache.set('d', 4, 2000)
  t.equal(cache.get('d'), undefined)
})
