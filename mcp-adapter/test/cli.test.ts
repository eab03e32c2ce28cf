import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readCommand } from '../src/commands/config.ts'
import { commandLine } from './command-line.ts'
import { command } from './commands/support.ts'
import { startBackend } from './fixtures/backend.ts'
import { startIssuer } from './fixtures/issuer.ts'
import { fixture, post } from './support.ts'

const directory = mkdtempSync(join(tmpdir(), 'handrail-mcp-'))
t.teardown(() => rmSync(directory, { recursive: true }))

function start(args: string[], env: Record<string, string> = {}) {
  const clean = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' }
  const child = spawn(process.execPath, [...commandLine, ...args], { env: { ...clean, ...env } })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  return { child, output, ended: once(child, 'close').then(([code]) => code as number) }
}

t.test('help and version are told on stdout', async (t) => {
  t.match(await command(['--help']), { code: 0, out: /handrail-mcp serve --config/ })
  t.match(await command(['--version']), { code: 0, out: /^\d+\.\d+\.\d+\n$/ })
})

t.test('wrong usage is told in one line and exits with 2', async (t) => {
  const config = fixture('tools.yaml')
  for (const [args, said] of [
    [[], /Say what to do/],
    [['sevre'], /Unknown command "sevre"/],
    [['serve', '--confg', config], /Unknown option --confg\. Did you mean "config"\?/],
    [['serve'], /--config is missing/],
    [['serve', '--config', config, '--port', 'x'], /The port must be a number/],
    [['serve', '--config', config, 'more'], /Unexpected "more"/],
    [['stdio', '--config', config, '--port', '1'], /--port belongs to serve\./],
  ] as const) {
    t.throws(() => readCommand([...args], {}), { name: 'ConfigError', message: said })
  }
  t.match(await command(['serve', '--config', join(directory, 'none.yaml')]), {
    code: 2,
    out: '',
    error: /^handrail-mcp: Cannot read the curation file .*none\.yaml: ENOENT.*\n$/,
  })
})

t.test('the command line goes over the environment', async (t) => {
  const env = {
    HANDRAIL_API_URL: 'http://env',
    MCP_PORT: '4000',
    MCP_HOST: '::1',
    MCP_ALLOWED_HOSTS: 'a.example, b.example',
  }
  t.match(readCommand(['serve', '--config', 'c'], env), {
    apiUrl: 'http://env',
    port: 4000,
    host: '::1',
    allowedHosts: ['a.example', 'b.example'],
  })
  t.match(readCommand(['serve', '--config', 'c', '--api', 'http://flag', '--port', '1', '--host', 'h'], env), {
    apiUrl: 'http://flag',
    port: 1,
    host: 'h',
  })
  t.match(readCommand(['serve', '--config', 'c'], {}), { apiUrl: undefined, port: 3001, host: '127.0.0.1' })
})

t.test('a credential comes from the environment or from a file, and is never quoted', async (t) => {
  const file = join(directory, 'keys.json')
  writeFileSync(file, JSON.stringify({ agent: 'secret-1', 'a/b': ['secret-2'], n: 3 }))
  const plain = join(directory, 'key')
  writeFileSync(plain, 'secret-3\n')
  const credential = (env: Record<string, string>) =>
    readCommand(['stdio', '--config', 'c'], env) as { credential?: string }
  t.equal(credential({ HANDRAIL_TOKEN: 'x' }).credential, 'x')
  const secret = 's'.repeat(32)
  t.match(credential({ HANDRAIL_TOKEN: 'x', HANDRAIL_MCP_STATE_SECRET: secret }), { stateSecret: secret })
  t.throws(() => credential({ HANDRAIL_TOKEN: 'x', HANDRAIL_MCP_STATE_SECRET: 'short' }), {
    name: 'ConfigError',
    message: 'HANDRAIL_MCP_STATE_SECRET must have 32 characters or more.',
  })
  t.equal(credential({ HANDRAIL_TOKEN_FILE: `${file}#/agent` }).credential, 'secret-1')
  t.equal(credential({ HANDRAIL_TOKEN_FILE: `${file}#/a~1b/0` }).credential, 'secret-2')
  t.equal(credential({ HANDRAIL_TOKEN_FILE: plain }).credential, 'secret-3')
  t.equal(credential({}).credential, undefined, 'an API may need none')
  for (const place of [
    `${file}#/n`,
    `${file}#/no`,
    `${file}#agent`,
    `${plain}#/agent`,
    join(directory, 'none'),
    file,
  ]) {
    try {
      credential({ HANDRAIL_TOKEN_FILE: place })
      t.fail(place)
    } catch (error) {
      t.match((error as Error).message, /^HANDRAIL_TOKEN_FILE/)
      t.notMatch((error as Error).message, /secret/)
    }
  }
  t.match(await command(['stdio', '--config', fixture('tools.yaml')]), { code: 2, out: '', error: /HANDRAIL_TOKEN/ })
})

t.test('what the environment says of access tokens is checked, and secrets are never quoted', async (t) => {
  const serve = ['serve', '--config', 'c']
  const key = join(directory, 'client.jwk')
  writeFileSync(key, JSON.stringify({ kty: 'EC', crv: 'P-256', d: 'canary', x: 'x', y: 'y' }))
  const secret = join(directory, 'client-secret')
  writeFileSync(secret, 'canary\n')
  t.match(
    readCommand(serve, {
      MCP_ISSUERS: 'https://a.example, https://b.example',
      MCP_RESOURCE_URL: 'https://mcp.example/mcp',
      MCP_DOWNSTREAM: 'token-exchange',
      MCP_CLIENT_SECRET_FILE: secret,
      MCP_CLIENT_KEY_FILE: key,
      MCP_MAX_IN_FLIGHT: '7',
    }),
    {
      maxInFlight: 7,
      auth: {
        issuers: ['https://a.example', 'https://b.example'],
        resource: 'https://mcp.example/mcp',
        downstream: 'token-exchange',
        clientSecret: 'canary',
        clientKey: { d: 'canary' },
      },
    },
  )
  t.same((readCommand(serve, {}) as { auth?: object }).auth, {}, 'what is not set is not there')
  for (const [env, said] of [
    [{ MCP_DOWNSTREAM: 'forward' }, /MCP_DOWNSTREAM must be one of same-audience, /],
    [{ MCP_MAX_IN_FLIGHT: '0' }, /MCP_MAX_IN_FLIGHT must be a number/],
    [{ MCP_CLIENT_KEY_FILE: secret }, /^MCP_CLIENT_KEY_FILE: .* is not a private key as a JWK/],
    [{ MCP_CLIENT_SECRET_FILE: `${secret}#/x` }, /^MCP_CLIENT_SECRET_FILE: .* is not JSON/],
    [{ MCP_CLIENT_SECRET_FILE: join(directory, 'none') }, /^MCP_CLIENT_SECRET_FILE: ENOENT/],
  ] as const) {
    try {
      readCommand(serve, env)
      t.fail(JSON.stringify(env))
    } catch (error) {
      t.match((error as Error).message, said)
      t.notMatch((error as Error).message, /canary/)
    }
  }
})

t.test('no secret reaches stderr, whatever goes wrong, and SIGTERM ends the command cleanly', async (t) => {
  const issuer = await startIssuer(t)
  const backend = await startBackend()
  t.teardown(() => backend.close())
  const secret = 'canary-secret-of-the-client'
  const config = fixture('auth-tools.yaml')
  const { child, output, ended } = start(['serve', '--config', config, '--port', '0', '--api', backend.url], {
    MCP_ISSUERS: issuer.issuer,
    MCP_DOWNSTREAM: 'token-exchange',
    MCP_API_AUDIENCE: 'https://api.example',
    MCP_CLIENT_ID: 'adapter',
    MCP_CLIENT_SECRET: secret,
  })
  while (!output.stderr.includes('MCP endpoint is up')) await once(child.stderr, 'data')
  const { url } = JSON.parse(output.stderr.trim().split('\n').at(-1) ?? '') as { url: string }
  const good = await issuer.sign(issuer.claims(url, { canary: 'canary-claim' }))
  const call = (name: string) => ({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, arguments: { canary: 'canary-argument' } },
  })
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  for (const reply of [
    { status: 400, body: { error: 'invalid_target', error_description: 'canary-description' } },
    { body: { access_token: 'canary-issued', token_type: 'Bearer', expires_in: 9999 } },
    { status: 503, body: {} },
  ]) {
    issuer.answerTokens(() => reply)
    await post(url, call('list_orders'), bearer(good))
  }
  await post(`${url}?access_token=canary-query`, call('list_orders'), bearer(good))
  await post(url, call('list_orders'), bearer(`${good}canary`))
  await post(url, call('list_orders'), bearer('token-canary'))
  await post(url, '{"canary', bearer(good))
  await issuer.stop()
  await post(url, call('list_orders'), bearer(await issuer.sign(issuer.claims(url), { kid: 'canary-key' })))
  child.kill('SIGTERM')
  t.equal(await ended, 0)
  t.match(output.stderr, /a token is refused.*there is no token for the API|there is no token for the API/s)
  t.notMatch(output.stderr + output.stdout, /canary|eyJ/)
})

t.test('a port in use is told and exits with 1', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  t.match(await command(['serve', '--config', fixture('tools.yaml'), '--port', String(port)]), {
    code: 1,
    error: new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use`),
  })
})

t.test('serve ends cleanly on SIGINT', async (t) => {
  const config = fixture('tools.yaml')
  const { child, output, ended } = start(['serve', '--config', config, '--port', '0', '--api', 'http://127.0.0.1:9'])
  while (!output.stderr.includes('MCP endpoint is up')) await once(child.stderr, 'data')
  child.kill('SIGINT')
  t.equal(await ended, 0)
  t.equal(output.stdout, '')
})
