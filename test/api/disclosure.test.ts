import { randomUUID } from 'node:crypto'
import t from 'tap'
import { addReport } from '../support/sales.ts'
import { PEOPLE, startService } from '../support/service.ts'

const service = await startService(t)
const { call, storage } = service
const ada = PEOPLE.ada.id
const PHONE = '+442071234567'
await storage.db.user.update({ where: { id: ada }, data: { phone: PHONE } })

/** Makes a key for an agent of somebody. @returns the header that carries it */
async function agentOf(person: 'manager' | 'admin' | 'support' | 'ada', scopes: string[]) {
  const { body } = await call(person, 'POST', '/api-keys', { name: 'k', agentId: 'some-agent', scopes })
  return { authorization: `Bearer ${body.key}` }
}
const everything = ['*']
const named = ['caller:read', 'user:read', 'order:read', 'user:unmask']
const unmasked = () => storage.db.auditEntry.findMany({ where: { outcome: 'unmasked' }, orderBy: { id: 'desc' } })

/** How many entries an act leaves of personal data that was shown as it is. */
async function entriesOf<T>(act: () => Promise<T>): Promise<{ answer: T; entries: number }> {
  const before = (await unmasked()).length
  const answer = await act()
  return { answer, entries: (await unmasked()).length - before }
}

const STAND_IN = /^masked-[0-9a-f]{10}$/
const isMasked = (user: { email: string; profile: { fullName: string; phone: string | null } }) =>
  /^masked-[0-9a-f]{10}@masked\.invalid$/.test(user.email) &&
  STAND_IN.test(user.profile.fullName) &&
  (user.profile.phone === null || STAND_IN.test(user.profile.phone))
const CLEAR = { email: 'ada@example.com', profile: { fullName: 'ada Tester', phone: PHONE } }

t.test('a person sees their own data, managers see everybody’s, and everybody else a stand-in', async (t) => {
  const read = (who: Parameters<typeof call>[0], headers?: object) =>
    entriesOf(async () => (await call(who, 'GET', `/users/${ada}`, undefined, headers)).body)
  const own = await read('ada')
  t.match(own, { answer: CLEAR, entries: 0 })
  for (const who of ['manager', 'admin'] as const) t.match(await read(who), { answer: CLEAR, entries: 1 }, who)
  for (const who of ['support', 'agent', 'adaAgent'] as const) {
    const { answer, entries } = await read(who)
    t.ok(isMasked(answer), who)
    t.equal(entries, 0, 'what is masked is not recorded')
  }
})

t.test(
  'an agent sees personal data where its person may and its key names the right; "*" does not name it',
  async (t) => {
    const read = async (headers: object) =>
      entriesOf(async () => (await call(undefined, 'GET', `/users/${ada}`, undefined, headers)).body)
    for (const person of ['manager', 'admin', 'ada', 'support'] as const) {
      t.ok(isMasked((await read(await agentOf(person, everything))).answer), `${person} *`)
    }
    for (const person of ['manager', 'admin', 'ada'] as const) {
      t.match(await read(await agentOf(person, named)), { answer: CLEAR, entries: 1 }, person)
    }
    t.ok(isMasked((await read(await agentOf('support', named))).answer), 'no scope gives what the person has not')
  },
)

t.test('a stand-in is the same each time, and no two people have the same one', async (t) => {
  await storage.db.user.update({ where: { id: PEOPLE.bob.id }, data: { phone: PHONE, fullName: 'ada Tester' } })
  const read = async (id: string) => (await call('agent', 'GET', `/users/${id}`)).body
  const [first, again, bob] = [await read(ada), await read(ada), await read(PEOPLE.bob.id)]
  t.same(again, first)
  t.not(bob.email, first.email)
  t.not(bob.profile.phone, first.profile.phone, 'nobody finds out a number by trying it out on themselves')
  t.not(bob.profile.fullName, first.profile.fullName)
  const { items } = (await call('agent', 'GET', '/users?limit=100')).body
  t.same(
    items.find(({ id }: { id: string }) => id === ada),
    first,
    'a list shows what a read shows',
  )
})

t.test('a list that shows personal data leaves one entry, which names the operation and nobody', async (t) => {
  const { answer, entries } = await entriesOf(() => call('manager', 'GET', '/users?limit=100'))
  t.match(answer.body.items.at(-1), { email: /@example\.com$/ })
  t.equal(entries, 1)
  const [entry] = await unmasked()
  t.match(entry, { action: 'user:unmask', operationId: 'listUsers', status: 200, resourceId: null })
  t.match(entry, { userId: PEOPLE.manager.id, agentId: null })
  await call('admin', 'GET', `/users/${ada}`)
  t.match((await unmasked())[0], { operationId: 'getUserById', resourceType: 'User', resourceId: ada })
  t.equal((await entriesOf(() => call('ada', 'GET', '/users'))).entries, 0)
})

t.test('a stand-in that is sent back takes nobody’s place', async (t) => {
  const { body } = await call('agent', 'GET', `/users/${ada}`)
  const change = (value: object) => call('admin', 'PATCH', `/users/${ada}`, value, { 'if-match': '"1"' })
  for (const [value, pointer] of [
    [{ email: body.email }, '/body/email'],
    [{ profile: { fullName: body.profile.fullName } }, '/body/profile/fullName'],
    [{ profile: { phone: body.profile.phone } }, '/body/profile/phone'],
  ] as const) {
    t.match(await change(value), { status: 400, body: { error: 'validation-failed', errors: [{ pointer }] } })
  }
})

const NOTE = 'Please write to carl@example.net when it is there.'
const HIDDEN = 'Please write to [EMAIL_1] when it is there.'
const items = [{ sku: 'LAMP', quantity: 1 }]

t.test('what people write is read for personal data, in reads, lists and results', async (t) => {
  const { body: order } = await call('ada', 'POST', '/orders', { items, note: NOTE })
  t.equal(order.note, NOTE, 'a person sees their own words')
  const path = `/orders/${order.id}`
  const noteFor = async (who: Parameters<typeof call>[0]) => (await call(who, 'GET', path)).body.note
  for (const who of ['support', 'agent', 'adaAgent'] as const) t.equal(await noteFor(who), HIDDEN, who)
  t.match(await entriesOf(() => noteFor('manager')), { answer: NOTE, entries: 1 })
  t.equal(
    (await entriesOf(() => service.order('bob').then((id) => call('manager', 'GET', `/orders/${id}`)))).entries,
    0,
  )
  const list = (await call('agent', 'GET', `/orders?userId=${ada}`)).body.items
  t.equal(list[0].note, HIDDEN)
  const { body: cancelled } = await call('agent', 'POST', `${path}/cancel`, { reason: 'carl@example.net is away' })
  t.match(cancelled, { note: HIDDEN, timeline: [{}, { reason: '[EMAIL_1] is away' }] })
})

t.test('an answer that is given again shows what its caller may see by then', async (t) => {
  const headers = { 'idempotency-key': randomUUID() }
  const place = () => call('support', 'POST', '/orders', { items, note: NOTE, userId: ada }, headers)
  const role = (role: 'support' | 'manager') =>
    storage.db.user.update({ where: { id: PEOPLE.support.id }, data: { role } })
  t.match(await entriesOf(place), { answer: { body: { note: HIDDEN } }, entries: 0 })
  await role('manager')
  const again = await entriesOf(place)
  await role('support')
  t.match(again, { answer: { body: { note: NOTE }, headers: { 'idempotent-replayed': 'true' } }, entries: 1 })
  t.match((await place()).body, { note: HIDDEN })
})

t.test('dry runs and approvals mask the effect; the one who decides sees the exact change', async (t) => {
  const headers = await agentOf('manager', everything)
  const path = `/users/${ada}/suspend`
  const tried = await call(undefined, 'POST', `${path}?dryRun=true`, undefined, headers)
  t.ok(isMasked(tried.body.effect.before) && isMasked(tried.body.effect.after))
  const asked = await call(undefined, 'POST', path, undefined, { ...headers, 'idempotency-key': randomUUID() })
  t.equal(asked.status, 202)
  t.ok(isMasked(asked.body.effect.before))
  const { id } = asked.body
  const look = (who: Parameters<typeof call>[0]) => entriesOf(() => call(who, 'GET', `/approvals/${id}`))
  t.match(await look('admin'), { answer: { body: { effect: { before: CLEAR, after: CLEAR } } }, entries: 1 })
  const list = await call(undefined, 'GET', '/approvals', undefined, headers)
  t.ok(isMasked(list.body.items.find((each: { id: string }) => each.id === id).effect.after))
  const denied = await entriesOf(() => call('admin', 'POST', `/approvals/${id}/deny`, { note: NOTE }))
  t.match(denied, { answer: { body: { note: NOTE, effect: { before: CLEAR } } }, entries: 1 })
  const read = await call(undefined, 'GET', `/approvals/${id}`, undefined, headers)
  t.equal(read.body.note, HIDDEN)

  const change = { email: 'ada.new@example.com', profile: { fullName: 'Ada King' } }
  const tag = `"${(await call('admin', 'GET', `/users/${ada}`)).body.version}"`
  const plan = await call('admin', 'PATCH', `/users/${ada}?dryRun=true`, change, { 'if-match': tag })
  t.match(plan.body.effect, { before: CLEAR, after: change })
})

t.test('messages, dead letters and reports are read for personal data, as JSON and as CSV', async (t) => {
  const { body } = await call('support', 'POST', '/messages', { channel: 'team', text: NOTE })
  t.equal(body.text, NOTE, 'whoever wrote it sees it')
  const headers = await agentOf('admin', everything)
  t.equal((await call(undefined, 'GET', `/messages/${body.id}`, undefined, headers)).body.text, HIDDEN)
  await storage.db.message.update({ where: { id: body.id }, data: { dead: true, status: 'failed' } })
  const letters = await call(undefined, 'GET', '/dead-letters', undefined, headers)
  t.equal(letters.body.items[0].text, HIDDEN)
  t.match(await entriesOf(() => call('admin', 'GET', '/dead-letters')), {
    answer: { body: { items: [{ text: NOTE }] } },
    entries: 1,
  })

  const id = await addReport(storage, 'done')
  const row = { key: 'LAMP', name: 'Lamp of carl@example.net', currency: 'EUR', orders: 1, quantity: 1 }
  const result = JSON.stringify([{ ...row, revenue: '4995', refunded: '0' }])
  await storage.db.report.update({ where: { id }, data: { groupBy: 'product', result, rowCount: 1 } })
  const path = `/reports/${id}/download`
  for (const format of ['json', 'csv']) {
    const shown = await call(undefined, 'GET', `${path}?format=${format}`, undefined, headers)
    t.equal(shown.status, 200)
    t.match(JSON.stringify(shown.body), /Lamp of \[EMAIL_1\]/, format)
    t.match(
      JSON.stringify((await call('manager', 'GET', `${path}?format=${format}`)).body),
      /carl@example\.net/,
      format,
    )
  }
})

t.test('neither problems nor the log quote what could be personal', async (t) => {
  const { body } = await call('ada', 'POST', '/orders', { items, 'carl@example.net': 1 })
  t.match(body, { errors: [{ pointer: '/body/[EMAIL_1]', code: 'additionalProperties' }] })
  const { log } = service.app
  const cause = new Error('Key (email)=(carl@example.net) already exists')
  log.error({ err: Object.assign(new Error('carl@example.net failed', { cause }), { detail: NOTE }) }, NOTE)
  log.info('for carl@example.net')
  t.notMatch(JSON.stringify(service.log), /carl@/)
  t.match(service.log.at(-2), {
    msg: HIDDEN,
    err: { type: 'Error', message: '[EMAIL_1] failed', cause: { message: 'Key (email)=([EMAIL_1]) already exists' } },
  })
  t.match(service.log.at(-1), { msg: 'for [EMAIL_1]' })
})

t.test('what cannot be recorded is not shown', async (t) => {
  await storage.sql('ALTER TABLE audit_pending RENAME TO audit_pending_away')
  const refused = await call('manager', 'GET', `/users/${ada}`)
  t.equal(refused.status, 500)
  t.notMatch(JSON.stringify(refused.body), /@example/)
  t.equal((await call('support', 'GET', `/users/${ada}`)).status, 200, 'what is masked needs no record')
  await storage.sql('ALTER TABLE audit_pending_away RENAME TO audit_pending')
})
