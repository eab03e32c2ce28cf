import { type Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import t, { type Test } from 'tap'
import { connect, stdioCommand } from './clients/connect.ts'
import { FLAVOURS, type Flavour } from './clients/face.ts'
import { startStdio } from './clients/in-process.ts'
import { createListener } from './clients/listener.ts'
import { overStdio } from './clients/v2.ts'
import { startBackend } from './fixtures/backend.ts'
import { createFolder, curation, startMoving } from './reload-support.ts'
import { MODERN_META, post } from './support.ts'
import { until } from './until.ts'

/** Opens one stream by hand. */
function listen(url: string, id: string, token = 'token-ada', signal?: AbortSignal) {
  const params = { notifications: { toolsListChanged: true }, _meta: MODERN_META }
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'subscriptions/listen',
    authorization: `Bearer ${token}`,
  }
  return post(url, { jsonrpc: '2.0', id, method: 'subscriptions/listen', params }, headers, signal)
}

/** Reads a stream until its text fits. */
async function readUntil(response: Response, pattern: RegExp): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (reader && !pattern.test(text)) {
    const { value, done } = await reader.read()
    if (done) break
    text += value
  }
  return text
}

t.test('a client of 2026-07-28 that subscribed over HTTP is told, and reads the new list', async (t) => {
  const { adapter, write, backend } = await startMoving(t)
  const { client, told } = createListener('v2-modern')
  const requestInit = { headers: { authorization: 'Bearer token-ada' } }
  await (client as Client).connect(new StreamableHTTPClientTransport(new URL(adapter.url), { requestInit }))
  t.teardown(() => client.close())
  t.same(client.getServerCapabilities()?.tools, { listChanged: true })
  await write('tools.yaml', curation(backend.url, [{ operation: 'getAda' }]))
  await until('the notification', () => told() > 0)
  const { tools } = await (client as Client).listTools({}, { cacheMode: 'refresh' })
  t.same(
    tools.map(({ name }) => name),
    ['get_ada'],
  )
})

t.test('what changes nothing for agents is not announced', async (t) => {
  const { adapter, write, backend } = await startMoving(t)
  const response = await listen(adapter.url, 's1')
  await write('tools.yaml', curation(backend.url, [{ operation: 'listOrders' }], { results: { budget: 5000 } }))
  await adapter.reload()
  await write('tools.yaml', curation(backend.url, [{ operation: 'getAda' }]))
  const text = await readUntil(response, /list_changed/)
  t.equal(text.match(/list_changed/g)?.length, 1)
})

t.test('only who can be told is promised to be told', async (t) => {
  const moving = await startMoving(t)
  const still = await startMoving(t, { reload: false })
  const capabilities = async (url: string, legacy: boolean) => {
    const { client } = createListener(legacy ? 'v2-legacy' : 'v2-modern')
    const requestInit = { headers: { authorization: 'Bearer token-ada' } }
    await (client as Client).connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
    t.teardown(() => client.close())
    return client.getServerCapabilities()?.tools
  }
  t.same(await capabilities(moving.adapter.url, false), { listChanged: true })
  t.same(await capabilities(moving.adapter.url, true), {}, 'an earlier client over HTTP has no stream')
  t.same(await capabilities(still.adapter.url, false), {})
})

t.test(
  'a subscription takes no place of a call, one caller cannot take them all, and a stranger gets none',
  async (t) => {
    const { adapter } = await startMoving(t, { maxInFlight: 1 })
    const end = new AbortController()
    const open = await Promise.all(
      Array.from({ length: 16 }, (_, index) => listen(adapter.url, `s${index}`, 'token-ada', end.signal)),
    )
    for (const response of open) t.equal(response.status, 200)
    t.match(await (await listen(adapter.url, 'one-more')).json(), { id: 'one-more', error: { code: -32603 } })
    t.equal((await listen(adapter.url, 'other', 'token-bob', end.signal)).status, 200, 'another caller has places')
    const client = await connect(t, adapter.url, 'v2-modern')
    t.same(
      (await client.list()).map(({ name }) => name),
      ['list_orders'],
    )
    end.abort()
    await until('a place', async () => {
      const again = new AbortController()
      const response = await listen(adapter.url, 'again', 'token-ada', again.signal)
      const isOpen = response.headers.get('content-type') === 'text/event-stream'
      again.abort()
      return isOpen
    })
  },
)

t.test('the adapter stops without waiting for subscribers, and ends their streams with a result', async (t) => {
  const { adapter } = await startMoving(t)
  const response = await listen(adapter.url, 's1')
  const [text] = await Promise.all([readUntil(response, /"result"/), adapter.close()])
  t.match(text, /subscriptions\/acknowledged/)
  t.match(text, /"id":"s1","result"/)
})

/** A stdio client that has seen its server take another list, and a way to ask for that list. */
async function changeOver(
  t: Test,
  flavour: Flavour,
  connect: (client: Client, api: string, configFile: string) => Promise<void>,
) {
  const backend = await startBackend()
  t.teardown(() => backend.close())
  const { configFile, write } = await createFolder(t, backend.url)
  const { client, told } = createListener(flavour)
  t.teardown(() => client.close())
  await connect(client as Client, backend.url, configFile)
  t.same(client.getServerCapabilities()?.tools, { listChanged: true }, flavour)
  await write('tools.yaml', curation(backend.url, [{ operation: 'getAda' }]))
  await until(`${flavour}: the notification`, () => told() > 0)
  const names = async () => {
    const { tools } = await (client as Client).listTools({}, { cacheMode: 'refresh' })
    return tools.map(({ name }) => name).join()
  }
  t.equal(await names(), 'get_ada', flavour)
  return names
}

for (const flavour of FLAVOURS)
  t.test(`list_changed reaches a stdio client: ${flavour}`, async (t) => {
    await changeOver(t, flavour, (client, apiUrl, configFile) =>
      client.connect(startStdio({ configFile, apiUrl, credential: 'token-ada' }) as never),
    )
  })

t.test('list_changed leaves a process by its stdout, and a hang-up signal does not end it', async (t) => {
  let pid = 0
  const names = await changeOver(t, 'v2-legacy', async (client, api, configFile) => {
    const transport = overStdio(stdioCommand(api, 'token-ada', configFile))
    await client.connect(transport)
    pid = transport.pid as number
  })
  process.kill(pid, 'SIGHUP')
  t.equal(await names(), 'get_ada', 'it goes on after the signal')
})
