import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { type RunningService, startProcess } from '../../scripts/support/running-service.ts'
import { ROOT } from '../../src/root.ts'
import { makeDatabase, serverRuns } from '../support/database.ts'
import { seededFolder } from '../support/seeded.ts'

async function get(service: RunningService, path: string, key: string) {
  const response = await fetch(`${service.api}${path}`, { headers: { authorization: `Bearer ${key}` } })
  // biome-ignore lint/suspicious/noExplicitAny: bodies of every shape
  return { status: response.status, body: (await response.json()) as any }
}

async function countOf(service: RunningService, list: string): Promise<number> {
  let count = 0
  for (let cursor = ''; ; ) {
    const { body } = await get(service, `/api/v1/${list}?limit=100${cursor && `&cursor=${cursor}`}`, service.keys.admin)
    count += body.items.length
    if (body.nextCursor === null) return count
    cursor = body.nextCursor
  }
}

const order = (service: RunningService, sku: string) =>
  fetch(`${service.api}/api/v1/orders`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${service.keys.customer}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({ items: [{ sku, quantity: 1 }] }),
  })

t.test('the first start fills the database, the second finds it as it was', async (t) => {
  const folder = t.testdir()
  const first = await startProcess(folder)
  t.match(first.output(), /Creating an embedded database/)
  t.match(first.output(), /Filling the database with demo data/)
  t.equal(statSync(join(folder, 'demo-keys.json')).mode & 0o777, 0o600)
  t.equal(statSync(join(folder, 'key-secret')).mode & 0o777, 0o600)
  t.same(Object.keys(first.keys), ['admin', 'manager', 'support', 'customer', 'agent'])
  t.equal(await countOf(first, 'users'), 200)
  t.equal(await countOf(first, 'products'), 60)
  t.equal(await countOf(first, 'orders'), 1000)
  const [line] = /curl -s .*/.exec(first.output()) ?? []
  const shell = spawn('sh', ['-c', line as string])
  const [answer] = await once(shell.stdout, 'data')
  t.match(JSON.parse(String(answer)), { role: 'customer' }, 'the printed curl line works')
  t.equal(await first.stop('SIGINT'), 0)
  t.notMatch(first.output(), first.keys.admin)

  // Nobody listens on port 1.
  const second = await startProcess(folder, { REDIS_URL: 'redis://:hunter2@127.0.0.1:1' })
  t.match(await get(second, '/readyz', second.keys.agent), { status: 200, body: { checks: { redis: 'degraded' } } })
  t.match(second.output(), /Redis is lost/)
  t.notMatch(second.output(), /hunter2/)
  t.notMatch(second.output(), /Creating|Filling/)
  t.same(second.keys, first.keys)
  t.equal((await get(second, '/api/v1/me', first.keys.agent)).status, 200)
  t.equal(await countOf(second, 'orders'), 1000)

  await t.rejects(startProcess(folder), /Another process uses the data folder/)
  t.equal((await get(second, '/api/v1/me', first.keys.agent)).status, 200, 'and the first one is not disturbed')

  // Ctrl-C under npm reaches the service twice.
  second.child.kill('SIGINT')
  t.equal(await second.stop('SIGINT'), 0)

  const production = spawn(process.execPath, [join(ROOT, 'dist', 'src', 'main.js')], {
    env: {
      NODE_ENV: 'production',
      HANDRAIL_DATA_DIR: folder,
      HANDRAIL_KEY_SECRET: readFileSync(join(folder, 'key-secret'), 'utf8').trim(),
      PORT: '0',
      MCP_PORT: '0',
    },
  })
  t.teardown(() => production.kill())
  let text = ''
  const address = await new Promise<string>((resolve) => {
    production.stdout.setEncoding('utf8').on('data', (data: string) => {
      text += data
      const [, url] = /listening at (http:\/\/[\d.:]+)/.exec(text) ?? []
      if (url) resolve(url)
    })
  })
  const refused = await fetch(`${address}/api/v1/me`, { headers: { authorization: `Bearer ${second.keys.admin}` } })
  t.equal(refused.status, 401, 'production refuses demo keys')
})

t.test('a first start that is cut off leaves nothing in the way of the next', async (t) => {
  const folder = t.testdir()
  const database = join(folder, 'postgres')
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'src', 'main.js')], {
    env: { HANDRAIL_DATA_DIR: folder, PORT: '0', MCP_PORT: '0' },
  })
  // The moment when the database has some of its files.
  while (!existsSync(`${database}.new`) && !existsSync(database)) await setImmediate()
  child.kill('SIGKILL')
  await once(child, 'exit')
  const next = await startProcess(folder)
  t.equal(await countOf(next, 'products'), 60)
  await next.stop()

  writeFileSync(join(folder, 'key-secret'), '')
  await t.rejects(startProcess(folder), /key-secret holds no secret/)
})

t.test('a client that never finishes its request does not hold the close up', async (t) => {
  const service = await startProcess(await seededFolder(t))
  const { hostname, port } = new URL(service.api)
  const socket = connect(Number(port), hostname).on('error', () => {})
  socket.write('POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{')
  await once(socket, 'connect')
  t.equal(await service.stop(), 0)
  t.match(service.output(), /"msg":"closed"/)
})

t.test('after kill -9 in the middle of orders, every confirmed order is there', async (t) => {
  const folder = await seededFolder(t)
  const first = await startProcess(folder, { LOG_LEVEL: 'silent' })
  const { body } = await get(first, '/api/v1/products?search=pen', first.keys.customer)
  const { sku, stock } = body.items.find((each: { stock: number }) => each.stock > 40)
  const confirmed: string[] = []
  const writers = Array.from({ length: 8 }, async () => {
    for (;;) {
      const response = await order(first, sku).catch(() => undefined)
      if (response?.status !== 201) return
      const made = (await response.json().catch(() => undefined)) as { id: string } | undefined
      if (!made) return
      confirmed.push(made.id)
      if (confirmed.length === 25) first.child.kill('SIGKILL')
    }
  })
  await Promise.all(writers)
  t.equal(await first.stop('SIGKILL'), 'SIGKILL')
  t.ok(confirmed.length >= 25)

  const second = await startProcess(folder, { LOG_LEVEL: 'silent' })
  t.teardown(() => second.stop())
  for (const id of confirmed) t.equal((await get(second, `/api/v1/orders/${id}`, second.keys.customer)).status, 200)
  const orders = await countOf(second, 'orders')
  const { body: product } = await get(second, `/api/v1/products/${sku}`, second.keys.customer)
  t.equal(stock - product.stock, orders - 1000, 'the stock fits the orders')
})

t.test('a start that cannot succeed says why', async (t) => {
  const folder = await seededFolder(t)
  const start = (env: Record<string, string>) => startProcess(folder, env).then((each) => each.stop())
  await t.rejects(
    start({ NODE_ENV: 'production', HANDRAIL_DATA_DIR: '' }),
    /DATABASE_URL is missing.*HANDRAIL_KEY_SECRET is missing/s,
  )
  await t.rejects(start({ PORT: 'web' }), /PORT must be a whole number/)
  await t.rejects(start({ DATABASE_URL: 'postgres://127.0.0.1:1/none' }), /Cannot reach the database at 127\.0\.0\.1:1/)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  await t.rejects(start({ MCP_PORT: String(port) }), new RegExp(`Port ${port} is in use`))
})

t.test('DATABASE_URL selects a Postgres server', { skip: !(await serverRuns()) && 'no Postgres server' }, async (t) => {
  const url = await makeDatabase(t)
  const first = await startProcess(t.testdir(), { DATABASE_URL: url })
  t.equal(await countOf(first, 'users'), 200)
  const replica = await startProcess(first.dataDir, { DATABASE_URL: url })
  t.equal((await get(replica, '/api/v1/me', first.keys.manager)).body.role, 'manager', 'several processes can share it')
  t.equal(await replica.stop(), 0)
  t.equal(await first.stop(), 0)
})
