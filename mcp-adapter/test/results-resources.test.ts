import t from 'tap'
import { createKeptStore, parseUri } from '../src/results/resources.ts'
import { connect } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { startOne } from './fixtures/one-operation.ts'
import { start } from './start.ts'
import { MODERN_META, post } from './support.ts'

const pdf = Buffer.from('%PDF-1.7\n\x00\xff')
const headers = { 'content-type': 'application/pdf', 'content-disposition': 'attachment; filename="bill.pdf"' }
const responses = { '200': { description: 'A bill.', content: { 'application/pdf': {} } } }
const month = { name: 'month', in: 'query', schema: { type: 'string' } }

t.test('a link to what can be read again makes the same call, with the rights of who reads it', async (t) => {
  const { adapter, backend } = await startOne(t, {
    parameters: [month],
    responses,
    reply: () => ({ headers, text: pdf }),
  })
  for (const flavour of FLAVOURS) {
    const client = await connect(t, adapter.url, flavour)
    const { content } = await client.call('ask', { month: '2026-05' })
    const link = content.at(-1)
    t.match(link, { type: 'resource_link', name: 'bill.pdf', mimeType: 'application/pdf', size: pdf.length })
    const [found] = await client.read(link?.uri as string)
    t.equal(found?.uri, link?.uri)
    t.equal(found?.mimeType, 'application/pdf')
    t.same(Buffer.from(found?.blob ?? '', 'base64'), pdf)
    const other = await connect(t, adapter.url, flavour, 'token-bob')
    await other.read(link?.uri as string)
    const last = backend.calls().at(-1)
    t.equal(last?.url, '/v1/things?month=2026-05')
    t.equal(last?.headers.authorization, 'Bearer token-bob')
    await t.rejects(
      (await connect(t, adapter.url, flavour, 'token-nobody')).read(link?.uri as string),
      /Nobody has this token|answered 401/,
    )
  }
})

t.test('what a POST answered is kept for who called, and is nowhere for anybody else', async (t) => {
  const { adapter, backend } = await startOne(t, { method: 'post', responses, reply: () => ({ headers, text: pdf }) })
  for (const flavour of FLAVOURS) {
    const client = await connect(t, adapter.url, flavour)
    const { content } = await client.call('ask')
    const uri = content.at(-1)?.uri as string
    const calls = backend.calls().length
    const [found] = await client.read(uri)
    t.same(Buffer.from(found?.blob ?? '', 'base64'), pdf)
    t.equal(backend.calls().length, calls, 'the act is not repeated')
    const other = await connect(t, adapter.url, flavour, 'token-bob')
    const [foreign, unknown] = await Promise.all(
      [uri, `handrail://kept/${'x'.repeat(32)}`].map((each) =>
        other.read(each).catch((error: Error & { code: number }) => error),
      ),
    )
    const said = (error: unknown) => (error as Error).message.replace(/handrail:\S+/, '')
    t.equal(said(foreign), said(unknown))
    t.equal((foreign as { code: number }).code, (unknown as { code: number }).code)
  }
})

t.test('a resource is only what a result may lead to', async (t) => {
  const { adapter, backend } = await start(t)
  const client = await connect(t, adapter.url, 'v2-modern')
  const encoded = (args: object) => Buffer.from(JSON.stringify(args)).toString('base64url')
  const wrong = [
    `handrail://tools/delete_user/${encoded({ userId: 'ada' })}`,
    `handrail://tools/no_such_tool/${encoded({})}`,
    'handrail://tools/get_user_by_id/bm90IGpzb24',
    'handrail://tools/get_user_by_id/W10',
    'file:///etc/passwd',
    'https://example.org/',
    '',
  ]
  for (const uri of wrong) await t.rejects(client.read(uri), { message: /not found/i })
  t.same(backend.calls(), [])
  const bob = await connect(t, adapter.url, 'v2-modern', 'token-bob')
  const hidden = `handrail://tools/get_user_by_id/${encoded({ userId: 'ada' })}`
  await t.rejects(bob.read(hidden), { message: /not found/i }, 'a hidden tool is not there')
  t.match(JSON.parse((await client.read(hidden))[0]?.text ?? ''), { id: 'ada' })
  await t.rejects(client.read(`handrail://tools/get_user_by_id/${encoded({ userId: 7 })}`), /invalid-arguments/)
  await t.rejects(client.read(`handrail://tools/get_user_by_id/${encoded({ userId: 'eve' })}`), /404/)
})

t.test('lists of resources are empty, in both eras', async (t) => {
  const { adapter } = await start(t)
  for (const [method, name] of [
    ['resources/list', 'resources'],
    ['resources/templates/list', 'resourceTemplates'],
  ] as const) {
    const old = await post(adapter.url, { jsonrpc: '2.0', id: 1, method }, { 'mcp-protocol-version': '2025-11-25' })
    t.match(await old.text(), new RegExp(`"${name}":\\[\\]`))
    const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method }
    const now = await post(adapter.url, { jsonrpc: '2.0', id: 1, method, params: { _meta: MODERN_META } }, modern)
    const { result } = (await now.json()) as { result: Record<string, unknown> }
    t.same(result[name], [])
    t.type(result.ttlMs, 'number')
  }
})

t.test('what is kept ends after five minutes, and has a limit for each owner and for all', async (t) => {
  let now = 0
  const store = createKeptStore(() => now)
  const idOf = (uri: string | undefined) => (parseUri(uri ?? '') as { id: string }).id
  const put = (owner: string, megabytes: number) =>
    store.put(owner, { mimeType: 'application/zip', body: Buffer.alloc(megabytes * 1024 * 1024) })
  const first = idOf(put('ada', 3))
  t.ok(store.get('ada', first))
  t.notOk(store.get('bob', first))
  now = 5 * 60_000 - 1
  t.ok(store.get('ada', first))
  now += 1
  t.notOk(store.get('ada', first))
  const mine = [put('ada', 3), put('ada', 3), put('ada', 3)].map(idOf)
  t.same(
    mine.map((id) => store.get('ada', id) !== undefined),
    [false, true, true],
    'the oldest of an owner goes first',
  )
  t.equal(put('ada', 9), undefined)
  for (const owner of ['b', 'c', 'd']) t.ok(put(owner, 8))
  t.ok(store.get('ada', mine[1] as string))
  put('e', 8)
  t.notOk(store.get('ada', mine[1] as string), 'the oldest of all goes first')
})

t.test('small contents have a limit in number, and none holds the buffer that it came in', async (t) => {
  const store = createKeptStore()
  const idOf = (uri: string | undefined) => (parseUri(uri ?? '') as { id: string }).id
  const large = Buffer.alloc(1024 * 1024)
  const ids = Array.from({ length: 101 }, () => idOf(store.put('ada', { mimeType: 'a/b', body: large.subarray(0, 1) })))
  t.notOk(store.get('ada', ids[0] as string), 'the oldest of an owner goes first')
  t.ok((store.get('ada', ids[1] as string)?.body.buffer.byteLength ?? large.length) < large.length)
  for (let i = 0; i < 2000; i++) store.put(`caller ${i}`, { mimeType: 'a/b', body: Buffer.alloc(0) })
  t.notOk(store.get('ada', ids[100] as string), 'the oldest of all goes first')
})

t.test('a URI holds no more levels of arguments than a call', async (t) => {
  const uriOf = (levels: number) => {
    const text = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
    return `handrail://tools/ask/${Buffer.from(text).toString('base64url')}`
  }
  t.match(parseUri(uriOf(64)), { name: 'ask' })
  for (const levels of [65, 300, 20_000]) t.equal(parseUri(uriOf(levels)), undefined)
})
