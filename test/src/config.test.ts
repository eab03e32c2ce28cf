import { join } from 'node:path'
import t from 'tap'
import { ConfigError, readConfig } from '../../src/config.ts'

const problemsOf = (env: Record<string, string>) => {
  try {
    readConfig(env)
    return ''
  } catch (error) {
    return error instanceof ConfigError ? error.message : `unexpected: ${error}`
  }
}

t.test('without settings the service runs on loopback with an embedded database and demo data', async (t) => {
  t.match(readConfig({}), {
    production: false,
    host: '127.0.0.1',
    port: 3000,
    mcpHost: '127.0.0.1',
    mcpPort: 3001,
    dataDir: /\.data$/,
    sealsDir: /\.data[\\/]seals$/,
    databaseUrl: undefined,
    demo: true,
  })
})

t.test('production has no demo and names every setting that it lacks', async (t) => {
  const missing = problemsOf({ NODE_ENV: 'production' })
  t.match(missing, /DATABASE_URL/)
  t.match(missing, /HANDRAIL_KEY_SECRET/)
  const config = readConfig({
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://db/x',
    HANDRAIL_KEY_SECRET: 'x'.repeat(32),
    HANDRAIL_DEMO: 'true',
  })
  t.equal(config.demo, false)
})

t.test('a wrong setting is named with its rule, and a secret is not repeated', async (t) => {
  t.match(problemsOf({ PORT: '99999' }), /PORT must be a whole number from 0 to 65535, but is "99999"/)
  t.match(problemsOf({ MCP_PORT: 'three' }), /MCP_PORT/)
  t.match(problemsOf({ HANDRAIL_TRUSTED_PROXIES: '10.0.0.0/8, proxy' }), /HANDRAIL_TRUSTED_PROXIES.*"proxy"/)
  t.match(problemsOf({ LOG_LEVEL: 'loud' }), /LOG_LEVEL must be one of/)
  t.match(
    problemsOf({ DATABASE_URL: 'mysql://root:hunter2@db' }),
    /DATABASE_URL must be a URL that starts with postgres/,
  )
  t.notMatch(problemsOf({ DATABASE_URL: 'mysql://root:hunter2@db' }), /hunter2/)
  t.match(problemsOf({ HANDRAIL_KEY_SECRET: 'short' }), /at least 32/)
  t.notMatch(problemsOf({ HANDRAIL_KEY_SECRET: 'short' }), /short/)
})

t.test('how messages leave is read and checked, and a token is not repeated', async (t) => {
  t.match(readConfig({}), { slack: { botToken: undefined, apiUrl: 'https://slack.com/api' }, webhookHosts: [] })
  const env = {
    SLACK_BOT_TOKEN: 'xoxb-1',
    SLACK_API_URL: 'http://127.0.0.1:1/',
    HANDRAIL_WEBHOOK_HOSTS: 'a.internal:81, b',
  }
  t.match(readConfig(env), {
    slack: { botToken: 'xoxb-1', apiUrl: 'http://127.0.0.1:1' },
    webhookHosts: ['a.internal:81', 'b'],
  })
  t.match(problemsOf({ SLACK_BOT_TOKEN: 'xoxb 1' }), /SLACK_BOT_TOKEN must be/)
  t.notMatch(problemsOf({ SLACK_BOT_TOKEN: 'xoxb 1' }), /xoxb 1/)
  t.match(problemsOf({ SLACK_WEBHOOK_URL: 'hooks/s3cret' }), /SLACK_WEBHOOK_URL must be a URL/)
  t.notMatch(problemsOf({ SLACK_WEBHOOK_URL: 'hooks/s3cret' }), /s3cret/)
  t.match(problemsOf({ HANDRAIL_WEBHOOK_HOSTS: 'http://a/' }), /HANDRAIL_WEBHOOK_HOSTS.*"http:/)
})

t.test('seals go beside the data, or where they are told to', async (t) => {
  t.equal(readConfig({ HANDRAIL_DATA_DIR: '/var/lib/handrail' }).sealsDir, '/var/lib/handrail/seals')
  t.equal(readConfig({ HANDRAIL_SEALS_DIR: '/mnt/worm' }).sealsDir, '/mnt/worm')
})

t.test('a time to keep answers for is a number and a unit', async (t) => {
  t.equal(readConfig({}).keepAnswersMs, 86_400_000)
  t.equal(readConfig({ HANDRAIL_IDEMPOTENCY_TTL: '90m' }).keepAnswersMs, 5_400_000)
  for (const bad of ['24', '0h', 'a day', '-1h', '1.5h']) {
    t.throws(
      () => readConfig({ HANDRAIL_IDEMPOTENCY_TTL: bad }),
      /HANDRAIL_IDEMPOTENCY_TTL must be a number and a unit/,
      bad,
    )
  }
})

t.test('issuers of access tokens are read from JSON or a file, and each fault names its field', async (t) => {
  t.equal(readConfig({}).oauth, undefined)
  const inline = JSON.stringify([{ issuer: 'https://idp.example.com' }])
  t.match(readConfig({ HANDRAIL_OAUTH_ISSUERS: inline }).oauth, {
    publicUrl: 'http://127.0.0.1:3000',
    issuers: [
      {
        issuer: 'https://idp.example.com',
        audiences: undefined,
        algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
        clockToleranceSeconds: 5,
        subject: { claim: 'sub', match: 'id' },
        firstPartyClients: [],
      },
    ],
  })
  const file = join(t.testdir({ 'issuers.json': inline }), 'issuers.json')
  const publicUrl = 'https://api.example.com/'
  t.match(readConfig({ HANDRAIL_OAUTH_ISSUERS: file, HANDRAIL_PUBLIC_URL: publicUrl }).oauth, {
    publicUrl: 'https://api.example.com',
    issuers: [{ issuer: 'https://idp.example.com' }],
  })
  const wrong: [unknown, RegExp][] = [
    [{ issuer: 'http://idp.example.com' }, /HANDRAIL_OAUTH_ISSUERS \[0\]\.issuer must be a URL with https/],
    [{ issuer: 'https://me:hunter2@idp.example.com' }, /\[0\]\.issuer must/],
    [{}, /\[0\]\.issuer is missing/],
    [{ jwksUri: 'ftp://x' }, /\[0\]\.jwksUri must/],
    [{ algorithms: ['RS256', 'HS256'] }, /\[0\]\.algorithms must list some of RS256/],
    [{ algorithms: ['none'] }, /\[0\]\.algorithms/],
    [{ clockToleranceSeconds: 31 }, /\[0\]\.clockToleranceSeconds must be a whole number from 0 to 30/],
    [{ subject: { claim: 'sub', match: 'role' } }, /\[0\]\.subject must have/],
    [{ scopes: { admin: ['order:everything'] } }, /\[0\]\.scopes must map/],
    [{ firstPartyClients: 'app' }, /\[0\]\.firstPartyClients must be a list/],
    [{ serviceClients: { job: 1 } }, /\[0\]\.serviceClients must map/],
    [{ audience: 'x' }, /\[0\]\.audience is no known field/],
    ['x', /\[0\] must be an object/],
  ]
  for (const [entry, expected] of wrong) {
    const message = problemsOf({ HANDRAIL_OAUTH_ISSUERS: JSON.stringify([entry]) })
    t.match(message, expected)
    t.notMatch(message, /hunter2/)
  }
  t.match(problemsOf({ HANDRAIL_OAUTH_ISSUERS: '[]' }), /HANDRAIL_OAUTH_ISSUERS lists no issuer/)
  t.match(problemsOf({ HANDRAIL_OAUTH_ISSUERS: '[{' }), /HANDRAIL_OAUTH_ISSUERS is not valid JSON/)
  t.match(problemsOf({ HANDRAIL_OAUTH_ISSUERS: '/nowhere.json' }), /cannot be read \(ENOENT\)/)
  t.match(problemsOf({ HANDRAIL_OAUTH_ISSUERS: `${inline.slice(0, -1)},${inline.slice(1)}` }), /names an issuer twice/)
  t.match(
    problemsOf({ HANDRAIL_PUBLIC_URL: 'https://api.example.com/shop' }),
    /HANDRAIL_PUBLIC_URL must be the address/,
  )
  t.match(problemsOf({ HANDRAIL_OAUTH_ISSUERS: inline, PORT: '0' }), /HANDRAIL_PUBLIC_URL is missing/)
  t.match(problemsOf({ HANDRAIL_OAUTH_ISSUERS: inline, NODE_ENV: 'production' }), /HANDRAIL_PUBLIC_URL is missing/)
})

t.test('limits are generous, and Redis is named without its password being repeated', async (t) => {
  t.match(readConfig({}), {
    redisUrl: undefined,
    limits: {
      quotaPerMinute: 6000,
      agentQuotaPerMinute: 1200,
      reportsPerDay: 100,
      concurrentRequests: 1000,
      concurrentPerCaller: 100,
      eventLoopDelayMs: 2000,
      replicas: 2,
    },
  })
  t.equal(readConfig({ REDIS_URL: 'rediss://:s3cret@redis/1' }).redisUrl, 'rediss://:s3cret@redis/1')
  t.match(problemsOf({ REDIS_URL: 'http://:s3cret@redis' }), /REDIS_URL must be a URL that starts with redis:/)
  t.notMatch(problemsOf({ REDIS_URL: 'http://:s3cret@redis' }), /s3cret/)
  t.match(problemsOf({ HANDRAIL_QUOTA_PER_MINUTE: '9' }), /HANDRAIL_QUOTA_PER_MINUTE must be a whole number from 10/)
  t.match(problemsOf({ HANDRAIL_REPLICAS: '0' }), /HANDRAIL_REPLICAS/)
})

t.test('who decides is one of two, over a way that nobody can listen in on', async (t) => {
  t.match(readConfig({}), { policyDir: /src[\\/]policy$/, pdp: undefined })
  t.match(readConfig({ HANDRAIL_POLICY_DIR: '/etc/rules' }), { policyDir: '/etc/rules' })
  for (const url of [
    'https://pdp.example.com/base',
    'http://127.0.0.1:4000',
    'http://localhost:4000',
    'http://[::1]:4000',
  ]) {
    t.same(readConfig({ HANDRAIL_PDP_URL: url, HANDRAIL_PDP_TOKEN: 't' }).pdp, { url, token: 't' })
  }
  const urls = [
    'http://pdp.example.com',
    'http://127.0.0.1.example.com',
    'https://u:hunter2@pdp.example.com',
    'https://a/?x=1',
    'https://a/#x',
    'pdp',
  ]
  for (const url of urls) {
    t.match(problemsOf({ HANDRAIL_PDP_URL: url }), /HANDRAIL_PDP_URL must be an https URL/, url)
    t.notMatch(problemsOf({ HANDRAIL_PDP_URL: url }), /hunter2/)
  }
  const wrong = problemsOf({ HANDRAIL_PDP_URL: 'https://a', HANDRAIL_PDP_TOKEN: 'two words' })
  t.match(wrong, /HANDRAIL_PDP_TOKEN must be/)
  t.notMatch(wrong, /two words/)
  t.match(problemsOf({ HANDRAIL_PDP_TOKEN: 't' }), /is for HANDRAIL_PDP_URL/)
  t.match(problemsOf({ HANDRAIL_PDP_URL: 'https://a', HANDRAIL_POLICY_DIR: '/b' }), /Set one of them/)
})
