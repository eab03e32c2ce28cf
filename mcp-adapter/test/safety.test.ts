import t from 'tap'
import { loadTools } from '../src/tools/catalog.ts'
import { connect, connectStdio } from './clients/connect.ts'
import { FLAVOURS, type ToolResult } from './clients/face.ts'
import { APPROVAL, createBank } from './fixtures/bank.ts'
import { start } from './start.ts'
import { fenced, fixture, jsonOf } from './support.ts'

const configFile = fixture('safe-tools.yaml')
const KEY = 'a-key-of-the-model'
const pay = { amount: 5, to: 'bob' }
const structured = (result: ToolResult) => result.structuredContent ?? {}
const problemOf = (result: ToolResult) => jsonOf(result.content[1]?.text)

function open(t: Parameters<typeof start>[0]) {
  const bank = createBank()
  return start(t, bank.routes, { configFile }).then((started) => ({ ...started, bank }))
}

t.test('the arguments of safety are optional and short, and the header of the tool is none', async (t) => {
  const { tools } = await loadTools({ configFile })
  const [tool] = tools
  t.same(tool?.published.inputSchema, {
    type: 'object',
    properties: {
      idempotency_key: { type: 'string', description: 'To repeat a call.' },
      approval_id: { type: 'string' },
      dry_run: { type: 'boolean', description: 'Only try it.' },
      amount: { type: 'integer', minimum: 1 },
      to: { type: 'string' },
    },
    required: ['amount', 'to'],
  })
  t.equal(tool?.published.annotations.idempotentHint, false, 'two calls are two payments')
})

t.test('the published schema is that of the result, and every other answer keeps it', async (t) => {
  const { tools } = await loadTools({ configFile })
  const schema = (name: string) => tools.find((tool) => tool.name === name)?.published.outputSchema
  const anyOf = (...types: string[]) => ({ anyOf: types.map((type) => ({ type })) })
  const payment = {
    type: 'object',
    properties: {
      id: { type: 'string' },
      amount: { type: 'integer' },
      to: { type: 'string' },
      status: { type: 'string' },
      note: anyOf('object', 'string', 'null'),
    },
  }
  t.same(schema('pay'), payment)
  t.same(schema('change_payment'), payment)
  t.same(schema('delete_payment'), { type: 'object', properties: { status: anyOf('integer', 'string') } })
  t.same(schema('get_payment')?.required, ['id', 'amount', 'to', 'status', 'note'], 'a read has no other answer')
})

for (const flavour of FLAVOURS) {
  t.test(`${flavour}: a key is made, told, and repeats the call without doing it twice`, async (t) => {
    const { adapter, backend, bank } = await open(t)
    const client = await connect(t, adapter.url, flavour)
    await client.list()
    const first = await client.call('pay', pay)
    const { idempotency_key: key, ...payment } = structured(first)
    t.match(key, /^[0-9a-f-]{36}$/)
    t.same(payment, { id: 'p1', ...pay, status: 'paid', note: {} })
    t.same(fenced(first.content[0]?.text), first.structuredContent)
    t.match(first.content[1]?.text, `idempotency_key: ${key}`)
    t.equal(backend.calls()[0]?.headers['idempotency-key'], key)
    t.equal(backend.calls()[0]?.headers['bank-tool'], 'pay')
    const again = await client.call('pay', { ...pay, idempotency_key: key })
    t.same(again.structuredContent, first.structuredContent)
    t.match(again.content[1]?.text, /nothing was done again/)
    t.same(bank.effects, ['pay'])
    await client.call('pay', pay)
    t.same(bank.effects, ['pay', 'pay'], 'without the key it is another payment')
    const gone = await client.call('delete_payment', { paymentId: 'p1', idempotency_key: KEY })
    t.same(gone.structuredContent, { status: 204, idempotency_key: KEY })
  })

  t.test(`${flavour}: a dry run is delivered, carries no key and does nothing`, async (t) => {
    const { adapter, backend, bank, lines } = await open(t)
    const client = await connect(t, adapter.url, flavour)
    await client.list()
    for (const [name, args] of [
      ['pay', { ...pay, idempotency_key: KEY }],
      ['change_payment', { paymentId: 'p1', amount: 2 }],
      ['delete_payment', { paymentId: 'p1' }],
    ] as const) {
      const result = await client.call(name, { ...args, dry_run: true })
      t.notOk(result.isError)
      t.match(result.structuredContent, { dryRun: true, effect: { before: null } })
      t.same(fenced(result.content[0]?.text), result.structuredContent)
      t.equal(result.content.length, 1)
    }
    t.ok(backend.calls().every((seen) => seen.headers['idempotency-key'] === undefined))
    t.same(bank.effects, [])
    t.same(
      lines.filter((line) => line.level === 'warn'),
      [],
      'no drift',
    )
  })

  t.test(`${flavour}: what waits for approval is told, and runs once it is approved`, async (t) => {
    const { adapter, backend, bank, lines } = await open(t)
    const client = await connect(t, adapter.url, flavour)
    await client.list()
    const big = { amount: 5000, to: 'bob' }
    const waits = await client.call('pay', big)
    t.notOk(waits.isError)
    const { idempotency_key, ...approval } = structured(waits)
    t.same(approval, bank.approval)
    const line = waits.content[0]?.text ?? ''
    t.match(line, /^Nothing was done yet: this waits for a person's approval, until 2026-11-24T00:00:00\.000Z/)
    t.match(line, `Look later with read_approval (${APPROVAL}).`)
    t.match(
      line,
      `call pay with the same arguments and approval_id=${APPROVAL} and idempotency_key=${idempotency_key}.`,
    )
    t.same(fenced(waits.content[1]?.text), waits.structuredContent)
    t.match((await client.call('read_approval', { approvalId: APPROVAL })).structuredContent, { status: 'pending' })
    bank.approval.status = 'approved'
    const paid = await client.call('pay', { ...big, approval_id: APPROVAL, idempotency_key })
    t.match(paid.structuredContent, { amount: 5000, status: 'paid', idempotency_key })
    t.same(bank.effects, ['pay'])
    const sent = backend.calls().filter((seen) => seen.method === 'POST')
    t.equal(sent[0]?.headers['idempotency-key'], sent[1]?.headers['idempotency-key'])
    t.same(
      lines.filter((entry) => entry.level === 'warn'),
      [],
      'no drift',
    )
  })

  t.test(`${flavour}: all three kinds of result pass over stdio`, async (t) => {
    const { backend, bank } = await open(t)
    const client = await connectStdio(t, backend.url, flavour, 'safe-tools.yaml')
    await client.list()
    t.match((await client.call('pay', pay)).structuredContent, { status: 'paid', idempotency_key: String })
    t.match((await client.call('pay', { ...pay, dry_run: true })).structuredContent, { dryRun: true })
    t.match((await client.call('pay', { ...pay, amount: 2000 })).structuredContent, { status: 'pending' })
    t.same(bank.effects, ['pay'])
  })
}

t.test('a 202 is an approval only where the API says that one is: some results are 202 as well', async (t) => {
  const { adapter, bank, lines } = await open(t)
  for (const flavour of FLAVOURS) {
    const client = await connect(t, adapter.url, flavour)
    const tool = (await client.list()).find(({ name }) => name === 'make_statement')
    t.same(tool?.outputSchema, {
      type: 'object',
      properties: { id: { type: 'string' }, status: { type: 'string' }, progress: { type: 'integer' } },
    })
    const made = await client.call('make_statement', {})
    t.match(made.structuredContent, { id: 's1', status: 'queued' })
    t.match(made.content[1]?.text, /^idempotency_key: /)
    const waits = await client.call('make_statement', { amount: 2000 })
    t.match(waits.content[0]?.text, /^Nothing was done yet: this waits/)
    t.match((await client.call('make_statement', { dry_run: true })).structuredContent, { dryRun: true })
  }
  t.same(bank.effects, ['statement', 'statement', 'statement'])
  t.same(
    lines.filter((line) => line.level === 'warn'),
    [],
    'no drift',
  )
})

t.test('an approval and a dry run that depart from the document are delivered, and logged as drift', async (t) => {
  const bank = createBank()
  const routes = { ...bank.routes, 'POST /api/v1/payments': () => ({ status: 202, body: { id: 'x y\nz', more: 1 } }) }
  const { adapter, lines } = await start(t, routes, { configFile })
  const client = await connect(t, adapter.url, 'v1')
  await client.list()
  const waits = await client.call('pay', pay)
  t.match(waits.structuredContent, { id: 'x y\nz', more: 1 })
  t.match(waits.content[0]?.text, /approval_id=its id/, 'what does not look like an id is not quoted')
  t.match(lines.find((line) => line.level === 'warn')?.fields.where, /required/)
})

t.test('a key that the API does not take is refused before anything is sent', async (t) => {
  const { adapter, backend } = await open(t)
  const client = await connect(t, adapter.url, 'v2-modern')
  t.match(problemOf(await client.call('pay', { ...pay, idempotency_key: 'short' })), { error: 'invalid-arguments' })
  t.match(problemOf(await client.call('pay', { ...pay, bank_tool: 'other' })), { error: 'invalid-arguments' })
  t.same(backend.calls(), [])
})

t.test('a problem that has to be corrected does not offer its key', async (t) => {
  const { adapter, bank } = await open(t)
  const client = await connect(t, adapter.url, 'v2-modern')
  await client.call('pay', { ...pay, idempotency_key: KEY })
  const reused = problemOf(await client.call('pay', { ...pay, to: 'eve', idempotency_key: KEY }))
  t.match(reused, { error: 'idempotency-key-reused', idempotencyKey: undefined })
  t.same(bank.effects, ['pay'])
})

t.test('names in safety that no tool knows are found at the start', async (t) => {
  const wrong = loadTools({ configFile: fixture('wrong-safety.yaml') })
  await t.rejects(wrong, {
    message:
      /9:22: No tool .* header parameter "Idempotence-Key"\. Did you mean "Idempotency-Key"\?\n.*10:11: .* query parameter "dryrun"\. Did you mean "dryRun"\?\n.*11:17: "getApproval" must be one of the tools\.\n.*12:15: "Authorization" is a header of the connection\.\n.*13:14: No schema of the document has the extension "x-untrustd"/,
  })
})
