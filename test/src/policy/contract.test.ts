import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { service as theService } from '../../../src/domain/resources.ts'
import { createPolicy } from '../../../src/policy/policy.ts'
import { createRemotePolicy } from '../../../src/policy/remote.ts'
import { ROOT } from '../../../src/root.ts'
import { decisionContract, person } from '../../support/decisions.ts'
import { startService } from '../../support/service.ts'

type Test = typeof t
const embedded = createPolicy(join(ROOT, 'src', 'policy'))
/** For answers that are to come; what is not to come in time has the real limit. */
const PATIENT_MS = 10_000
const order = { type: 'Order', id: 'o-1', ownerId: 'ada' } as const

t.test('Cedar in this process', async (t) => decisionContract(t as Test, embedded, embedded))

t.test('another Handrail, over AuthZEN', async (t) => {
  const point = await startService(t as Test)
  const { body } = await point.call('admin', 'POST', '/api-keys', { name: 'others ask', scopes: ['policy:evaluate'] })
  const url = await point.app.listen({ host: '127.0.0.1', port: 0 })
  const remote = createRemotePolicy({
    url: `${url}/`,
    token: body.key,
    timeoutMs: PATIENT_MS,
    report: (failure) => t.equal(failure, undefined),
  })
  t.equal(remote.hash, `${url}#unversioned`)
  decisionContract(t as Test, remote, embedded)

  t.test('the decision names the rules, and where they are', async (t) => {
    const { hash } = await remote.check(person('admin'), 'order:read', order)
    t.equal(hash, `${url}#${embedded.hash}`)
    t.equal(remote.hash, hash)
    t.same(await remote.health?.(), { status: 'ok', detail: `remote, ${embedded.hash}` })
  })

  t.test('a service that asks it works as with its own policies', async (t) => {
    const asking = await startService(t as Test, { replace: () => ({ policy: remote }) })
    t.equal((await asking.call('ada', 'GET', '/orders')).status, 200)
    t.match((await asking.call('ada', 'GET', '/me')).body, { actions: await embedded.actions(person('customer')) })
    t.equal((await asking.call('bob', 'GET', `/orders/${await asking.order('ada')}`)).body.error, 'order-not-found')
    t.equal((await asking.call('agent', 'POST', '/products', {})).status, 400)
    t.equal((await asking.call('suspended', 'GET', '/me')).body.error, 'account-not-active')
    const waiting = await asking.approval()
    t.equal((await asking.call('manager', 'GET', `/approvals/${waiting}`)).body.status, 'pending')
    const { body: trail } = await asking.call('admin', 'GET', '/audit-entries?limit=100')
    t.same(
      [...new Set(trail.items.map(({ policyHash }: { policyHash: string }) => policyHash))],
      [`${url}#${embedded.hash}`],
    )
    const own = await asking.app.inject({ method: 'POST', url: '/access/v1/evaluation', payload: {} })
    t.equal(own.statusCode, 404, 'and has no policies of its own to ask')
  })
})

/** A decision point that answers as a test wants it. */
async function pretend(
  t: { teardown(act: () => void): void },
  answer: RequestListener,
): Promise<{ url: string; server: Server }> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

const json =
  (body: string, status = 200, headers = {}): RequestListener =>
  (request, response) => {
    request.resume()
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  }
const YES = '{"decision":true}'

t.test('without a well-formed answer in time nothing is allowed', async (t) => {
  const cases: [string, RequestListener][] = [
    ['no answer', () => {}],
    [
      'an answer that never ends',
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{"decision"'),
    ],
    ['a broken connection', (request) => request.socket.destroy()],
    ['500', json(YES, 500)],
    ['401', json(YES, 401)],
    ['204', json('', 204)],
    ['a redirect', json(YES, 307, { location: '/elsewhere' })],
    ['no JSON', json('{"decision":tru')],
    ['another media type', json(YES, 200, { 'content-type': 'text/html' })],
    [
      'broken UTF-8',
      (_, response) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.from([0x22, 0xff, 0x22])),
    ],
    ['true as text', json('{"decision":"true"}')],
    ['true as a number', json('{"decision":1}')],
    ['null', json('null')],
    ['a list', json('[true]')],
    ['no decision', json('{}')],
    ['a context that is none', json('{"decision":true,"context":"yes"}')],
    ['a decision in the prototype', json('{"__proto__":{"decision":true}}')],
    ['too much', json(`{"decision":true,"context":{"x":"${'x'.repeat(300_000)}"}}`)],
  ]
  for (const [name, answer] of cases) {
    const { url } = await pretend(t, answer)
    const told: (string | undefined)[] = []
    const remote = createRemotePolicy({ url, report: (failure) => told.push(failure) })
    await t.rejects(remote.check(person('admin'), 'order:read', order), { code: 'unavailable' }, name)
    await t.rejects(remote.check(person('admin'), 'order:read', order), { code: 'unavailable' }, name)
    t.equal(told.length, 1, 'and the operator is told once')
    t.match(told[0], /./, name)
    t.equal((await remote.health?.())?.status, 'failed', name)
  }
  const { url, server } = await pretend(t, json(YES))
  server.close()
  await once(server, 'close')
  const gone = createRemotePolicy({ url, report() {} })
  await t.rejects(gone.check(person('admin'), 'order:read', order), { code: 'unavailable' }, 'nobody listens')
})

t.test('lists are answered one by one, or not at all', async (t) => {
  for (const [name, evaluations] of [
    ['too few', [{ decision: true }]],
    ['too many', [{ decision: true }, { decision: true }, { decision: true }]],
    ['one that is none', [{ decision: true }, { decision: 'true' }]],
    ['no list', { 0: { decision: true }, 1: { decision: true }, length: 2 }],
  ] as const) {
    const { url } = await pretend(t, json(JSON.stringify({ evaluations })))
    const remote = createRemotePolicy({ url, report() {} })
    await t.rejects(remote.visible(person('customer'), 'order:read'), { code: 'unavailable' }, name)
  }
})

t.test('a decision point of another kind', async (t) => {
  let answer = '{"decision":false}'
  const asked: { path: string | undefined; authorization: string | undefined; body: string }[] = []
  const sockets = new Set<Socket>()
  const { url, server } = await pretend(t, async (request, response) => {
    sockets.add(request.socket)
    let body = ''
    for await (const chunk of request) body += chunk
    asked.push({ path: request.url, authorization: request.headers.authorization, body })
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(answer)
  })
  const told: (string | undefined)[] = []
  const remote = createRemotePolicy({
    url,
    token: 'open-sesame',
    timeoutMs: PATIENT_MS,
    report: (failure) => told.push(failure),
  })
  const ask = () => remote.check(person('support', { agentId: 'bot' }), 'order:refund', order, { amount: 5 })

  t.same(await ask(), { allow: false, policies: [], hash: `${url}#unversioned` })
  t.equal(asked[0]?.path, '/access/v1/evaluation')
  t.equal(asked[0]?.authorization, 'Bearer open-sesame')
  t.same(JSON.parse(asked[0]?.body ?? ''), {
    subject: {
      type: 'User',
      id: 'me',
      properties: { role: 'support', status: 'active', scopes: ['*'], agent: 'bot', issuer: 'me' },
    },
    action: { name: 'order:refund' },
    resource: { type: 'Order', id: 'o-1', properties: { owner: 'ada' } },
    context: { amount: 5 },
  })
  answer = '{"decision":false,"context":{"reason":"approval-required","policyHash":"v7"}}'
  t.match(await ask(), { allow: false, code: 'approval-required', hash: `${url}#v7` })
  for (const reason of ['internal', 'unavailable', 'toString', 'because', 7, null]) {
    answer = JSON.stringify({ decision: false, context: { reason, policies: 'all' } })
    t.same(await ask(), { allow: false, policies: [], hash: `${url}#unversioned` }, 'a reason that is none of ours')
  }
  answer = YES
  t.equal((await ask()).allow, true)
  answer = '{"decision":false}'
  t.equal((await ask()).allow, false, 'a yes is not remembered')
  t.ok(sockets.size * 2 < asked.length, 'connections are kept open')

  // What was kept open may be closed by the other side at any time.
  server.closeIdleConnections()
  for (const socket of sockets) socket.destroy()
  t.equal((await ask()).allow, false)
  t.same(told, [])
})

t.test('the service says so, denies nothing for good, and works again', async (t) => {
  let answer: RequestListener = json(YES)
  const { url } = await pretend(t, (request, response) => answer(request, response))
  const told: (string | undefined)[] = []
  const remote = createRemotePolicy({ url, timeoutMs: PATIENT_MS, report: (failure) => told.push(failure) })
  const { call, app, storage } = await startService(t as Test, {
    replace: () => ({ policy: remote }),
  })
  answer = json('{}', 500)
  for (const [method, path, body] of [
    ['GET', '/me'],
    ['GET', '/orders'],
    ['POST', '/orders', { items: [{ sku: 'LAMP', quantity: 1 }] }],
  ] as const) {
    const { status, headers, body: problem } = await call('admin', method, path, body)
    t.equal(status, 503, path)
    t.match(problem, { error: 'unavailable', retryable: true, detail: /decision point/ })
    t.equal(Number(headers['retry-after']), 1)
  }
  t.equal(await storage.db.order.count(), 0)
  t.match((await app.inject('/readyz')).json(), { status: 'unready' })
  t.equal((await app.inject('/livez')).statusCode, 200)
  // One answer for one question, and as many for a list of them.
  answer = async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    const { evaluations } = JSON.parse(body)
    json(evaluations ? JSON.stringify({ evaluations: evaluations.map(() => JSON.parse(YES)) }) : YES)(request, response)
  }
  await remote.check(person('admin'), 'caller:read', theService)
  t.equal((await call('admin', 'GET', '/users/019a0000-0000-7000-8000-000000000004')).status, 200)
  t.same(told, ['it answers with status 500', undefined])
})
