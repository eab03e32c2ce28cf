import { rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readCommand } from '../src/commands/config.ts'
import { loadTools, startAdapter } from '../src/index.ts'
import { diffCatalogs } from '../src/serve/catalog-diff.ts'
import { connect } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { startBackend } from './fixtures/backend.ts'
import { createFolder, curation, DOCUMENT, get, startMoving } from './reload-support.ts'
import { memoryLog, post } from './support.ts'
import { until } from './until.ts'

/** What a new client is shown. */
async function listed(url: string): Promise<string[]> {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }
  const response = await post(url, message, { 'mcp-protocol-version': '2025-06-18' })
  const [data] = (await response.text()).split('\n').filter((line) => line.startsWith('data: ') || line.startsWith('{'))
  const answer = JSON.parse((data as string).replace(/^data: /, '')) as { result: { tools: { name: string }[] } }
  return answer.result.tools.map(({ name }) => name)
}

const lists = (url: string, ...names: string[]) =>
  until(`the list ${names.join(', ')}`, async () => (await listed(url)).join() === names.join())

t.test('an edit of the curation file is served without a restart, and what changed is logged by name', async (t) => {
  const { adapter, write, backend, lines } = await startMoving(t)
  const before = await Promise.all(FLAVOURS.map((flavour) => connect(t, adapter.url, flavour)))
  await write(
    'tools.yaml',
    curation(backend.url, [{ operation: 'listOrders', description: 'New.' }, { operation: 'getAda' }]),
  )
  t.ok(await lists(adapter.url, 'list_orders', 'get_ada'))
  for (const client of before) t.match(await client.call('get_ada'), { content: [{ text: /Lovelace/ }] })
  const { fields } = await until('the log', () =>
    lines.find(({ message }) => message === 'another list of tools is served'),
  )
  t.same(fields, { added: ['get_ada'], removed: [], changed: ['list_orders'] })
  await write('tools.yaml', curation(backend.url, [{ operation: 'getAda' }]))
  t.ok(await lists(adapter.url, 'get_ada'))
  await t.rejects((before[0] as (typeof before)[number]).call('list_orders'), /Unknown tool/)
})

t.test('an edit of the OpenAPI document is served as well', async (t) => {
  const { adapter, write } = await startMoving(t)
  const paths = { ...DOCUMENT.paths, '/orders': { get: { ...get('listOrders').get, description: 'In the document.' } } }
  await write('api.json', { ...DOCUMENT, paths })
  const client = await until('the new words', async () => {
    const fresh = await connect(t, adapter.url, 'v2-modern')
    return (await fresh.list())[0]?.description === 'In the document.' && fresh
  })
  t.ok(client)
})

t.test('an edit of a file that the document refers to is served as well, and so is one of an overlay', async (t) => {
  const { adapter, write, backend } = await startMoving(t)
  const operation = (description: string) => ({ ...get('listOrders').get, description })
  await write('orders.json', { get: operation('In a file.') })
  await write('overlay.yaml', {
    overlay: '1.0.0',
    info: { title: 'None', version: '1' },
    actions: [{ target: '$.info', update: {} }],
  })
  await write('api.json', { ...DOCUMENT, paths: { '/orders': { $ref: 'orders.json' } } })
  const configured = curation(backend.url, [{ operation: 'listOrders' }])
  await write('tools.yaml', { ...configured, backend: { ...configured.backend, overlays: ['overlay.yaml'] } })
  const shows = (words: string) =>
    until(words, async () => {
      const client = await connect(t, adapter.url, 'v2-modern')
      return (await client.list())[0]?.description === words
    })
  t.ok(await shows('In a file.'))
  await write('orders.json', { get: operation('In another file.') })
  t.ok(await shows('In another file.'))
  const actions = [{ target: '$.paths["/orders"].get', update: { description: 'In an overlay.' } }]
  await write('overlay.yaml', { overlay: '1.0.0', info: { title: 'Words', version: '1' }, actions })
  t.ok(await shows('In an overlay.'))
})

t.test('a broken edit keeps the old list, and is told once with its place', async (t) => {
  const { adapter, write, backend, lines } = await startMoving(t)
  const errors = () => lines.filter(({ level }) => level === 'error')
  await write('tools.yaml', curation(backend.url, [{ operation: 'listOrder' }]))
  await until('the finding', () => errors().length > 0)
  t.match(errors()[0]?.fields.error, /tools\.yaml:1:\d+: .*"listOrder".* Did you mean "listOrders"\?/)
  t.same(await listed(adapter.url), ['list_orders'])
  await adapter.reload()
  await adapter.reload()
  t.equal(errors().length, 1, 'the same finding is not logged again')
  await write('tools.yaml', '{ not yaml')
  await until('another finding', () => errors().length > 1)
  t.same(await listed(adapter.url), ['list_orders'])
  await write('tools.yaml', curation(backend.url, [{ operation: 'getAda' }]))
  t.ok(await lists(adapter.url, 'get_ada'), 'once it is right it is served')
})

t.test(
  'a call in flight ends with what it began with, and the next one goes where the new curation says',
  async (t) => {
    const other = await startBackend({ 'GET /api/v1/orders': () => ({ body: { from: 'the other' } }) })
    t.teardown(() => other.close())
    let answer = () => {}
    const asked = new Promise<void>((begun) => {
      answer = begun
    })
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { adapter, write } = await startMoving(
      t,
      {},
      {
        'GET /api/v1/orders': async () => {
          answer()
          await held
          return { body: { from: 'the first' } }
        },
      },
    )
    const client = await connect(t, adapter.url, 'v2-modern')
    const inFlight = client.call('list_orders')
    await asked
    await write('tools.yaml', curation(other.url, [{ operation: 'listOrders' }, { operation: 'getAda' }]))
    t.ok(await lists(adapter.url, 'list_orders', 'get_ada'))
    t.match(await client.call('list_orders'), { content: [{ text: /the other/ }] })
    release()
    t.match(await inFlight, { content: [{ text: /the first/ }] })
  },
)

t.test('what a person confirmed is done, and not what has taken its name since', async (t) => {
  const { adapter, write, backend } = await startMoving(t)
  const asking = (operation: string) => curation(backend.url, [{ operation, name: 'act', confirm: true }])
  await write('tools.yaml', asking('listOrders'))
  await lists(adapter.url, 'act')
  let asked = 0
  const client = await connect(t, adapter.url, 'v2-modern', 'token-ada', async () => {
    asked += 1
    if (asked === 1) {
      await write('tools.yaml', asking('getAda'))
      await adapter.reload()
    }
    return { action: 'accept', content: { confirm: true } }
  })
  const answer = await client.call('act')
  t.match(answer, { isError: true, content: [{ text: /given for another call/ }] })
  t.same(backend.calls(), [])
  t.match(await client.call('act'), { content: [{ text: /Lovelace/ }] })
  t.equal(asked, 2, 'and they are asked anew')
})

t.test('a change of whose tokens are taken waits for a restart', async (t) => {
  const { adapter, write, backend, lines } = await startMoving(t)
  const auth = { scopes: {} }
  const tools = [{ operation: 'getAda', scopes: [] }]
  await write('tools.yaml', curation(backend.url, tools, { auth }))
  const { fields } = await until('the refusal', () => lines.find(({ level }) => level === 'error'))
  t.match(fields.error, /"auth".* after a restart/)
  t.same(await listed(adapter.url), ['list_orders'])
})

t.test('without reload a change is not served', async (t) => {
  const { adapter, write, backend } = await startMoving(t, { reload: false })
  await write('tools.yaml', curation(backend.url, [{ operation: 'getAda' }]))
  await adapter.reload()
  t.same(await listed(adapter.url), ['list_orders'])
})

t.test('a mounted configuration, which a link leads to, is followed when the link moves', async (t) => {
  const backend = await startBackend()
  t.teardown(() => backend.close())
  const first = await createFolder(t, backend.url)
  const second = await createFolder(t, backend.url, [{ operation: 'getAda' }])
  const mount = await createFolder(t, backend.url)
  const link = join(mount.folder, 'linked.yaml')
  await symlink(first.configFile, link)
  const { log, lines } = memoryLog()
  const adapter = await startAdapter({ configFile: link, port: 0, log })
  t.teardown(() => adapter.close())
  await symlink(second.configFile, `${link}.new`)
  await rename(`${link}.new`, link)
  t.ok(await lists(adapter.url, 'get_ada'), JSON.stringify(lines))
})

t.test('serve and stdio take --no-reload', async (t) => {
  for (const name of ['serve', 'stdio']) {
    const command = (flags: string[]) => readCommand([name, '--config', 'tools.yaml', ...flags], {})
    t.match(command(['--no-reload']), { reload: false }, name)
    t.notOk('reload' in command([]), `${name}: it is on`)
  }
})

t.test('a diff names what agents see differently, and nothing else', async (t) => {
  const { configFile, write } = await createFolder(t, 'http://127.0.0.1:9')
  const load = async (tools: object[], more: object = {}) => {
    await write('tools.yaml', curation('http://127.0.0.1:9', tools, more))
    return loadTools({ configFile })
  }
  const [orders, ada] = [{ operation: 'listOrders' }, { operation: 'getAda' }]
  const before = await load([orders, ada])
  const none = { added: [], removed: [], changed: [], reordered: false }
  t.same(diffCatalogs(before, await load([orders, ada], { server: { name: 'other' } })), none)
  t.same(diffCatalogs(before, await load([ada, orders])), { ...none, reordered: true })
  t.same(diffCatalogs(before, await load([ada])), { ...none, removed: ['list_orders'] })
  t.same(diffCatalogs(before, await load([orders, { ...ada, title: 'T' }])), { ...none, changed: ['get_ada'] })
  t.same(diffCatalogs(await load([ada]), before), { ...none, added: ['list_orders'] })
})
