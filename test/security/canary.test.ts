import t from 'tap'
import { SHAPES, type Shape } from '../support/canaries.ts'
import { isRequestId, isWord, startCanaryRun } from '../support/canary-run.ts'
import { stringsOf, withAt } from '../support/samples.ts'
import { PEOPLE, UNKNOWN_ID } from '../support/service.ts'

/**
 * A secret through every input of the API (and of the MCP endpoint: canary-mcp.test.ts). It is in no line of a log, on
 * no stderr and in no entry of the trail. What came as a credential, in a header or in what is no JSON is in no answer
 * at all, and what came as a value in no refusal.
 */
const run = await startCanaryRun(t)
const { edge, operations, paths, canaries, send, judge, eachShape } = run
const { keys } = edge.service
const ORDERS = '/api/v1/orders'

/** Every header that the document names, or that the service, its framework or a proxy may read. */
const HEADERS = [
  ...new Set(
    operations.flatMap(({ parameters }) => parameters.filter((each) => each.in === 'header').map((each) => each.name)),
  ),
  ...'x-request-id traceparent tracestate baggage handrail-tool handrail-assertion user-agent referer cookie'.split(
    ' ',
  ),
  ...'origin host forwarded x-forwarded-for x-forwarded-host x-http-method-override accept accept-encoding'.split(' '),
  ...'accept-version content-type expect if-none-match range access-control-request-method'.split(' '),
]

t.test('as a credential', async (t) => {
  for (const [index, { method, path }] of paths.entries()) {
    // Every shape meets every way, if not at every operation.
    for (const shape of [SHAPES[index % SHAPES.length], 'word'] as Shape[]) {
      const secret = canaries.make(shape, `credential of ${method} ${path}`)
      const ways = [
        `Bearer ${secret}`,
        `Basic ${secret}`,
        secret,
        `bearer  ${secret} x`,
        [`Bearer ${secret}`, 'Bearer b'],
      ]
      judge(await send(method, path, { authorization: ways[index % ways.length] as string }), /^credential/)
    }
  }
  // Tokens of a trusted issuer that are wrong in one place: what is wrong is told without telling what it said.
  const right = { sub: PEOPLE.ada.id, client_id: 'shop-app' }
  for (const name of ['iss', 'aud', 'sub', 'jti', 'scope', 'act', 'cnf', 'typ', 'kid', 'jku', 'alg']) {
    const secret = canaries.make('slack', `token's ${name}`)
    const isHeader = ['typ', 'kid', 'jku', 'alg'].includes(name)
    const claims = edge.issuer.claims('https://api.example.com', { ...right, ...(!isHeader && { [name]: secret }) })
    const signed = await edge.issuer.sign(claims, name !== 'alg' && isHeader ? { [name]: secret } : {})
    const altered = Buffer.from(JSON.stringify({ alg: secret, typ: 'at+jwt' })).toString('base64url')
    const token = name === 'alg' ? signed.replace(/^[^.]+/, altered) : signed
    judge(await send('GET', '/api/v1/me', { authorization: `Bearer ${token}` }), /^token/)
  }
  t.same(run.echoes(), [])
})

t.test('in a header', async (t) => {
  const requests = [
    ['GET', ORDERS],
    ['POST', `${ORDERS}/${UNKNOWN_ID}/cancel`, '{"reason":"r"}'],
    ['PATCH', `/api/v1/users/${UNKNOWN_ID}`, '{"role":"admin"}'],
  ] as const
  await eachShape(async (shape) => {
    for (const name of HEADERS) {
      for (const [method, path, body] of requests) {
        const secret = canaries.make(shape, `header ${name} of ${method} ${path}`)
        judge(await send(method, path, { [name]: secret }, body), /^header/, isRequestId)
      }
    }
  })
  t.same(run.echoes(), [])
})

t.test('in a path or a query', async (t) => {
  const callers = [keys.admin, keys.bob, keys.adaAgent, keys.manager]
  await eachShape(async (shape) => {
    for (const [index, { method, path, parameters, body }] of operations.entries()) {
      for (const { name, in: place } of [...parameters, { name: 'unknown', in: 'query' }]) {
        if (place === 'header') continue
        const secret = canaries.make(shape, `${place} ${name} of ${method} ${path}`)
        const value = encodeURIComponent(secret)
        const url =
          place === 'path' ? `/api/v1${path.replaceAll(/\{\w+\}/g, value)}` : `${paths[index]?.path}?${name}=${value}`
        const asking = place === 'path' ? callers : callers.slice(0, 1)
        for (const key of asking) {
          const sent = await send(method, url, { authorization: `Bearer ${key}` }, body && JSON.stringify(body))
          judge(sent, /^(path|query)/)
        }
      }
    }
    for (const place of ['/X', '/api/v1/X', '/api/v1/orders?access_token=X', '/docs/X', '/%zz/X', '/.well-known/X']) {
      const secret = canaries.make(shape, `path of ${place}`)
      judge(await send('GET', place.replace('X', encodeURIComponent(secret))), /^path of/)
    }
    const name = encodeURIComponent(canaries.make(shape, 'query name'))
    judge(await send('GET', `${ORDERS}?${name}=1`), /^query/, isWord)
  })
  t.same(run.echoes(), [])
})

t.test('in a body, whole or broken', async (t) => {
  await eachShape(async (shape) => {
    for (const [index, { operationId, method, body, schema }] of operations.entries()) {
      if (!schema) continue
      const { path } = paths[index] as { path: string }
      const make = (what: string) => canaries.make(shape, `${operationId} ${what}`)
      const post = async (text: string, forgiven = (_: string) => false) => {
        const answer = await send(method, path, {}, text)
        if (answer.status >= 400) judge(answer, new RegExp(`^${operationId} `), forgiven)
      }
      for (const { place } of stringsOf(schema)) await post(JSON.stringify(withAt(body, place, make(place.join('/')))))
      await post(JSON.stringify({ ...body, [make('unknown field')]: 1 }), isWord)
      await post(JSON.stringify({ ...body, unknown: make('value of an unknown field') }))
      await post(JSON.stringify(make('as the body')))
      await post(`{"note": "${make('broken JSON')}`)
      await post(`{"note": ${make('bare word')}}`)
    }
    const [subject, resource] = ['subject', 'resource'].map((what) => canaries.make(shape, `evaluation ${what}`))
    const question = {
      subject: { type: 'User', id: subject },
      action: { name: 'order:read' },
      resource: { type: 'Order', id: resource },
    }
    judge(await send('POST', '/access/v1/evaluation', {}, JSON.stringify(question)), /^evaluation/)
  })
  t.same(run.echoes(), [])
})

t.test('no log, no stderr and no entry of the trail has any of it', async (t) => {
  const { leaks, sizes } = await run.sinks()
  t.same(leaks, [])
  t.ok(canaries.count > 1000, `${canaries.count} secrets were sent`)
  t.ok((sizes[0] ?? 0) > 500_000 && (sizes[2] ?? 0) > 100_000, `there was something to look through: ${sizes}`)
})
