import t from 'tap'
import type { JsonObject } from '../src/json.ts'
import { createBank } from './fixtures/bank.ts'
import { start } from './start.ts'
import { fixture, post } from './support.ts'

/** The 2026-07-28 exchange by hand: what a client could send that did not keep to the protocol. */

const configFile = fixture('confirm-tools.yaml')
const pay = { amount: 5, to: 'bob' }
const YES = { confirm: { action: 'accept', content: { confirm: true } } }

interface Result extends JsonObject {
  requestState: string
}

async function open(t: Parameters<typeof start>[0]) {
  const bank = createBank()
  const started = await start(t, bank.routes, { configFile })
  const call = async (
    args: object,
    more: object = {},
    { token = 'token-ada', name = 'pay', elicitation = {} as object | undefined } = {},
  ): Promise<Result> => {
    const version = '2026-07-28'
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': version,
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': elicitation ? { elicitation } : {},
    }
    const params = { name, arguments: args, _meta, ...more }
    const response = await post(
      started.adapter.url,
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
      {
        authorization: `Bearer ${token}`,
        'mcp-protocol-version': version,
        'mcp-method': 'tools/call',
        'mcp-name': name,
      },
    )
    const { result } = (await response.json()) as { result: Result }
    return result
  }
  return { ...started, bank, call }
}

t.test('the question is a form with one choice, and a state', async (t) => {
  const { call, bank } = await open(t)
  t.match(await call(pay), {
    resultType: 'input_required',
    requestState: /^v1\.[\w-]+\.[\w-]+$/,
    inputRequests: {
      confirm: {
        method: 'elicitation/create',
        params: {
          mode: 'form',
          message: /^Pay somebody/,
          requestedSchema: { properties: { confirm: { type: 'boolean' } }, required: ['confirm'] },
        },
      },
    },
  })
  t.same(bank.effects, [])
})

t.test('a confirmed call runs with the key that it had when the question was asked', async (t) => {
  const { call, bank, backend } = await open(t)
  const { requestState } = await call(pay)
  const sealed = JSON.parse(Buffer.from(requestState.split('.')[1] ?? '', 'base64url').toString())
  t.match(await call(pay, { requestState, inputResponses: YES }), { structuredContent: { status: 'paid' } })
  t.equal(backend.calls()[0]?.headers['idempotency-key'], sealed.p.key)
  t.same(bank.effects, ['pay'])
})

t.test('a state that does not fit the call is refused, and nothing is sent', async (t) => {
  const { call, backend } = await open(t)
  const { requestState } = await call(pay)
  const [version, body, mac] = requestState.split('.') as [string, string, string]
  const sealed = JSON.parse(Buffer.from(body, 'base64url').toString())
  const altered = Buffer.from(JSON.stringify({ ...sealed, exp: sealed.exp + 3600 })).toString('base64url')
  const cases: [string, RegExp, object, string, object?][] = [
    ['made up', /not one that was asked for here/, pay, 'v1.e30.AAAA'],
    ['no state at all', /not one that was asked for here/, pay, 'yes'],
    ['altered', /not one that was asked for here/, pay, `${version}.${altered}.${mac}`],
    ['of other arguments', /for another call/, { ...pay, amount: 500 }, requestState],
    ['of a call that was no dry run', /for another call/, { ...pay, dry_run: true }, requestState],
    ['of another caller', /for another call/, pay, requestState, { token: 'token-bob' }],
    ['of another tool', /for another call/, { paymentId: 'p1' }, requestState, { name: 'delete_payment' }],
    ['of a tool that asks nothing', /for another call/, { paymentId: 'p1' }, requestState, { name: 'get_payment' }],
  ]
  for (const [what, message, args, state, options] of cases) {
    const result = await call(args, { requestState: state, inputResponses: YES }, options)
    t.match(
      result,
      { isError: true, structuredContent: { error: 'confirmation-refused', message, retryable: false } },
      what,
    )
  }
  t.match(await call(pay, { requestState }), { structuredContent: { error: 'confirmation-missing' } })
  t.match(await call(pay, { requestState, inputResponses: { confirm: { method: 'x', result: {} } } }), {
    structuredContent: { error: 'confirmation-missing' },
  })
  t.same(backend.calls(), [])
})

t.test('a state is used once, even by calls that race', async (t) => {
  const { call, bank } = await open(t)
  const { requestState } = await call(pay)
  const answers = await Promise.all([1, 2, 3].map(() => call(pay, { requestState, inputResponses: YES })))
  t.equal(answers.filter((answer) => !answer.isError).length, 1)
  t.match(await call(pay, { requestState, inputResponses: YES }), {
    structuredContent: { error: 'confirmation-refused', message: /used before/ },
  })
  t.same(bank.effects, ['pay'])
})

t.test('a refusal stays one', async (t) => {
  const { call, backend } = await open(t)
  const { requestState } = await call(pay)
  const no = { requestState, inputResponses: { confirm: { action: 'decline' } } }
  t.match(await call(pay, no, { elicitation: undefined }), { structuredContent: { error: 'declined' } })
  t.match(await call(pay, { requestState, inputResponses: YES }), { structuredContent: { message: /used before/ } })
  t.same(backend.calls(), [])
})

t.test('answers without a state are none', async (t) => {
  const { call, backend } = await open(t)
  t.match(await call(pay, { inputResponses: YES }), { resultType: 'input_required' })
  t.same(backend.calls(), [])
})

t.test('a client that shows only URLs is not asked', async (t) => {
  const { call, bank } = await open(t)
  t.match(await call(pay, {}, { elicitation: { url: {} } }), { structuredContent: { status: 'paid' } })
  t.same(bank.effects, ['pay'])
})
