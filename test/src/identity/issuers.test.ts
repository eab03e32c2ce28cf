import t from 'tap'
import { createTokens, type TokenOptions } from '../../../src/identity/tokens.ts'
import { PEOPLE, startService } from '../../support/service.ts'
import { AUDIENCE, startTokenIssuer } from '../../support/token-issuer.ts'

/** What a test may move: the clock by which keys grow old. */
const clock = { ahead: 0 }
const issuer = await startTokenIssuer(t, PEOPLE.ada.id)
const options = (more: object = {}): TokenOptions => ({
  publicUrl: AUDIENCE,
  issuers: issuer.settings({ firstPartyClients: ['shop-app'], ...more }),
  keyTimes: { now: () => Date.now() + clock.ahead },
})
const service = await startService(t, { tokens: createTokens(options()) })

/** Asks for a caller without HTTP: what is left to see depends on settings and time. */
const ask = (of: ReturnType<typeof createTokens>, token: string, now = new Date()) =>
  of.authenticate(service.storage.sql, token, now)

t.test('a subject is matched by id, verified email or user name', async (t) => {
  const with_ = (subject: object, more = {}) => createTokens(options({ subject, ...more }))
  const byEmail = with_({ claim: 'email', match: 'email' })
  const sub = 'somebody'
  const email = 'Bob@Example.com'
  t.match(await ask(byEmail, await issuer.sign({ sub, email, email_verified: true })), {
    userId: PEOPLE.bob.id,
    issuedBy: PEOPLE.bob.id,
  })
  for (const email_verified of [undefined, false, 'true', 1]) {
    await t.rejects(ask(byEmail, await issuer.sign({ sub, email, email_verified })), /not verified/)
  }
  await t.rejects(ask(byEmail, await issuer.sign({ sub, email_verified: true })), /which user/)
  await t.rejects(ask(byEmail, await issuer.sign({ sub, email: 'b\0b@example.com', email_verified: true })), /nobody/)
  const byName = with_({ claim: 'preferred_username', match: 'username' })
  t.match(await ask(byName, await issuer.sign({ sub, preferred_username: 'BOB' })), { userId: PEOPLE.bob.id })
  const alone = await issuer.sign({ sub: 'nightly', client_id: 'nightly' })
  await t.rejects(ask(byName, alone), /acts for nobody/)
  const mapped = with_({ claim: 'sub', match: 'id' }, { serviceClients: { nightly: 'manager' } })
  t.match(await ask(mapped, alone), { userId: PEOPLE.manager.id, agentId: 'nightly' })
})

t.test('scopes of a provider mean what they are configured to mean, and are asked for by their names', async (t) => {
  const scopes = { 'orders.read': ['order:read'], everything: ['*'], staff: ['order:read', 'order:refund'] }
  const named = createTokens(options({ scopes }))
  const of = async (scope: string) => (await ask(named, await issuer.sign({ scope }))).scopes
  t.strictSame(await of('orders.read caller:read staff'), ['order:read', 'caller:read', 'order:refund'])
  t.strictSame(await of('everything'), ['*'])
  t.strictSame(await of('* other'), [])
  t.equal(named.scopeFor('order:read'), 'orders.read')
  t.equal(named.scopeFor('order:refund', issuer.url), 'staff')
  t.equal(named.scopeFor('user:read'), 'user:read')
})

t.test('verified tokens are remembered: not too many, not after they end, not longer than their keys', async (t) => {
  const small = createTokens({ ...options(), mostRemembered: 3 })
  const many = await Promise.all(Array.from({ length: 5 }, () => issuer.sign()))
  for (const token of many) await ask(small, token)
  t.equal(small.remembered(), 3)
  const now = Math.floor(Date.now() / 1000)
  const short = await issuer.sign({ exp: now + 100 })
  await ask(small, short)
  await ask(small, short, new Date((now + 104) * 1000))
  await t.rejects(ask(small, short, new Date((now + 106) * 1000)), /has expired/)
  t.equal(small.remembered(), 2, 'what ended is forgotten')
  const [first, ...others] = issuer.keys
  const kept = await issuer.sign()
  await ask(small, kept)
  const second = await issuer.addKey('ES256', 'second')
  issuer.keys = issuer.keys.filter(({ kid }) => kid !== 'first')
  clock.ahead += 60_000
  await ask(small, await issuer.sign({}, { kid: 'second' }, second.privateKey))
  await t.rejects(ask(small, kept), /signature/, 'a key that was withdrawn ends what it had proved')
  issuer.keys = [first as never, ...others]
})

t.test('an unknown key has the keys fetched once more, and not for every token', async (t) => {
  const fresh = createTokens(options())
  await ask(fresh, await issuer.sign())
  const { asked } = issuer
  const rotated = await issuer.addKey('ES256', 'rotated')
  const token = await issuer.sign({}, { kid: 'rotated' }, rotated.privateKey)
  await t.rejects(ask(fresh, token), /signature/, 'right after a fetch there is no other')
  clock.ahead += 31_000
  t.ok(await ask(fresh, token))
  t.equal(issuer.asked, asked + 1)
  for (let each = 0; each < 20; each += 1) await t.rejects(ask(fresh, await issuer.sign({}, { kid: `k${each}` })))
  t.equal(issuer.asked, asked + 1)
})

t.test(
  'a provider that is down: known keys go on for hours, then and for unknown keys the answer is 503',
  async (t) => {
    const known = createTokens(options())
    const unasked = createTokens(options())
    await ask(known, await issuer.sign())
    issuer.up = false
    t.teardown(() => {
      issuer.up = true
    })
    await t.rejects(ask(unasked, await issuer.sign()), { name: 'Error', message: /cannot be fetched/, retryAfter: 2 })
    clock.ahead += 5 * 60 * 60_000
    const { asked } = issuer
    for (let each = 0; each < 10; each += 1) t.ok(await ask(known, await issuer.sign()))
    t.ok(issuer.asked - asked <= 1, 'it is not asked at every request')
    clock.ahead += 31_000
    await t.rejects(ask(known, await issuer.sign({}, { kid: 'new' })), /cannot be fetched/, 'it may be a new key')
    const response = await service.app.inject({
      url: '/api/v1/me',
      headers: { authorization: `Bearer ${await issuer.sign({}, { kid: 'new' })}` },
    })
    t.match(response, { statusCode: 503, headers: { 'retry-after': /^[12]$/ } })
    t.match(response.json(), { error: 'unavailable', retryable: true })
    t.equal(response.headers['www-authenticate'], undefined)
    clock.ahead += 2 * 60 * 60_000
    await t.rejects(ask(known, await issuer.sign()), /cannot be fetched/)
    issuer.up = true
    clock.ahead += 3000
    t.ok(await ask(known, await issuer.sign()), 'it is back')
    t.ok(await ask(unasked, await issuer.sign()))
  },
)

t.test('keys come from the issuer that was configured, or from nowhere', async (t) => {
  const { metadata } = issuer
  t.teardown(() => {
    issuer.metadata = metadata
  })
  for (const wrong of [
    { issuer: 'https://other.example' },
    { jwks_uri: 'http://keys.example/jwks' },
    { jwks_uri: undefined },
  ]) {
    issuer.metadata = { ...metadata, ...wrong }
    await t.rejects(ask(createTokens(options()), await issuer.sign()), /cannot be fetched/, JSON.stringify(wrong))
  }
  t.ok(
    await ask(createTokens(options({ jwksUri: `${issuer.url}/jwks` })), await issuer.sign()),
    'given, it is not discovered',
  )
})

t.test('what was refused is not remembered, and what was verified is remembered once', async (t) => {
  const fresh = createTokens(options())
  await t.rejects(ask(fresh, await issuer.sign({ exp: 1 })), /expired/)
  t.equal(fresh.remembered(), 0)
  const token = await issuer.sign()
  for (let each = 0; each < 3; each += 1) await ask(fresh, token)
  t.equal(fresh.remembered(), 1)
})
