import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { connectCommand, connectStdio, stdioCommand } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { ada, startBackend } from './fixtures/backend.ts'

for (const flavour of FLAVOURS) {
  t.test(`${flavour} lists and calls tools over stdio`, async (t) => {
    const backend = await startBackend()
    t.teardown(() => backend.close())
    const { list, call } = await connectCommand(t, flavour, stdioCommand(backend.url))
    t.equal((await list()).length, 7)
    t.same((await call('get_user_by_id', { userId: 'ada' })).structuredContent, ada)
    t.equal((await call('get_user_by_id', { userId: 3 })).isError, true)
    await t.rejects(call('nothing'), { code: -32602 })
    t.equal(backend.calls()[0]?.headers.authorization, 'Bearer token-ada')
  })
}

t.test('stdout carries the protocol alone, and the process ends when stdin does', async (t) => {
  const backend = await startBackend()
  t.teardown(() => backend.close())
  const { command: file, args, env } = stdioCommand(backend.url, 'token-bob')
  const child = spawn(file, args, { env })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  send({ id: 1, method: 'initialize', params })
  send({ method: 'notifications/initialized' })
  send({ id: 2, method: 'tools/list' })
  send({ id: 3, method: 'tools/call', params: { name: 'delete_user', arguments: { userId: 'ada' } } })
  while (stdout.split('\n').length < 4) await once(child.stdout, 'data')
  child.stdin.end()
  const [code] = await once(child, 'close')
  t.equal(code, 0)
  const messages = new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map((message) => [message.id, message]),
  )
  t.equal(messages.get(2).result.tools.length, 3)
  t.equal(messages.get(3).error.code, -32602)
  t.notMatch(stdout + stderr, /token-bob/)
})

t.test('a cancelled call ends the request to the API', async (t) => {
  let arrived: () => void = () => {}
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve
  })
  let closed: Promise<unknown> = Promise.resolve()
  const backend = await startBackend({
    'GET /api/v1/users/ada': (_, response) => {
      closed = once(response, 'close')
      arrived()
      return undefined
    },
  })
  t.teardown(() => backend.close())
  const client = await connectStdio(t, backend.url, 'v1', 'tools.yaml')
  const cancel = new AbortController()
  const call = client.call('get_user_by_id', { userId: 'ada' }, { signal: cancel.signal })
  call.catch(() => {})
  await arrival
  cancel.abort()
  await t.rejects(call)
  await closed
  t.pass('the API saw the connection close')
})
