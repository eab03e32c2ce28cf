import t from 'tap'
import { MOST_EVALUATIONS } from '../../src/policy/authzen.ts'
import { type Credential, startService } from '../support/service.ts'

const service = await startService(t)
const { app, call, keys, storage, services } = service

const evaluation = {
  subject: { type: 'User', id: 'ada', properties: { role: 'support', status: 'active', scopes: ['*'] } },
  action: { name: 'order:refund' },
  resource: { type: 'Order', id: 'o-1', properties: { owner: 'bob' } },
}

async function ask(who: Credential | string | undefined, payload: unknown, path = 'evaluation', headers = {}) {
  const key = who === undefined ? undefined : (keys[who as Credential] ?? who)
  const response = await app.inject({
    method: 'POST',
    url: `/access/v1/${path}`,
    headers: { ...(key && { authorization: `Bearer ${key}` }), 'content-type': 'application/json', ...headers },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  })
  return { status: response.statusCode, headers: response.headers, body: response.json() }
}

t.test('the policies answer in the shape of AuthZEN', async (t) => {
  const { status, headers, body } = await ask('admin', evaluation, 'evaluation', {
    'x-request-id': 'asked-by-somebody',
  })
  t.equal(status, 200)
  t.match(headers['content-type'], /^application\/json/)
  t.equal(headers['x-request-id'], 'asked-by-somebody')
  t.strictSame(body, {
    decision: true,
    context: { policies: ['support-reads-all-and-acts-on-orders'], policyHash: services.policy.hash },
  })
  const large = await ask('admin', { ...evaluation, context: { amount: 20_000 } })
  t.match(large.body, {
    decision: false,
    context: { reason: 'approval-required', policies: ['large-refunds-need-approval'] },
  })
  const suspended = { ...evaluation.subject, properties: { ...evaluation.subject.properties, status: 'suspended' } }
  t.match((await ask('admin', { ...evaluation, subject: suspended })).body, {
    decision: false,
    context: { reason: 'account-not-active' },
  })
  const bot = { ...evaluation.subject, properties: { ...evaluation.subject.properties, agent: 'bot', issuer: 'eve' } }
  t.match((await ask('admin', { ...evaluation, subject: bot, context: { risk: 'high' } })).body, {
    context: { reason: 'approval-required', policies: ['high-risk-acts-of-agents-need-approval'] },
  })
})

t.test('several at once, by what stands on top where one says nothing else', async (t) => {
  const parts = [{}, { context: { amount: 20_000 } }, { action: { name: 'order:read' } }]
  const decisions = async (semantic?: string) => {
    const options = semantic && { evaluations_semantic: semantic }
    const { status, body } = await ask('admin', { ...evaluation, evaluations: parts, options }, 'evaluations')
    t.equal(status, 200)
    return body.evaluations.map(({ decision }: { decision: boolean }) => decision)
  }
  t.same(await decisions(), [true, false, true])
  t.same(await decisions('execute_all'), [true, false, true])
  t.same(await decisions('deny_on_first_deny'), [true, false])
  t.same(await decisions('permit_on_first_permit'), [true])
  for (const evaluations of [undefined, []]) {
    t.match((await ask('admin', { ...evaluation, evaluations }, 'evaluations')).body, { decision: true })
  }
  const many = (count: number) => ask('admin', { ...evaluation, evaluations: Array(count).fill({}) }, 'evaluations')
  t.equal((await many(MOST_EVALUATIONS)).body.evaluations.length, MOST_EVALUATIONS)
  t.equal((await many(MOST_EVALUATIONS + 1)).status, 400)
})

t.test('only administrators ask, no agents, and refusals are recorded', async (t) => {
  const agentOfAdmin = await call('admin', 'POST', '/api-keys', { name: 'a', agentId: 'caretaker', scopes: ['*'] })
  const narrow = await call('admin', 'POST', '/api-keys', { name: 'n', scopes: ['order:read'] })
  const fitting = await call('admin', 'POST', '/api-keys', { name: 'f', scopes: ['policy:evaluate'] })
  const rows: [string | undefined, number, string | undefined][] = [
    [undefined, 401, 'unauthenticated'],
    ['nonsense', 401, 'unauthenticated'],
    ['ada', 403, 'forbidden'],
    ['support', 403, 'forbidden'],
    ['manager', 403, 'forbidden'],
    ['suspended', 403, 'account-not-active'],
    ['agent', 403, 'scope-missing'],
    [agentOfAdmin.body.key, 403, 'people-only'],
    [narrow.body.key, 403, 'scope-missing'],
    [fitting.body.key, 200, undefined],
    ['admin', 200, undefined],
  ]
  for (const path of ['evaluation', 'evaluations']) {
    for (const [who, status, error] of rows) {
      const answer = await ask(who, evaluation, path)
      t.equal(answer.status, status, `${who} ${path}`)
      t.equal(answer.body.error, error)
      if (status !== 200) t.equal(answer.headers['content-type'], 'application/problem+json')
    }
  }
  const entries = await storage.db.auditEntry.findMany({ where: { operationId: 'evaluateAccess' } })
  t.same(entries.map(({ outcome, code, action }) => `${outcome} ${code} ${action}`).sort(), [
    'denied account-not-active policy:evaluate',
    ...Array(3).fill('denied forbidden policy:evaluate'),
    'denied people-only policy:evaluate',
    ...Array(2).fill('denied scope-missing policy:evaluate'),
    ...Array(2).fill('unauthenticated unauthenticated policy:evaluate'),
  ])
})

t.test('what does not fit is refused, never guessed', async (t) => {
  const { subject, action, resource } = evaluation
  const without = (name: string) => Object.fromEntries(Object.entries(evaluation).filter(([each]) => each !== name))
  const properties = (changes: object) => ({
    ...evaluation,
    subject: { ...subject, properties: { ...subject.properties, ...changes } },
  })
  const on = (thing: object) => ({ ...evaluation, resource: thing })
  const rows: [unknown, string | undefined][] = [
    ...['subject', 'action', 'resource'].map((name): [unknown, string] => [without(name), `/body/${name}`]),
    [{ ...evaluation, time: 'now' }, '/body/time'],
    [{ ...evaluation, context: { ammount: 20_000 } }, '/body/context/ammount'],
    [{ ...evaluation, context: { amount: '20000' } }, '/body/context/amount'],
    [{ ...evaluation, context: { amount: 0.5 } }, '/body/context/amount'],
    [{ ...evaluation, context: { amount: 1e300 } }, '/body/context/amount'],
    [{ ...evaluation, context: { approved: 'true' } }, '/body/context/approved'],
    [{ ...evaluation, subject: { ...subject, type: 'user' } }, '/body/subject/type'],
    [{ ...evaluation, subject: { type: 'User', id: 'ada' } }, '/body/subject/properties'],
    [properties({ role: 'root' }), '/body/subject/properties/role'],
    [properties({ scopes: '*' }), '/body/subject/properties/scopes'],
    [properties({ scopes: undefined }), '/body/subject/properties/scopes'],
    [properties({ admin: true }), '/body/subject/properties/admin'],
    [{ ...evaluation, action: { name: 'order:ship' } }, '/body/action/name'],
    [{ ...evaluation, action: { ...action, properties: {} } }, '/body/action/properties'],
    [on({ type: 'Order', id: 'o' }), '/body/resource/properties/owner'],
    [on({ ...resource, properties: { owner: 'bob', team: true } }), '/body/resource/properties/team'],
    [on({ type: 'User', id: 'bob' }), '/body/resource/type'],
    [on({ type: 'Nothing', id: 'bob' }), '/body/resource/type'],
    [on({ ...resource, id: 'x\u0000' }), '/body/resource/id'],
    [on({ ...resource, id: 'x'.repeat(300) }), '/body/resource/id'],
    [[evaluation], undefined],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, undefined],
    ['{"subject":', undefined],
  ]
  for (const [body, pointer] of rows) {
    const answer = await ask('admin', body)
    t.equal(answer.status, 400, pointer ?? 'no object')
    if (pointer)
      t.ok(
        answer.body.errors.some((each: { pointer: string }) => each.pointer === pointer),
        `${pointer}: ${JSON.stringify(answer.body.errors)}`,
      )
  }
  const several = await ask(
    'admin',
    { ...evaluation, evaluations: [{}, { resource: { type: 'User', id: 'bob' } }] },
    'evaluations',
  )
  t.match(several.body.errors, [{ pointer: '/body/evaluations/1/resource/type' }])
  t.equal(
    (await ask('admin', { subject, action, evaluations: [{}] }, 'evaluations')).body.errors[0].pointer,
    '/body/evaluations/0/resource',
  )
  t.equal((await ask('admin', 'a'.repeat(300_000))).status, 413)
  t.equal((await ask('admin', 'subject', 'evaluation', { 'content-type': 'text/plain' })).status, 415)
  t.equal((await app.inject({ url: '/access/v1/evaluation' })).statusCode, 405)
  t.equal((await app.inject({ method: 'POST', url: '/access/v1/search/subject', payload: {} })).statusCode, 404)
})

t.test('where to ask is told to everybody', async (t) => {
  const tell = (headers: object) =>
    app.inject({ url: '/.well-known/authzen-configuration', headers: headers as Record<string, string> })
  const answer = await tell({ host: 'pdp.example.com:8443' })
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['cache-control'], 'no-store')
  t.same(answer.json(), {
    policy_decision_point: 'http://pdp.example.com:8443',
    access_evaluation_endpoint: 'http://pdp.example.com:8443/access/v1/evaluation',
    access_evaluations_endpoint: 'http://pdp.example.com:8443/access/v1/evaluations',
  })
  for (const host of ['evil.example.com/path?', 'a b', '"']) t.equal((await tell({ host })).statusCode, 400)
  t.equal(
    Object.keys(service.document.paths).some((path) => !path.startsWith('/api/v1/')),
    false,
    'and is no part of the document',
  )
})
