import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ConfigError, loadTools, startAdapter } from '../src/index.ts'
import { connect } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { startBackend } from './fixtures/backend.ts'
import { MODERN_META, memoryLog, post } from './support.ts'

/** Two shops that give their operations the same ids. */
const SHOP = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  servers: [{ url: '/api/v1' }],
  paths: {
    '/me': { get: { operationId: 'getMe', responses: {} } },
    '/orders': { get: { operationId: 'listOrders', 'x-action': 'order:read', responses: {} } },
    '/orders/{id}': {
      delete: {
        operationId: 'deleteOrder',
        'x-action': 'order:delete',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        responses: {},
      },
    },
  },
}

type Test = { teardown(end: () => Promise<void>): void }

async function folder(test: Test, files: Record<string, unknown>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'several-'))
  test.teardown(() => rm(path, { recursive: true }))
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), JSON.stringify(content))
  return join(path, 'tools.yaml')
}

const access = { operation: 'getMe', actions: '/actions', extension: 'x-action' }
const both = (operation: string) => [
  { backend: 'east', operation },
  { backend: 'west', operation },
]

/** Two fixture APIs behind one adapter. `people` says who the western one knows. */
async function shops(test: Test, people: Parameters<typeof startBackend>[1] = undefined) {
  const east = await startBackend()
  const west = await startBackend({}, people)
  test.teardown(() => east.close())
  test.teardown(() => west.close())
  const section = { openapi: 'shop.json', credential: 'caller', access }
  const configFile = await folder(test, {
    'shop.json': SHOP,
    'tools.yaml': {
      server: { name: 'both' },
      backends: {
        east: { ...section, url: east.url },
        west: { ...section, url: west.url, prefix: 'w-' },
      },
      tools: [...both('listOrders'), ...both('deleteOrder')],
    },
  })
  const { log, lines } = memoryLog()
  const adapter = await startAdapter({ configFile, port: 0, log })
  test.teardown(() => adapter.close())
  return { east, west, adapter, lines }
}

const names = (tools: { name: string }[]) => tools.map(({ name }) => name)

t.test('each call reaches the API that its tool belongs to, and no other', async (t) => {
  const { east, west, adapter } = await shops(t)
  for (const flavour of FLAVOURS) {
    east.seen.length = 0
    west.seen.length = 0
    const client = await connect(t, adapter.url, flavour)
    await client.call('w-list_orders')
    t.same(
      west.seen.map(({ url }) => url),
      ['/api/v1/me', '/api/v1/orders'],
      `${flavour}: rights and orders are asked of the west`,
    )
    t.same(east.seen, [], `${flavour}: the east learns nothing, and gets no credential`)
    await client.call('east_list_orders')
    t.equal(east.calls().length, 1)
    t.equal(west.calls().length, 1)
  }
})

t.test('each API gets its own credential, and nothing of the other one', async (t) => {
  const anybody = () => ({ userId: 'ada', actions: [] })
  const [east, west] = [await startBackend({}, anybody), await startBackend({}, anybody)]
  t.teardown(() => Promise.all([east.close(), west.close()]).then(() => undefined))
  process.env.SEVERAL_EAST_KEY = 'east-secret'
  process.env.SEVERAL_WEST_KEY = 'west-secret'
  const securitySchemes = {
    token: { type: 'http', scheme: 'bearer' },
    key: { type: 'apiKey', in: 'header', name: 'X-Key' },
  }
  const section = { openapi: 'shop.json' }
  const configFile = await folder(t, {
    'shop.json': { ...SHOP, components: { securitySchemes } },
    'tools.yaml': {
      server: { name: 'both' },
      callers: 'any',
      backends: {
        east: { ...section, url: east.url, credential: { scheme: 'token', env: 'SEVERAL_EAST_KEY' } },
        west: { ...section, url: west.url, credential: { scheme: 'key', env: 'SEVERAL_WEST_KEY' } },
      },
      tools: both('listOrders'),
    },
  })
  const adapter = await startAdapter({ configFile, port: 0, log: memoryLog().log })
  t.teardown(() => adapter.close())
  const client = await connect(t, adapter.url, 'v2-modern')
  await client.call('east_list_orders')
  await client.call('west_list_orders')
  t.match(east.seen, [{ headers: { authorization: 'Bearer east-secret', 'x-key': undefined } }])
  t.match(west.seen, [{ headers: { 'x-key': 'west-secret', authorization: undefined } }])
  t.equal(east.seen.length + west.seen.length, 2)
})

t.test('each API says what its own tools may do for the caller', async (t) => {
  const may =
    (...actions: string[]) =>
    () => ({ userId: 'ada', actions })
  const { adapter, west } = await shops(t, may('order:delete'))
  const client = await connect(t, adapter.url, 'v2-modern')
  t.same(names(await client.list()), ['east_list_orders', 'w-delete_order'])
  await t.rejects(client.call('w-list_orders'), /Unknown tool/, 'what the east allows counts for nothing in the west')
  t.same(west.calls(), [])
})

t.test('a tool hidden from the list is refused in the call, cached and paginated lists too', async (t) => {
  let actions = ['order:read', 'order:delete']
  const { adapter, west } = await shops(t, () => ({ userId: 'ada', actions }))
  for (const flavour of FLAVOURS) {
    actions = ['order:read', 'order:delete']
    const client = await connect(t, adapter.url, flavour)
    t.ok(names(await client.list()).includes('w-delete_order'), `${flavour}: it is in the list that the client keeps`)
    actions = ['order:read']
    await t.rejects(client.call('w-delete_order', { id: 'o1' }), /Unknown tool/, `${flavour}: and is refused at once`)
    t.same(west.calls(), [], 'nothing was sent')
    // A cursor of another time, or of another server, opens nothing.
    const page = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { cursor: 'bWFkZSB1cA' } }
    const text = await (await post(adapter.url, page, { 'mcp-protocol-version': '2025-06-18' })).text()
    t.notMatch(text, /w-delete_order/)
  }
})

t.test('one policy for list and call', async (t) => {
  const sets = [[], ['order:read'], ['order:delete'], ['order:read', 'order:delete']]
  let actions: string[] = []
  const { adapter } = await shops(t, () => ({ userId: 'ada', actions }))
  const all = ['east_list_orders', 'w-list_orders', 'east_delete_order', 'w-delete_order']
  for (const set of sets) {
    actions = set
    // A client keeps its list for a while: each set is for a new one.
    const client = await connect(t, adapter.url, 'v2-modern')
    const listed = new Set(names(await client.list()))
    for (const name of all) {
      const outcome = client.call(name, { ...(name.endsWith('delete_order') && { id: 'o1' }) }).then(
        () => 'called',
        (error: Error) => error.message,
      )
      t.match(
        await outcome,
        listed.has(name) ? 'called' : /Unknown tool/,
        `${name} with ${set.join(' and ') || 'nothing'}`,
      )
    }
  }
})

t.test('lists carry ttlMs and cacheScope in a deterministic order', async (t) => {
  const { adapter } = await shops(t)
  const list = async () => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: MODERN_META } }
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' }
    return (await (await post(adapter.url, message, headers)).json()) as {
      result: { ttlMs: number; cacheScope: string; tools: { name: string }[] }
    }
  }
  const { result } = await list()
  t.match(result, { ttlMs: 30_000, cacheScope: 'private' })
  t.same(names(result.tools), ['east_list_orders', 'w-list_orders'], 'the order of the curation file')
  const again = await Promise.all(Array.from({ length: 5 }, list))
  for (const each of again) t.same(each.result.tools, result.tools)
})

t.test('an API that is down hides its own tools and no others', async (t) => {
  const { adapter, west, east, lines } = await shops(t)
  await west.close()
  for (const flavour of FLAVOURS) {
    const client = await connect(t, adapter.url, flavour)
    t.same(names(await client.list()), ['east_list_orders'], flavour)
    const answer = await client.call('w-list_orders')
    t.equal(answer.isError, true)
    t.notMatch((await client.call('east_list_orders')).isError, true)
  }
  t.match(
    lines.find(({ level }) => level === 'warn'),
    { fields: { api: 'west', error: 'backend-unavailable', cause: String }, message: 'its tools are not shown' },
  )
  await east.close()
  const client = await connect(t, adapter.url, 'v2-modern')
  await t.rejects(client.list(), /unreachable|reach/, 'nobody can tell: that is no empty list')
})

t.test('a credential that one API refuses serves with the others, and none of them: 401', async (t) => {
  const { adapter } = await shops(t, () => undefined)
  const client = await connect(t, adapter.url, 'v2-modern')
  t.same(names(await client.list()), ['east_list_orders'])
  const call = (name: string, token: string) =>
    post(
      adapter.url,
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } },
      { authorization: `Bearer ${token}`, 'mcp-protocol-version': '2025-06-18' },
    )
  t.equal((await call('w-list_orders', 'token-ada')).status, 401)
  t.equal((await call('east_list_orders', 'token-ada')).status, 200)
  t.equal((await call('east_list_orders', 'token-nobody')).status, 401)
  t.equal((await call('no_such_tool', 'token-nobody')).status, 401)
})

t.test('what does not go together in a file with several APIs is told with its place', async (t) => {
  const section = { openapi: 'shop.json', url: 'http://127.0.0.1:9', credential: 'none' }
  const complaint = async (curation: object, apiUrl?: string | Record<string, string>) => {
    const configFile = await folder(t, {
      'shop.json': SHOP,
      'tools.yaml': { server: { name: 'both' }, tools: both('listOrders'), ...curation },
    })
    const error = await loadTools({ configFile, ...(apiUrl !== undefined && { apiUrl }) }).then(
      () => new Error('nothing'),
      (thrown: unknown) => thrown as Error,
    )
    return error instanceof ConfigError ? error.message : String(error)
  }
  const backends = { east: section, west: section }
  t.match(
    await complaint({ backends, tools: [{ operation: 'listOrders' }] }),
    /Say which backend it belongs to: east, west/,
  )
  t.match(await complaint({ backends, tools: [{ backend: 'wset', operation: 'listOrders' }] }), /Did you mean "west"/)
  t.match(await complaint({ backends, access }), /"access" belongs to one of "backends"/)
  const { credential: _, ...silent } = section
  t.match(await complaint({ backends: { ...backends, west: silent } }), /Say what this API gets of a caller/)
  t.match(
    await complaint({ backends: { ...backends, west: { ...section, prefix: 'east_' } } }),
    /The tool name "east_list_orders" is given twice: here and by tools\.0 \(listOrders of east\)/,
  )
  t.match(await complaint({ backend: section }), /There is one API, without a name/)
  t.match(await complaint({ backends }, 'http://127.0.0.1:1'), /There are several APIs \(east, west\)/)
  t.match(
    await complaint({ backends }, { esat: 'http://127.0.0.1:1' }),
    /There is no backend "esat". Did you mean "east"/,
  )
  t.match(
    await complaint({ backend: section, tools: [{ operation: 'listOrders' }] }, { a: 'http://h' }),
    /without a name/,
  )
})

t.test('URLs by name go over those of the file, each for its own API', async (t) => {
  const section = { openapi: 'shop.json', url: 'http://127.0.0.1:9', credential: 'none' }
  const configFile = await folder(t, {
    'shop.json': SHOP,
    'tools.yaml': { server: { name: 'x' }, backends: { east: section, west: section }, tools: both('listOrders') },
  })
  const { apis } = await loadTools({ configFile, apiUrl: { west: 'http://127.0.0.1:7/base' } })
  t.same(
    apis.map(({ name, baseUrl }) => [name, baseUrl]),
    [
      ['east', 'http://127.0.0.1:9/api/v1'],
      ['west', 'http://127.0.0.1:7/base'],
    ],
  )
})

t.test(
  'one bad operation must not take down the rest: a rule leaves it out, an entry that names it does not',
  async (t) => {
    const paths = {
      ...SHOP.paths,
      '/bad': {
        get: {
          operationId: 'bad',
          parameters: [{ name: 'x', in: 'query', style: 'nonsense', schema: {} }],
          responses: {},
        },
      },
      '/foo/list': { get: { operationId: 'foo/list', responses: {} } },
      '/foo.list': { get: { operationId: 'foo.list', responses: {} } },
    }
    const load = async (tools: object[]) =>
      loadTools({
        configFile: await folder(t, {
          'shop.json': { ...SHOP, paths },
          'tools.yaml': { server: { name: 'x' }, backend: { openapi: 'shop.json', url: 'http://127.0.0.1:9' }, tools },
        }),
      })
    const { tools, leftOut } = await load([{ methods: ['GET'] }])
    t.equal(names(tools).length, 4)
    t.same(names(tools).slice(0, 2), ['get_me', 'list_orders'])
    t.match(names(tools)[2], /^foo_list_[0-9a-f]{6}$/, 'foo/list and foo.list are told apart')
    t.match(leftOut, [{ operation: 'bad', reason: /style|nonsense/ }])
    await t.rejects(load([{ operation: 'bad' }]), /tools\.yaml:1:\d+: .*(style|nonsense)/)
    await t.rejects(load([{ operation: 'foo/list' }, { operation: 'foo.list' }]), /"foo_list" is given twice/)
    await t.rejects(load([{ methods: ['GET'], parameters: { nowhere: { hidden: true } } }]), /"nowhere"/)
    t.equal((await load([{ methods: ['GET', 'DELETE'], parameters: { id: { description: 'X' } } }])).tools.length, 5)
  },
)
