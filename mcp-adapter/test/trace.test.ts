import t from 'tap'
import { traceOf } from '../src/serve/trace.ts'
import { connect } from './clients/connect.ts'
import { startStrange } from './fixtures/strange-api.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

t.test('a well-formed trace context is passed on; anything else is left out', async (t) => {
  const tracestate = 'rojo=00f067aa0ba902b7, congo@vendor=t61rcWkgMzE'
  t.same(traceOf({ traceparent, tracestate }), { traceparent, tracestate })
  t.same(traceOf({ traceparent, baggage: 'userId=ada' }), { traceparent })
  t.same(traceOf({ tracestate }), {}, 'a tracestate belongs to a traceparent')
  t.same(traceOf(undefined), {})
  for (const wrong of ['a=b\r\nx: y', 'A=b', 'a', 'a=', 7, 'a=é', `a=${'b'.repeat(600)}`, 'a=b,'.repeat(40)])
    t.same(traceOf({ traceparent, tracestate: wrong }), { traceparent }, String(wrong))
})

t.test('traceparent and tracestate of _meta reach the API', async (t) => {
  const { adapter, backend } = await startStrange(t, { 'GET /v2/search': () => ({ body: {} }) })
  const client = await connect(t, adapter.url, 'v2-modern')
  await client.call('search', {}, { _meta: { traceparent, tracestate: 'a=b' } })
  t.match(backend.seen[0]?.headers, { traceparent, tracestate: 'a=b' })
})
