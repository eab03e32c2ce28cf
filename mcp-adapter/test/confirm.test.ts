import t from 'tap'
import { createConfirmationStates } from '../src/calls/confirmation-state.ts'
import { question } from '../src/calls/question.ts'
import { loadTools } from '../src/tools/catalog.ts'
import type { Tool } from '../src/tools/tools.ts'
import { connect, connectStdio } from './clients/connect.ts'
import { type Answer, FLAVOURS } from './clients/face.ts'
import { createBank } from './fixtures/bank.ts'
import { startStrange, writeStrange } from './fixtures/strange-api.ts'
import { start } from './start.ts'
import { fixture, jsonOf } from './support.ts'

const configFile = fixture('confirm-tools.yaml')
const pay = { amount: 5, to: 'bob' }
const YES: Answer = { action: 'accept', content: { confirm: true } }

async function open(t: Parameters<typeof start>[0]) {
  const bank = createBank()
  return { ...(await start(t, bank.routes, { configFile })), bank }
}

/** A person who remembers what they were asked, and gives each answer once, the last one again and again. */
function person(...answers: Answer[]) {
  const asked: string[] = []
  const ask = (question: string) => {
    asked.push(question)
    return (answers.length > 1 ? answers.shift() : answers[0]) as Answer
  }
  return { asked, ask }
}

/** What each client can be asked over: an earlier one over HTTP cannot. */
const CHANNELS = [
  ['v2-modern', 'http'],
  ['v2-modern', 'stdio'],
  ['v2-legacy', 'stdio'],
  ['v1', 'stdio'],
] as const

for (const [flavour, channel] of CHANNELS) {
  t.test(`${flavour} over ${channel}: what a person confirms is done once, anything else is not sent`, async (t) => {
    const no: Answer[] = [
      { action: 'decline' },
      { action: 'cancel' },
      { action: 'accept', content: { confirm: false } },
    ]
    const { asked, ask } = person(...no, YES)
    const { adapter, backend, bank } = await open(t)
    const client =
      channel === 'http'
        ? await connect(t, adapter.url, flavour, 'token-ada', ask)
        : await connectStdio(t, backend.url, flavour, 'confirm-tools.yaml', ask)
    await client.list()
    for (const { action } of no) {
      const result = await client.call('pay', pay)
      t.equal(result.isError, true, action)
      t.match(result.content[0]?.text, /^declined: The person did not confirm this call\. Nothing was sent\./)
      t.match(JSON.parse(result.content[1]?.text ?? ''), { error: 'declined', retryable: false })
    }
    t.same(backend.calls(), [])

    t.match((await client.call('pay', pay)).structuredContent, { status: 'paid', idempotency_key: String })
    t.equal(asked.length, 4)
    t.equal(asked[3], 'Pay somebody (pay)? It was not done yet.\n- amount: 5\n- to: "bob"')
    t.same(bank.effects, ['pay'])

    await client.call('pay', { ...pay, dry_run: true })
    await client.call('get_payment', { paymentId: 'p1' })
    await client.call('add_note', { text: 'the curation file takes the question back' })
    const wrong = await client.call('pay', { amount: 0, to: 'bob' })
    t.equal(wrong.isError, true)
    t.equal(asked.length, 4, 'nobody is asked about a call that does nothing, or cannot be made')
    await client.call('delete_payment', { paymentId: 'p1' })
    t.match(asked[4], /^Take a payment back \(delete_payment\)\?/, 'the curation file asks for it')
  })
}

for (const flavour of FLAVOURS) {
  t.test(`${flavour}: a client that cannot ask is not kept from calling`, async (t) => {
    const { adapter, bank } = await open(t)
    const client = await connect(t, adapter.url, flavour)
    t.match((await client.call('pay', pay)).structuredContent, { status: 'paid' })
    t.same(bank.effects, ['pay'])
  })
}

t.test('an earlier client over HTTP cannot be asked: there is no session for its answer', async (t) => {
  const { asked, ask } = person(YES)
  const { adapter, bank } = await open(t)
  for (const flavour of ['v1', 'v2-legacy'] as const) {
    const client = await connect(t, adapter.url, flavour, 'token-ada', ask)
    t.match((await client.call('pay', pay)).structuredContent, { status: 'paid' })
  }
  t.same(asked, [])
  t.same(bank.effects, ['pay', 'pay'])
})

t.test('a state expires, and says nothing of what it is about', async (t) => {
  const asked = { owner: 'token-ada', tool: 'pay', args: pay }
  const states = createConfirmationStates('x'.repeat(32), -1)
  const state = await states.seal(asked, 'key')
  await t.rejects(states.open(state, asked, {} as never), { name: 'StateRefused', reason: 'expired' })
  const told = Buffer.from(state.split('.')[1] ?? '', 'base64url').toString()
  t.notMatch(told, /token-ada|bob|amount/)
})

t.test('replicas with one secret take each other’s states, others do not', async (t) => {
  const asked = { owner: 'token-ada', tool: 'pay', args: { a: [{ b: 1, c: 2 }], d: null } }
  const reordered = { ...asked, args: { d: null, a: [{ c: 2, b: 1 }] } }
  const state = await createConfirmationStates('x'.repeat(32)).seal(asked, 'key')
  t.match(await createConfirmationStates('x'.repeat(32)).open(state, reordered, {} as never), { key: 'key' })
  for (const secret of ['y'.repeat(32), undefined]) {
    const other = createConfirmationStates(secret).open(state, asked, {} as never)
    await t.rejects(other, { name: 'StateRefused', reason: 'forged' })
  }
})

t.test('a question is clean, quoted and bounded', async (t) => {
  const { tools } = await loadTools({ configFile })
  const tool = tools[0] as Tool
  const to = 'bob"\n- amount: 1\u202e\u0007\u200b\u2028'
  t.equal(
    question(tool, { amount: 5, to, idempotency_key: 'not shown' }),
    'Pay somebody (pay)? It was not done yet.\n- amount: 5\n- to: "bob\\"\\n- amount: 1 \\u0007 "',
  )
  const long = question(tool, { to: 'x'.repeat(5000), note: '😀'.repeat(5000) })
  t.ok(long.length < 1200)
  t.match(long, /… \(cut\)/)
  t.equal(Buffer.from(long).toString(), long, 'no character is cut in two')
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`a${i}`, 'x'.repeat(400)]))
  t.ok(question(tool, many).length < 2100)
})

const strange = [{ operation: 'deleteThing', confirm: true }]
const routes = { 'DELETE /v2/things/a': () => ({ status: 204 }) }

// Earlier clients over HTTP cannot be asked: there are no sessions to bring the answer.
for (const [flavour, way] of [
  ...FLAVOURS.map((flavour) => [flavour, 'stdio'] as const),
  ['v2-modern', 'http'] as const,
])
  t.test(`${flavour} over ${way}: a person is asked where the curation says so, without any safety rule`, async (t) => {
    const { adapter, backend } = await startStrange(t, routes, { tools: strange })
    const answers = [{ action: 'decline' as const }, { action: 'accept' as const, content: { confirm: true } }]
    const asked: string[] = []
    const person = (question: string) => {
      asked.push(question)
      return answers[asked.length - 1] ?? { action: 'cancel' as const }
    }
    const client =
      way === 'http'
        ? await connect(t, adapter.url, flavour, 'token', person)
        : await connectStdio(t, backend.url, flavour, writeStrange(t, { tools: strange }), person)
    const declined = await client.call('delete_thing', { id: 'a' })
    t.match(jsonOf(declined.content[1]?.text), { error: 'declined' })
    t.equal(backend.seen.length, 0, 'nothing was sent')
    t.notOk((await client.call('delete_thing', { id: 'a' })).isError)
    t.equal(backend.seen.length, 1)
    t.equal(asked.length, 2)
  })
