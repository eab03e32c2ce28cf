import t from 'tap'
import { normalizeEmail } from '../../src/domain/users.ts'
import { onEachDatabase } from '../support/database.ts'
import { type Credential, PEOPLE, startService } from '../support/service.ts'

const grace = { email: 'Grace.Hopper@Example.COM', username: 'Grace_H', profile: { fullName: 'Grace Hopper' } }

await onEachDatabase(t, 'email addresses and user names are unique without regard to case', async (t, database) => {
  const { call } = await startService(t, { database })
  const { status, body, headers } = await call('admin', 'POST', '/users', grace)
  t.equal(status, 201)
  t.match(body, {
    email: 'grace.hopper@example.com',
    username: 'Grace_H',
    role: 'customer',
    status: 'active',
    preferences: { locale: 'en', timeZone: 'UTC', contactChannel: 'email', marketingConsent: false },
    version: 1,
  })
  t.equal(headers.location, `/api/v1/users/${body.id}`)
  t.match((await call('admin', 'POST', '/users', { ...grace, email: 'other@example.com', username: 'GRACE_h' })).body, {
    error: 'username-taken',
    errors: [{ pointer: '/body/username', code: 'unique' }],
  })
  t.match(
    (await call('admin', 'POST', '/users', { ...grace, email: 'grace.HOPPER@example.com', username: 'other' })).body,
    {
      error: 'email-taken',
      errors: [{ pointer: '/body/email' }],
    },
  )
  const taken = await call('admin', 'PATCH', `/users/${body.id}`, { username: 'ADA' }, { 'if-match': '"1"' })
  t.match(taken.body, { error: 'username-taken' })
})

t.test('an address has one spelling', async (t) => {
  t.equal(normalizeEmail('  Info@Bücher.Example '), 'info@xn--bcher-kva.example')
  t.equal(normalizeEmail('A.B+C@EXAMPLE.com'), 'a.b+c@example.com')
  for (const address of ['a@0x7f.1', 'a@127.0.0.1', '@example.com']) t.throws(() => normalizeEmail(address), address)
})

t.test('a change leaves what it does not name, and null clears', async (t) => {
  const { call } = await startService(t)
  const path = `/users/${PEOPLE.ada.id}`
  const first = await call('ada', 'PATCH', path, { profile: { phone: '+442071234567' } }, { 'if-match': '"1"' })
  t.equal(first.status, 200)
  t.equal(first.headers.etag, '"2"')
  const second = await call('ada', 'PATCH', path, { preferences: { timeZone: 'Asia/Tokyo' } }, { 'if-match': '"2"' })
  t.match(second.body, {
    profile: { fullName: 'ada Tester', phone: '+442071234567' },
    preferences: { timeZone: 'Asia/Tokyo', locale: 'en' },
    version: 3,
  })
  const third = await call('ada', 'PATCH', path, { profile: { phone: null } }, { 'if-match': '"3"' })
  t.equal(third.body.profile.phone, null)
  const wrong = await call('ada', 'PATCH', path, { preferences: { timeZone: 'Mars/Base' } }, { 'if-match': '"4"' })
  t.match(wrong.body, { error: 'validation-failed', errors: [{ pointer: '/body/preferences/timeZone' }] })
  t.equal((await call('ada', 'PATCH', path, {}, { 'if-match': '"4"' })).status, 400, 'a change changes something')
})

t.test('a change wants the version that was read', async (t) => {
  const { call } = await startService(t)
  const path = `/users/${PEOPLE.ada.id}`
  const change = { preferences: { marketingConsent: true } }
  const without = await call('ada', 'PATCH', path, change)
  t.equal(without.status, 428)
  t.match(without.body, { error: 'precondition-required' })
  for (const tag of ['"2"', '"2147483648"', '"9999999999"', '*', 'W/"1"', '"abc"', '"1", "2"', '1']) {
    const stale = await call('ada', 'PATCH', path, change, { 'if-match': tag })
    t.equal(stale.status, 412, tag)
  }
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => call('ada', 'PATCH', path, change, { 'if-match': '"1"' })),
  )
  t.equal(answers.filter(({ status }) => status === 200).length, 1, 'of eight writers with one version one wins')
  t.equal(answers.filter(({ status }) => status === 412).length, 7)
})

t.test('a read with the ETag at hand has no body', async (t) => {
  const { call, app, keys } = await startService(t)
  for (const path of [`/users/${PEOPLE.ada.id}`, '/products/LAMP', '/products', '/me']) {
    const { headers } = await call('ada', 'GET', path)
    t.match(headers.etag, /^"[^"]+"$/, path)
    t.equal(headers['cache-control'], 'private, no-cache')
    const request = { url: `/api/v1${path}`, headers: { authorization: `Bearer ${keys.ada}` } }
    for (const tag of [headers.etag, `W/${headers.etag}`, `"x", ${headers.etag}`, '*']) {
      const again = await app.inject({ ...request, headers: { ...request.headers, 'if-none-match': String(tag) } })
      t.equal(again.statusCode, 304)
      t.equal(again.body, '')
      t.equal(again.headers.etag, headers.etag)
    }
    t.equal((await call('ada', 'GET', path, undefined, { 'if-none-match': '"other"' })).status, 200)
  }
})

t.test('a search finds part of a name, and its signs are no wildcards', async (t) => {
  const { call } = await startService(t)
  const found = async (search: string, who: Credential = 'support') =>
    (await call(who, 'GET', `/users?search=${encodeURIComponent(search)}`)).body.items.map(
      ({ username }: { username: string }) => username,
    )
  t.same(await found('ADA'), ['ada'])
  t.same(await found('bob@', 'manager'), ['bob'])
  t.same(await found('bob Test', 'manager'), ['bob'])
  t.same(await found('%'), [])
  t.same(await found('a_a'), [])
  t.same(await found('\\'), [])
  t.same(await found("'; DROP TABLE users; --"), [])
})

t.test('a search tells nothing of what its caller sees masked', async (t) => {
  const { call } = await startService(t)
  const found = async (who: Credential, search: string) =>
    (await call(who, 'GET', `/users?search=${encodeURIComponent(search)}`)).body.items.map(
      ({ username }: { username: string }) => username,
    )
  for (const who of ['support', 'agent'] as const) {
    for (const part of ['bob@', '@example', 'bob@example.co', 'Tester', 'bob T']) {
      const others = (await found(who, part)).filter((name: string) => name !== 'support')
      t.same(others, [], part)
    }
    t.same(await found(who, ' BOB@Example.com'), ['bob'], 'whoever knows the whole address finds the account')
    t.same(await found(who, 'bo'), ['bob'], 'user names are there to be seen')
  }
  t.same(await found('support', 'support@'), ['support'], 'a person finds what is theirs')
  t.same(await found('agent', 'support@'), [], 'and an agent does not find what is its person’s')
  t.same((await found('admin', '@example.com')).length, Object.keys(PEOPLE).length)
})

t.test('an id in capitals names the same thing', async (t) => {
  const { call } = await startService(t)
  const id = PEOPLE.ada.id.toUpperCase()
  t.equal((await call('ada', 'GET', `/users/${id}`)).status, 200)
  t.equal((await call('bob', 'GET', `/users/${id}`)).status, 404)
  const items = [{ sku: 'LAMP', quantity: 1 }]
  const { status, body } = await call('ada', 'POST', '/orders', { items, userId: id })
  t.equal(status, 201)
  t.equal(body.userId, PEOPLE.ada.id)
})
