import t from 'tap'
import { type CallersQuestion, takesAnyone } from '../src/auth/callers.ts'
import { startStdio } from './clients/in-process.ts'
import { command } from './commands/support.ts'
import { startBackend } from './fixtures/backend.ts'
import { startStrange, writeStrange } from './fixtures/strange-api.ts'
import { start } from './start.ts'
import { fixture, post } from './support.ts'

const gets = {
  caller: { name: 'The API', usesCaller: true, isOwn: false },
  none: { name: 'The API', usesCaller: false, isOwn: false },
  own: { name: 'The API', usesCaller: false, isOwn: true },
}
const question = (more: Partial<CallersQuestion>): CallersQuestion => ({
  callers: undefined,
  apis: [gets.caller],
  verifies: false,
  passesKeys: false,
  host: '127.0.0.1',
  ...more,
})

t.test('who may call without a credential', async (t) => {
  t.equal(takesAnyone(question({})), false)
  t.equal(takesAnyone(question({ callers: 'any' })), true)
  t.equal(takesAnyone(question({ apis: [gets.none], host: '0.0.0.0' })), true, 'a public API is public')
  t.equal(takesAnyone(question({ apis: [gets.none, gets.caller] })), false)
  t.equal(takesAnyone(question({ apis: [gets.none], verifies: true })), false, 'tokens are wanted, and verified')
  t.equal(takesAnyone(question({ apis: [gets.own], verifies: true, host: '0.0.0.0' })), false)
  for (const host of ['127.0.0.1', '127.8.8.8', 'localhost', '::1'])
    t.equal(takesAnyone(question({ apis: [gets.own], callers: 'any', host })), true, host)
})

t.test("the adapter's own credential is lent to nobody whom nobody has judged", async (t) => {
  const refused = (more: Partial<CallersQuestion>, message: RegExp) =>
    t.throws(() => takesAnyone(question(more)), { name: 'ConfigError', message })
  refused({ apis: [gets.caller, gets.own] }, /nobody would judge callers: set "auth", or say "callers: any"/)
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.evil.example'])
    refused({ apis: [gets.own], callers: 'any', host }, /would lend it to everybody who reaches/)
  refused({ apis: [gets.own], verifies: true, passesKeys: true }, /leave out auth.apiKeys/)
  refused({ callers: 'any', verifies: true }, /contradict/)
})

const call = (name: string, args: object) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
})
const routes = { 'GET /v2/things/a': () => ({ body: { ok: true } }) }
/** `post` without its credential. */
const anonymous = (url: string, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify(call('get_thing', { id: 'a' })),
  })

t.test('callers: any takes requests without Authorization, and sends the API none', async (t) => {
  const { adapter, backend } = await startStrange(t, routes, { callers: 'any' })
  const answer = await anonymous(adapter.url)
  t.equal(answer.status, 200)
  t.match(await answer.text(), /"ok":true/)
  t.equal(backend.seen[0]?.headers.authorization, undefined)
  t.equal((await anonymous(adapter.url, { authorization: 'Basic x' })).status, 401, 'a wrong one is still refused')
  await post(adapter.url, call('get_thing', { id: 'a' }))
  t.equal(backend.seen[1]?.headers.authorization, 'Bearer token-ada', 'one that is there is passed on')
})

t.test('without it, a request without Authorization is refused; a public API needs none', async (t) => {
  const { adapter, backend } = await startStrange(t, routes)
  t.equal((await anonymous(adapter.url)).status, 401)
  t.equal(backend.seen.length, 0)
  const open = await startStrange(t, routes, { backend: { credential: 'none' } })
  t.equal((await anonymous(open.adapter.url)).status, 200)
})

t.test('a question for rights that the API refuses is a 401 for the anonymous, too', async (t) => {
  const { adapter } = await start(t, {}, { configFile: fixture('tools.yaml') })
  t.equal((await anonymous(adapter.url)).status, 401)
})

t.test('stdio needs HANDRAIL_TOKEN only where an API gets the credential of the caller', async (t) => {
  const api = await startBackend(routes, () => ({ userId: 'x', actions: [] }))
  t.teardown(() => api.close())
  const refused = (config: string) => command(['stdio', '--config', config, '--api', api.url])
  /** Serves until the client leaves. */
  const serves = (config: string) => startStdio({ configFile: config, apiUrl: api.url }).close()
  t.match(await refused(writeStrange(t)), { code: 2, error: /A credential is needed: set HANDRAIL_TOKEN/ })
  await serves(writeStrange(t, { backend: { credential: 'none' } }))
  const own = writeStrange(t, { backend: { credential: { scheme: 'token', env: 'STRANGE_KEY' } } })
  t.match(await refused(own), { code: 2, error: /set STRANGE_KEY/ })
  process.env.STRANGE_KEY = 'k'
  t.teardown(() => delete process.env.STRANGE_KEY)
  await serves(own)
})
