import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { createUsageRecorder } from '../../src/usage/record.ts'
import { connect, connectStdio } from '../clients/connect.ts'
import { startBackend } from '../fixtures/backend.ts'
import { start } from '../start.ts'
import { memoryLog } from '../support.ts'
import { until } from '../until.ts'
import { command, commandJson, fixture, folder } from './support.ts'

const config = fixture('tools.yaml')
const report = async (file: string, ...more: string[]) =>
  (await commandJson(['usage', '--config', config, '--usage', file, ...more])).value
const of = (value: { tools: { name: string }[] }, name: string) => value.tools.find((tool) => tool.name === name)

t.test(
  'an adapter counts calls, errors, drift and last use, and nothing of callers, arguments or answers',
  async (t) => {
    const { place } = folder(t)
    const usageFile = place('usage.jsonl')
    const { adapter } = await start(
      t,
      { 'GET /api/v1/users/ada': () => ({ body: { canary: 'answer' } }) },
      { usageFile },
    )
    const client = await connect(t, adapter.url, 'v2-modern')
    await client.call('list_orders', {})
    await client.call('list_orders', { limit: 3 })
    await client.call('list_orders', { limit: 'canary' })
    await client.call('get_user_by_id', { userId: 'nobody-canary' })
    await client.call('get_user_by_id', { userId: 'ada' })
    await client.close()
    t.equal(readFileSync(usageFile, 'utf8'), '', 'counts wait')
    await adapter.close()
    const value = await report(usageFile)
    t.match(of(value, 'list_orders'), { calls: 3, errors: 1, drift: 0, listed: true, last: /^\d{4}-/ })
    t.match(of(value, 'get_user_by_id'), { calls: 2, errors: 2, drift: 1 })
    t.same(value.neverCalled, ['get_current_caller', 'update_user', 'delete_user', 'create_order', 'order_tags'])
    t.notMatch(readFileSync(usageFile, 'utf8'), /canary|ada|nobody/)
    const { out } = await command(['usage', '--config', config, '--usage', usageFile])
    t.match(out, /^TOOL +CALLS +ERRORS +DRIFT +LAST\nlist_orders +3 +1 +0 +\d{4}-/)
    t.match(out, /\nNobody called: get_current_caller, update_user, delete_user, create_order, order_tags\n$/)
  },
)

t.test('over stdio the counts are written when the client leaves', async (t) => {
  const { place } = folder(t)
  const backend = await startBackend()
  t.teardown(() => backend.close())
  const usageFile = place('usage.jsonl')
  const client = await connectStdio(t, backend.url, 'v2-modern', 'tools.yaml', undefined, usageFile)
  await client.call('list_orders', {})
  await client.close()
  t.match(of(await report(usageFile), 'list_orders'), { calls: 1, errors: 0 })
})

t.test('several processes share a file, and no call is lost', async (t) => {
  const { place } = folder(t)
  const file = place('usage.jsonl')
  const recorders = Array.from({ length: 8 }, () => createUsageRecorder(file, memoryLog().log, 1))
  for (let i = 0; i < 200; i++) {
    for (const recorder of recorders) recorder.note('list_orders', { error: i % 4 === 0, drift: 0 })
    if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(recorders.map((recorder) => recorder.close()))
  t.ok(readFileSync(file, 'utf8').trim().split(/\n+/).length > 8, 'in several lines')
  t.match(of(await report(file), 'list_orders'), { calls: 1600, errors: 400 })
})

t.test('a file that cannot be written is logged, and its counts are kept for the next time', async (t) => {
  const { place } = folder(t)
  const { log, lines } = memoryLog()
  mkdirSync(place('here'))
  const file = place('here/usage.jsonl')
  const recorder = createUsageRecorder(file, log, 1)
  renameSync(place('here'), place('away'))
  recorder.note('list_orders', { error: false, drift: 0 })
  await until('the warning', () => lines.length > 0)
  t.match(lines[0], { level: 'warn', message: 'the usage file cannot be written' })
  renameSync(place('away'), place('here'))
  await recorder.close()
  t.match(of(await report(file), 'list_orders'), { calls: 1 })
  await createUsageRecorder(place('usage.jsonl'), log, 60_000).close()
  t.equal(readFileSync(place('usage.jsonl'), 'utf8'), '', 'nothing counted, nothing written')
})

t.test('a file that never could be written stops the start, and one that is no usage file is told', async (t) => {
  const { write, place } = folder(t)
  t.throws(() => createUsageRecorder(place('none/usage.jsonl'), memoryLog().log), {
    name: 'ConfigError',
    message: /^Cannot write the usage file .*ENOENT/,
  })
  const other = write('other.yaml', { a: 1, b: 2 })
  t.match(await command(['usage', '--config', config, '--usage', other]), { code: 2, error: /is not a usage file/ })
})

t.test('a line that a crash cut off is left out and told, and spoils no other', async (t) => {
  const { place } = folder(t)
  const file = place('usage.jsonl')
  writeFileSync(file, '\n{"version":1,"tools":{"list_orders":{"calls":1')
  const recorder = createUsageRecorder(file, memoryLog().log)
  recorder.note('list_orders', { error: false, drift: 0 })
  recorder.note('gone_tool', { error: false, drift: 0 })
  await recorder.close()
  const { value, error } = await commandJson(['usage', '--config', config, '--usage', file])
  t.equal(value.unreadable, 1)
  t.match(error, /1 line of .* cannot be read/)
  t.match(of(value, 'list_orders'), { calls: 1 })
  t.match(of(value, 'gone_tool'), { calls: 1, listed: false })
})

t.test('--since leaves out what is older', async (t) => {
  const { write } = folder(t)
  const line = (name: string, last: string) =>
    JSON.stringify({ version: 1, tools: { [name]: { calls: 5, errors: 0, drift: 0, last } } })
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()
  const file = write(
    'u',
    [
      line('list_orders', hoursAgo(49)),
      line('list_orders', hoursAgo(1)),
      line('order_tags', '2020-01-01T00:00:00Z'),
    ].join('\n'),
  )
  t.match(of(await report(file), 'list_orders'), { calls: 10 })
  t.match(of(await report(file, '--since', '2d'), 'list_orders'), { calls: 5 })
  t.ok((await report(file, '--since', '2d')).neverCalled.includes('order_tags'))
  t.match(of(await report(file, '--since', '2019-12-31'), 'order_tags'), { calls: 5 })
})
