import t from 'tap'
import { createLimits, NO_LIMITS } from '../../../src/limits/limits.ts'
import { openRedis } from '../../../src/limits/redis.ts'

const person = { userId: 'u' }
const agent = { userId: 'u', agentId: 'a' }
const read = { cost: 1, risk: 'low' } as const

t.test('a person and their agents pay from one quota, and an agent from its own beside it', async (t) => {
  const limits = createLimits({ ...NO_LIMITS, quotaPerMinute: 20, agentQuotaPerMinute: 12 })
  const { standings, refusal } = await limits.charge(agent, { ...read, cost: 10 })
  t.equal(refusal, undefined)
  t.match(standings, [
    { name: 'principal', remaining: 10, points: 20 },
    { name: 'agent', remaining: 2, points: 12 },
  ])
  const tooMuch = await limits.charge(agent, { ...read, cost: 3 })
  t.match(tooMuch.refusal, { code: 'quota-exceeded', violatedPolicies: ['agent'] })
  t.equal(tooMuch.refusal?.retryAfter, tooMuch.standings[0]?.reset)
  t.match((await limits.charge({ userId: 'u', agentId: 'b' }, { ...read, cost: 4 })).standings, [
    { name: 'principal', remaining: 6 },
    { name: 'agent', remaining: 8 },
  ])
  t.match(await limits.charge(person, { ...read, cost: 7 }), {
    standings: [{ name: 'principal', remaining: 6 }],
    refusal: { violatedPolicies: ['principal'] },
  })
  t.match((await limits.charge({ userId: 'u', agentId: 'b' }, { ...read, cost: 7 })).refusal, {
    violatedPolicies: ['principal'],
  })
  t.match(
    (await limits.charge({ userId: 'u', agentId: 'b' }, read)).standings,
    [{ remaining: 5 }, { remaining: 7 }],
    'what the person could not pay was given back to the agent',
  )
  t.match((await limits.charge({ userId: 'v' }, read)).standings, [{ remaining: 19 }], 'another person')
})

t.test('while the counters are lost, only what is cheap and harmless is done', async (t) => {
  // Nobody listens on port 1.
  const counters = openRedis('redis://:hunter2@127.0.0.1:1', {
    report: (_state, reason) => t.notMatch(reason, /hunter2/),
  })
  t.teardown(() => counters.close())
  const limits = createLimits({ ...NO_LIMITS, quotaPerMinute: 100, replicas: 4 }, counters)
  t.equal(limits.health(), 'degraded')
  t.match((await limits.charge(person, { cost: 5, risk: 'medium' })).standings, [{ points: 25, remaining: 20 }])
  for (const weight of [
    { cost: 1, risk: 'high' },
    { cost: 10, risk: 'low' },
    { cost: 1, risk: 'low', perMinute: 10 },
  ] as const) {
    const { refusal } = await limits.charge(agent, weight)
    t.match(refusal, { code: 'reduced-capacity', retryAfter: 2 }, JSON.stringify(weight))
  }
  t.match((await limits.charge(person, read)).standings, [{ remaining: 19 }], 'what was refused cost nothing')
  t.equal(createLimits(NO_LIMITS).health(), undefined, 'nothing is shared')
})
