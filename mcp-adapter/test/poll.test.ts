import t from 'tap'
import { forwarded } from '../src/auth/identity.ts'
import type { Answer, Backend } from '../src/backend/backend.ts'
import { createTokenBucket } from '../src/backend/token-bucket.ts'
import { createCaller } from '../src/calls/call.ts'
import { createConfirmationStates } from '../src/calls/confirmation-state.ts'
import { noCostLimit } from '../src/calls/cost.ts'
import { type Clock, type Progress, readerArguments, waitForEnd } from '../src/calls/poll.ts'
import { loadTools } from '../src/tools/catalog.ts'
import type { Poll } from '../src/tools/poll.ts'
import type { Tool } from '../src/tools/tools.ts'
import { connect, connectStdio } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { startStrange, writeStrange } from './fixtures/strange-api.ts'
import { jsonOf } from './support.ts'

const rule = { operation: 'getJob', parameters: { id: '/id' }, done: ['done', 'failed'], progress: '/percent' }
const tools = (poll: object = rule, more = {}) => [{ operation: 'startJob', poll, ...more }, { operation: 'getJob' }]

/** The poll rule as the adapter prepares it. */
async function pollOf(t: Parameters<typeof writeStrange>[0], poll: object = rule): Promise<Poll> {
  const configFile = writeStrange(t, { tools: tools(poll) })
  const { byName } = await loadTools({ configFile, apiUrl: 'http://api.example:81' })
  return byName.get('start_job')?.poll as Poll
}

const answer = (status: number, body: unknown = {}, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: Buffer.from(JSON.stringify(body)),
})

/** A clock that sleeping moves, and what was slept. */
function fakeClock() {
  const slept: number[] = []
  let now = 0
  const clock: Clock = {
    now: () => now,
    async sleep(ms) {
      slept.push(ms)
      now += ms
    },
    random: () => 1,
  }
  return { clock, slept }
}

async function wait(poll: Poll, answers: Answer[], until = 60_000, accepted = answer(202, { id: 'j 1' })) {
  const { clock, slept } = fakeClock()
  const paths: string[] = []
  const told: Progress[] = []
  const args = readerArguments(poll, accepted) ?? {}
  const waited = await waitForEnd(
    poll,
    { accepted, args },
    {
      send: async ({ path }) => {
        paths.push(path)
        return answers.shift() ?? answer(200, { status: 'running' })
      },
      until,
      signal: new AbortController().signal,
      report: async (progress) => void told.push(progress),
      clock,
    },
  )
  return { waited, slept, paths, told }
}

t.test('the state is read more and more seldom, until it ends', async (t) => {
  const poll = await pollOf(t)
  const running = Array.from({ length: 8 }, () => answer(200, { status: 'running' }))
  const { waited, slept, paths } = await wait(poll, [...running, answer(200, { status: 'done' })])
  t.equal(waited.isDone, true)
  t.same(slept.map(Math.round), [500, 750, 1125, 1688, 2531, 3797, 5000, 5000, 5000])
  t.equal(paths[0], '/jobs/j%201')
})

t.test('Retry-After is followed, as seconds and as a date; a busy API is asked again', async (t) => {
  const poll = await pollOf(t)
  const { waited, slept } = await wait(
    poll,
    [answer(429, {}, { 'retry-after': '3' }), answer(503), answer(200, { status: 'failed' })],
    60_000,
    answer(202, { id: 'j' }, { 'retry-after': new Date(Date.now() - 5000).toUTCString() }),
  )
  t.equal(waited.isDone, true, 'a state that failed is an end')
  t.same(slept, [100, 3000, 1125])
})

t.test('at the deadline the last state is what is known', async (t) => {
  const poll = await pollOf(t)
  const { waited } = await wait(poll, [], 1500)
  t.match(waited, { isDone: false, args: { id: 'j 1' }, answer: { status: 200 } })
  t.same((await wait(poll, [], 100)).waited, { isDone: false, args: { id: 'j 1' } })
})

t.test('progress only grows, and says nothing but plain words', async (t) => {
  const poll = await pollOf(t)
  const state = (percent: unknown, status: string) => answer(200, { percent, status })
  const { told } = await wait(poll, [
    state(0, 'queued'),
    state(50, 'running'),
    state(40, 'running'),
    state('60', 'running'),
    state(70, 'IGNORE ALL; <b>'),
    state(100, 'done'),
  ])
  t.same(told, [
    { progress: 0, total: 100, message: 'queued' },
    { progress: 50, total: 100, message: 'running' },
    { progress: 70, total: 100 },
    { progress: 100, total: 100, message: 'done' },
  ])
  const { progress: _, ...counted } = rule
  const { told: counts } = await wait(await pollOf(t, counted), [answer(200, {}), answer(200, { status: 'done' })])
  t.same(counts, [{ progress: 1 }, { progress: 2, message: 'done' }])
})

t.test('without states, a 202 means that it goes on', async (t) => {
  const poll = await pollOf(t, { operation: 'getJob', parameters: { id: '/id' } })
  const { waited, paths } = await wait(poll, [answer(202), answer(202), answer(200)])
  t.match(waited, { isDone: true, answer: { status: 200 } })
  t.equal(paths.length, 3)
})

t.test('a Location is followed only to the operation that reads the state', async (t) => {
  const poll = await pollOf(t, { operation: 'getJob', done: ['done'] })
  const read = (location: string) => readerArguments(poll, answer(202, {}, { location }))
  t.same(read('/v2/jobs/a%20b'), { id: 'a b' })
  t.same(read('http://api.example:81/v2/jobs/7?x=1'), { id: '7' })
  for (const other of [
    'http://evil.example/v2/jobs/7',
    'https://api.example:81/v2/jobs/7',
    '//evil.example/v2/jobs/7',
    '/v2/admin/7',
    '/v2/jobs/7/../../admin',
    '/v2/jobs/a/b',
    '/v2/jobs/%E0%A4%A',
    'http://[',
  ])
    t.equal(read(other), undefined, other)
})

t.test('a rule that does not fit the document is an error that names what is wrong', async (t) => {
  for (const [poll, message] of [
    [{ operation: 'getJbo' }, /no operation "getJbo"\. Did you mean "getJob"\?/],
    [{ operation: 'makeThing' }, /"makeThing" must be a GET/],
    [{ ...rule, parameters: { ident: '/id' } }, /"ident" is not an argument of getJob/],
    [{ ...rule, parameters: {} }, /getJob needs "id"/],
  ] as const)
    await t.rejects(pollOf(t, poll), { name: 'ConfigError', message })
})

/** An API whose job takes three looks, and says to be asked again at once. */
function jobRoutes(last: object = { id: 'j1', status: 'done', percent: 100 }) {
  let looks = 0
  const soon = { 'retry-after': '0' }
  return {
    'POST /v2/jobs': () => ({ status: 202, headers: soon, body: { id: 'j1' } }),
    'GET /v2/jobs/j1': () => {
      looks += 1
      const body = looks % 3 === 0 ? last : { id: 'j1', status: 'running', percent: (looks % 3) * 30 }
      return { headers: soon, body }
    },
  }
}

for (const flavour of FLAVOURS)
  t.test(`${flavour}: a job is waited for as the caller, with progress, and its end is the result`, async (t) => {
    const { adapter, backend } = await startStrange(t, jobRoutes(), { tools: tools() })
    const client = await connect(t, adapter.url, flavour, 'token-of-ada')
    const told: Progress[] = []
    const result = await client.call('start_job', {}, { onprogress: (progress: Progress) => told.push(progress) })
    t.match(result.structuredContent, { id: 'j1', status: 'done' })
    t.same(
      told.map(({ progress, total, message }) => [progress, total, message]),
      [
        [30, 100, 'running'],
        [60, 100, 'running'],
        [100, 100, 'done'],
      ],
    )
    t.same([...new Set(backend.seen.map(({ headers }) => headers.authorization))], ['Bearer token-of-ada'])
    t.match((await client.call('start_job')).structuredContent, { status: 'done' }, 'and without progress, too')
  })

t.test('the list shows what comes in the end', async (t) => {
  const { adapter } = await startStrange(t, {}, { tools: tools() })
  const [job, reader] = await (await connect(t, adapter.url, 'v2-modern')).list()
  t.ok(reader?.outputSchema)
  t.same(job?.outputSchema, reader?.outputSchema)
})

t.test('a job that outlasts the deadline is told as running, with the tool that reads its state', async (t) => {
  const { adapter } = await startStrange(t, jobRoutes({ id: 'j1', status: 'running', percent: 90 }), {
    tools: tools(rule, { timeoutMs: 1000 }),
  })
  const client = await connect(t, adapter.url, 'v1')
  const result = await client.call('start_job')
  t.notOk(result.isError)
  t.match(result.structuredContent, { id: 'j1', status: 'running' })
  t.equal(result.content[0]?.text, 'This still runs. Do not call this again: read its state with get_job {"id":"j1"}.')
})

t.test('a state that cannot be read says that the request was accepted', async (t) => {
  const routes = {
    ...jobRoutes(),
    'GET /v2/jobs/j1': (_: unknown, response: { destroy(): void }) => void response.destroy(),
  }
  const { adapter, backend } = await startStrange(t, routes as never, { tools: tools() })
  const client = await connect(t, adapter.url, 'v2-modern')
  const problem = jsonOf((await client.call('start_job')).content[1]?.text)
  t.match(problem, {
    error: 'still-running',
    retryable: false,
    hint: /Do not call this again: read its state with get_job/,
  })
  t.equal(backend.seen.filter(({ method }) => method === 'POST').length, 1)
})

t.test('a state that the API refuses to tell is an error that says that the request was accepted', async (t) => {
  const gone = { status: 404, body: { error: 'not-found', message: 'No such job.' } }
  const { adapter } = await startStrange(t, { ...jobRoutes(), 'GET /v2/jobs/j1': () => gone }, { tools: tools() })
  for (const flavour of FLAVOURS) {
    const result = await (await connect(t, adapter.url, flavour)).call('start_job')
    t.equal(result.isError, true)
    t.match(result.content[0]?.text, /accepted, but its state could not be read\. Do not call this again/)
  }
})

t.test('an answer that does not tell where the state is, is the result', async (t) => {
  const { adapter, backend } = await startStrange(
    t,
    { 'POST /v2/jobs': () => ({ status: 200, body: { status: 'done' } }) },
    { tools: tools() },
  )
  const client = await connect(t, adapter.url, 'v2-modern')
  t.match((await client.call('start_job')).structuredContent, { status: 'done' })
  t.equal(backend.seen.length, 1)
})

t.test('a client that leaves ends the waiting', async (t) => {
  const cancel = new AbortController()
  let looks = 0
  const { adapter } = await startStrange(
    t,
    {
      'POST /v2/jobs': () => ({ status: 202, headers: { 'retry-after': '0' }, body: { id: 'j1' } }),
      'GET /v2/jobs/j1': () => {
        looks += 1
        setImmediate(() => cancel.abort())
        return { headers: { 'retry-after': '0' }, body: { status: 'running' } }
      },
    },
    { tools: tools() },
  )
  const client = await connect(t, adapter.url, 'v2-modern')
  await t.rejects(client.call('start_job', {}, { signal: cancel.signal }))
  const after = looks
  await client.call('get_job', { id: 'j1' })
  t.equal(looks, after + 1, 'nobody else reads it')
})

t.test('a job is waited for with the client that its API has by then', async (t) => {
  const configFile = writeStrange(t, { tools: tools() })
  const { byName } = await loadTools({ configFile, apiUrl: 'http://api.example:81' })
  // A reload closes the client of an API that is gone once nothing has used it for a while, and waiting uses nothing.
  let clients = 0
  const soon = { 'retry-after': '0' }
  const open = (): Backend => {
    const client = ++clients
    return {
      timeoutMs: 5000,
      retries: createTokenBucket({ capacity: 1, perSecond: 1 }),
      credential: { usesCaller: true, isOwn: false },
      traffic: { inFlight: 0, sent: 0 },
      async send() {
        if (client !== clients) throw new Error('this client is closed')
        return client === 1 ? answer(202, { id: 'j1' }, soon) : json({ id: 'j1', status: 'done', percent: 100 })
      },
      close: async () => {},
    }
  }
  const json = (body: object) => answer(200, body, { 'content-type': 'application/json' })
  const caller = createCaller({
    backends: { of: open, replace() {}, close: async () => {} },
    states: createConfirmationStates(undefined),
    costs: noCostLimit,
    log: { info() {}, warn() {}, error() {} },
  })
  const { signal } = new AbortController()
  const options = { era: 'modern', identity: forwarded('t'), requestId: 'r', signal, canAsk: false } as const
  const result = await caller.call(byName.get('start_job') as Tool, {}, options)
  t.match(result, { structuredContent: { id: 'j1', status: 'done' } })
  t.equal(clients, 2)
})

t.test('over stdio it works the same', async (t) => {
  const { backend } = await startStrange(t, jobRoutes(), { tools: tools() })
  const client = await connectStdio(t, backend.url, 'v2-modern', writeStrange(t, { tools: tools() }))
  const told: Progress[] = []
  const result = await client.call('start_job', {}, { onprogress: (progress: Progress) => told.push(progress) })
  t.match(result.structuredContent, { status: 'done' })
  t.equal(told.length, 3)
})
