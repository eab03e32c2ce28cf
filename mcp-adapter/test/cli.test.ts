import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readCommand } from '../src/config.ts'
import { startBackend } from './fixtures/backend.ts'
import { fixture } from './support.ts'

const cli = new URL('../src/cli.ts', import.meta.url).pathname
const directory = mkdtempSync(join(tmpdir(), 'handrail-mcp-'))
t.teardown(() => rmSync(directory, { recursive: true }))

function start(args: string[], env: Record<string, string> = {}) {
  const clean = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' }
  const child = spawn(process.execPath, ['--import=tsx', cli, ...args], { env: { ...clean, ...env } })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  return { child, output, ended: once(child, 'close').then(([code]) => code as number) }
}

async function run(args: string[], env?: Record<string, string>) {
  const { child, output, ended } = start(args, env)
  child.stdin.end()
  return { code: await ended, ...output }
}

t.test('help and version are told on stdout', async (t) => {
  t.match(await run(['--help']), { code: 0, stdout: /handrail-mcp serve --config/ })
  t.match(await run(['--version']), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
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
    [['stdio', '--config', config, '--port', '1'], /--host and --port belong to serve/],
  ] as const) {
    t.throws(() => readCommand([...args], {}), { name: 'ConfigError', message: said })
  }
  t.match(await run(['serve', '--config', join(directory, 'none.yaml')]), {
    code: 2,
    stdout: '',
    stderr: /^handrail-mcp: Cannot read the curation file .*none\.yaml: ENOENT.*\n$/,
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
  t.throws(() => credential({}), { name: 'ConfigError', message: /set HANDRAIL_TOKEN, or HANDRAIL_TOKEN_FILE/ })
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
  t.match(await run(['stdio', '--config', fixture('tools.yaml')]), { code: 2, stdout: '', stderr: /HANDRAIL_TOKEN/ })
})

t.test('a port in use is told and exits with 1', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  t.match(await run(['serve', '--config', fixture('tools.yaml'), '--port', String(port)]), {
    code: 1,
    stderr: new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use`),
  })
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`serve ends cleanly on ${signal}`, async (t) => {
    const backend = await startBackend()
    t.teardown(() => backend.close())
    const { child, output, ended } = start([
      'serve',
      '--config',
      fixture('tools.yaml'),
      '--port',
      '0',
      '--api',
      backend.url,
    ])
    while (!output.stderr.includes('MCP endpoint is up')) await once(child.stderr, 'data')
    child.kill(signal)
    t.equal(await ended, 0)
    t.equal(output.stdout, '')
  })
}
