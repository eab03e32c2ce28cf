import t from 'tap'
import type { Backend } from '../src/backend/backend.ts'
import { sendWithRetries } from '../src/backend/retry.ts'
import { createTokenBucket } from '../src/backend/token-bucket.ts'
import { connect } from './clients/connect.ts'
import type { ToolResult } from './clients/face.ts'
import { createBank } from './fixtures/bank.ts'
import { start } from './start.ts'
import { fixture, jsonOf } from './support.ts'

const configFile = fixture('safe-tools.yaml')
const pay = { amount: 5, to: 'bob' }
const problemOf = (result: ToolResult) => jsonOf(result.content[1]?.text)

async function open(t: Parameters<typeof start>[0], more: Parameters<typeof start>[1] = {}) {
  const bank = createBank()
  const started = await start(t, { ...bank.routes, ...more }, { configFile })
  return { ...started, bank, client: await connect(t, started.adapter.url, 'v2-modern') }
}

t.test('a keyed request whose answer was lost is sent again, and done once', async (t) => {
  const { bank, backend, client, lines } = await open(t)
  bank.trouble.push('drop')
  const result = await client.call('pay', pay)
  t.match(result.structuredContent, { status: 'paid' })
  t.match(result.content[1]?.text, /nothing was done again/)
  t.same(bank.effects, ['pay'])
  const keys = backend.calls().map((seen) => seen.headers['idempotency-key'])
  t.equal(keys.length, 2)
  t.equal(keys[0], keys[1])
  t.ok(lines.some((line) => line.message === 'the request is sent again'))
})

t.test('there are three attempts; then the model gets the key and can go on', async (t) => {
  const { bank, backend, client } = await open(t)
  bank.trouble.push('unavailable', 'unavailable', 'unavailable')
  const lost = problemOf(await client.call('pay', pay))
  t.match(lost, { error: 'unavailable', retryable: true, idempotencyKey: String })
  t.match(lost.hint, `Wait. Call again with the same arguments and idempotency_key "${lost.idempotencyKey}"`)
  t.equal(backend.calls().length, 3)
  await client.call('pay', { ...pay, idempotency_key: lost.idempotencyKey })
  t.same(bank.effects, ['pay'])
})

t.test('an answer that never comes is told with the key, which repeats the call', async (t) => {
  let drops = 0
  const bank = createBank()
  const route = bank.routes['POST /api/v1/payments']
  const { adapter, backend } = await start(
    t,
    {
      ...bank.routes,
      'POST /api/v1/payments': (seen, response) => {
        const reply = route?.(seen, response)
        if (drops++ >= 3) return reply
        response.destroy()
        return undefined
      },
    },
    { configFile },
  )
  const client = await connect(t, adapter.url, 'v2-modern')
  const lost = problemOf(await client.call('pay', pay))
  t.match(lost, { error: 'backend-unavailable', retryable: true, hint: /nothing is done twice/ })
  t.equal(backend.calls().length, 3)
  const found = await client.call('pay', { ...pay, idempotency_key: lost.idempotencyKey })
  t.match(found.structuredContent, { status: 'paid', idempotency_key: lost.idempotencyKey })
  t.same(bank.effects, ['pay'])
})

t.test('a request that still runs is waited for as long as the API says', async (t) => {
  const { bank, client } = await open(t)
  bank.trouble.push('in-flight')
  const started = performance.now()
  t.match((await client.call('pay', pay)).structuredContent, { status: 'paid' })
  t.ok(performance.now() - started >= 990)
  t.same(bank.effects, ['pay'])
})

t.test('a wait beyond the deadline of the call is left to the model', async (t) => {
  let asked = 0
  const { client } = await open(t, {
    'GET /api/v1/payments/p1': () => {
      asked += 1
      return { status: 503, headers: { 'retry-after': '60' }, body: { error: 'unavailable', retryable: true } }
    },
  })
  t.match(problemOf(await client.call('get_payment', { paymentId: 'p1' })), { error: 'unavailable', retryAfter: 60 })
  t.equal(asked, 1)
})

t.test('a read is sent again', async (t) => {
  let asked = 0
  const { client } = await open(t, {
    'GET /api/v1/payments/p1': (_, response) => {
      asked += 1
      if (asked === 3) return { body: { id: 'p1', amount: 1, to: 'bob', status: 'paid', note: {} } }
      response.destroy()
      return undefined
    },
  })
  t.match((await client.call('get_payment', { paymentId: 'p1' })).structuredContent, { id: 'p1' })
  t.equal(asked, 3)
})

t.test('a request without a key is sent once, whatever happens to it', async (t) => {
  const { bank, backend, client } = await open(t)
  bank.trouble.push('drop', 'unavailable')
  const unsure = problemOf(await client.call('add_note', { text: 'a' }))
  t.match(unsure, { error: 'backend-unavailable', retryable: false, hint: /may have been made/ })
  t.match(problemOf(await client.call('add_note', { text: 'b' })), { error: 'unavailable' })
  t.same(bank.effects, ['note'])
  t.equal(backend.calls().length, 2)
})

t.test('a client that leaves ends the wait for another attempt', async (t) => {
  const cancel = new AbortController()
  let asked = 0
  const backend: Backend = {
    timeoutMs: 60_000,
    retries: createTokenBucket({ capacity: 1, perSecond: 1 }),
    credential: { usesCaller: false, isOwn: false },
    traffic: { inFlight: 0, sent: 0 },
    async send() {
      asked += 1
      return { status: 503, headers: { 'retry-after': '19' }, body: Buffer.of() }
    },
    close: async () => {},
  }
  const options = { requestId: 'r', signal: cancel.signal, repeatable: true }
  const sending = sendWithRetries(backend, { method: 'GET', path: '/', headers: {} }, { token: 't' }, options)
  setImmediate(() => cancel.abort(new Error('left')))
  await t.rejects(sending, { message: 'left' })
  t.equal(asked, 1)
})
