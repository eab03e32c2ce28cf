import { copyFileSync } from 'node:fs'
import t from 'tap'
import { readCommand } from '../../src/commands/config.ts'
import { COMMANDS } from '../../src/commands/table.ts'
import { startBackend } from '../fixtures/backend.ts'
import { command, commandJson, curationOf, documentOf, fixture, folder } from './support.ts'

t.test('without --config the tools.yaml of this folder is read, which init writes', async (t) => {
  const { path, write } = folder(t)
  const before = process.cwd()
  t.teardown(() => process.chdir(before))
  process.chdir(path)
  t.match(await command(['lock']), { code: 2, error: /There is no tools\.yaml here; handrail-mcp init makes one/ })
  write('openapi.json', documentOf({ 'GET /books': { operationId: 'listBooks', summary: 'Lists the books' } }))
  t.equal((await command(['init', 'openapi.json'])).code, 0)
  t.match(await command(['list']), { code: 0, out: /list_books/ })
  t.match(await command(['lock']), { code: 0, out: /tools\.lock\.yaml: 1 tool/ })
  t.match(await command(['check']), { code: 0 })
  t.match(await command(['list', '--config', 'openapi.json']), {
    code: 2,
    error: /openapi\.json is an OpenAPI document.*handrail-mcp init/,
  })
})

t.test('--help names every command, and each has help of its own with all its flags', async (t) => {
  const { code, out, error } = await command(['--help'])
  t.match({ code, error }, { code: 0, error: '' })
  for (const { name, flags } of COMMANDS) {
    t.match(out, new RegExp(`^  ${name} `, 'm'))
    const own = await command([name, '--help'])
    t.equal(own.code, 0)
    t.match(own.out, new RegExp(`^handrail-mcp ${name}`))
    for (const flag of Object.keys(flags)) t.match(own.out, `--${flag}`)
  }
})

t.test('every command but the two servers has --json', async (t) => {
  for (const { name, flags } of COMMANDS) t.equal('json' in flags, name !== 'serve' && name !== 'stdio', name)
})

t.test('a flag has one meaning: its type is the same in every command', async (t) => {
  const types = new Map<string, string>()
  for (const { flags } of COMMANDS) {
    for (const [name, { type, multiple }] of Object.entries(flags)) {
      const known = types.get(name)
      if (known !== undefined) t.equal(`${type} ${multiple}`, known, name)
      types.set(name, `${type} ${multiple}`)
    }
  }
})

t.test('a wrong command line is told with the nearest right word, and exits with 2', async (t) => {
  const config = fixture('tools.yaml')
  for (const [args, said] of [
    [['lsit'], /Unknown command "lsit"\. Did you mean "list"\?/],
    [['list', '--confg', config], /Unknown option --confg\. Did you mean "config"\?/],
    [['list'], /--config is missing.* Or give --openapi/],
    [['list', '--config', config, '--openapi', 'x'], /either --config or --openapi/],
    [['list', '--config', config, '--yes'], /--yes belongs to call\. See handrail-mcp list --help/],
    [['list', '--config', config, 'more'], /Unexpected "more"/],
    [['show', '--config', config], /Name a tool/],
    [['show', 'list_order', '--config', config], /There is no tool "list_order"\. Did you mean "list_orders"\?/],
    [['lint', '--config', config, '--budget', 'many'], /--budget must be a number from 1 to 1000000, not "many"/],
    [
      ['check', '--config', config, '--allow', 'wordng'],
      /--allow takes compatible and wording.*Did you mean "wording"/,
    ],
    [['check', '--config', config], /There is no lock file .*tools\.lock\.yaml\. Write one with handrail-mcp lock/],
    [['usage', '--config', config], /--usage is missing/],
    [['usage', '--config', config, '--usage', '/nowhere', '--since', 'ever'], /--since takes 12h, 30d, 4w or a date/],
    [['usage', '--config', config, '--usage', '/nowhere'], /Cannot read the usage file/],
    [['init'], /Name an OpenAPI document/],
    [['init', 'x.json', '--max', '16'], /--max must be a number from 1 to 15/],
    [['list', '--config', '/nowhere'], /Cannot read the curation file/],
    [['list', '--openapi', '/nowhere'], /\/nowhere/],
    [['list', '--config', config, '--api', 'x'], /--api belongs to/],
    [['serve', '--config', config, '--api', 'a=http://a', '--api', 'http://b'], /Say which API is at http:\/\/b/],
  ] as const) {
    const { code, out, error } = await command([...args])
    t.match({ code, out }, { code: 2, out: '' }, args.join(' '))
    t.match(error, said)
    t.match(error, /^handrail-mcp: [^\n]*\n$/, 'on one line')
  }
})

t.test('several APIs are placed by name, on the command line or in the environment', async (t) => {
  const serve = ['serve', '--config', 'c']
  const both = { apiUrl: { a: 'http://a', b: 'http://b?x=y' } }
  t.match(readCommand([...serve, '--api', 'a=http://a', '--api', 'b=http://b?x=y'], {}), both)
  t.match(readCommand(serve, { HANDRAIL_API_URL: 'a=http://a, b=http://b?x=y' }), both)
  t.match(readCommand([...serve, '--api', 'http://a?x=y'], { HANDRAIL_API_URL: 'http://b' }), {
    apiUrl: 'http://a?x=y',
  })
  t.match(readCommand([...serve, '--usage', 'u'], { MCP_USAGE_FILE: 'v' }), { usageFile: 'u' })
  t.match(readCommand(serve, { MCP_USAGE_FILE: 'v' }), { usageFile: 'v' })
})

t.test('every example of the help runs', async (t) => {
  const backend = await startBackend()
  t.teardown(() => backend.close())
  const { place, write } = folder(t)
  const env = { HANDRAIL_TOKEN: 'token-ada', HANDRAIL_API_URL: backend.url }
  copyFileSync(fixture('api.yaml'), place('api.yaml'))
  copyFileSync(fixture('tools.yaml'), place('tools.yaml'))
  write('openapi.yaml', '')
  copyFileSync(fixture('api.yaml'), place('openapi.yaml'))
  write('usage.jsonl', '')
  await command(['lock', '--config', place('tools.yaml')])
  const files = ['tools.yaml', 'openapi.yaml', 'usage.jsonl']
  for (const { name, examples } of COMMANDS) {
    for (const example of examples) {
      const words = example.match(/[^\s']*'[^']*'|\S+/g)?.map((word) => word.replaceAll("'", '')) ?? []
      const args = words.map((word) => (files.includes(word) ? place(word) : word))
      if (name === 'serve' || name === 'stdio') {
        t.equal(readCommand(args, env).name, name, example)
        continue
      }
      if (name === 'init') args.push('--out', place(`init-${args.length}.yaml`))
      const { code, error } = await command(args, { env })
      // The fixture's tools are not described as lint would have it: there are warnings.
      t.equal(code, args.includes('--max-warnings') ? 1 : 0, `${example}: ${error}`)
    }
  }
})

t.test('list tells what each tool does and costs; with --json, each tool as published', async (t) => {
  const config = fixture('tools.yaml')
  const { out } = await command(['list', '--config', config])
  t.match(out, /^TOOL +TITLE +OPERATION +EFFECT +TOKENS\n/)
  t.match(out, /list_orders +Find orders +GET \/orders +reads +\d+\n/)
  t.match(out, /delete_user +Remove a user +DELETE \/users\/\{userId\} +destroys +\d+\n/)
  t.match(out, /\n7 tools, [\d,]+ tokens for models, [\d,]+ tokens with output schemas\n$/)
  const { value } = await commandJson(['list', '--config', config])
  t.equal(value.tools.length, 7)
  t.same(value.leftOut, [])
  t.match(value.tools[4], { name: 'list_orders', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } })
})

t.test('show tells what an agent sees and where each argument goes', async (t) => {
  const { value } = await commandJson(['show', 'list_orders', '--config', fixture('tools.yaml')])
  t.match(value, {
    tool: { name: 'list_orders', description: 'Find orders by status.' },
    operation: { id: 'listOrders', method: 'GET', path: '/orders' },
    arguments: [
      { argument: 'status', in: 'query', name: 'status', required: false, shown: true, style: 'form', explode: true },
      { argument: 'limit', in: 'query', name: 'limit', required: false, shown: true, default: 5 },
      { argument: 'cursor', shown: false },
    ],
    confirm: false,
    scopes: [],
  })
  t.ok(value.tokens.read > 0 && value.tokens.all > value.tokens.read)
  const { out } = await command(['show', 'create_order', '--config', fixture('tools.yaml')])
  t.match(out, /^HTTP +POST \/orders \(createOrder\)$/m)
  t.match(out, /^ {2}items +body items, required$/m)
  t.match(out, /^ {2}note +body note, always "by an agent"; not shown$/m)
  t.match(out, /^Hints +readOnlyHint false, destructiveHint true/m)
})

t.test('show tells the limits of a tool, and what is waited for', async (t) => {
  const { write, place } = folder(t)
  const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }
  const state = { type: 'object', properties: { status: { type: 'string' } } }
  const ok = { 200: { description: 'd', content: { 'application/json': { schema: state } } } }
  const operations = {
    'POST /jobs': { responses: { 202: { description: 'd', content: { 'application/json': { schema: state } } } } },
    'GET /jobs/{id}': { parameters: [id], responses: ok },
  }
  write('openapi.json', documentOf(operations))
  const poll = { operation: 'readBook1', parameters: { id: '/id' } }
  const own = { name: 'start', operation: 'readBook0', timeoutMs: 90_000, cost: 3, budget: 500 }
  write(
    'tools.json',
    curationOf([
      { ...own, poll: { ...poll, done: ['done', 'failed'] } },
      { name: 'start_plainly', operation: 'readBook0', poll },
      { name: 'look', operation: 'readBook1' },
    ]),
  )
  const shown = (tool: string) => command(['show', tool, '--config', place('tools.json')])
  const { value } = await commandJson(['show', 'start', '--config', place('tools.json')])
  t.match(value, {
    limits: { timeoutMs: 90_000, resultTokens: 500, cost: 3 },
    waitsFor: { id: 'readBook1', method: 'GET', path: '/jobs/{id}', state: '/status', done: ['done', 'failed'] },
  })
  const { out } = await shown('start')
  t.match(out, /^Limits +90 s a call, 500 tokens a result, counts as 3$/m)
  t.match(out, /^Waits +until \/status of readBook1 is done or failed$/m)
  t.match((await shown('start_plainly')).out, /^Waits +until readBook1 answers anything but 202$/m)
  const look = (await shown('look')).out
  t.match(look, /^Limits +\d+ s a call, [\d,]+ tokens a result, counts as 1$/m)
  t.notMatch(look, /^Waits/m)
})

t.test('nothing that a terminal obeys is printed, while JSON is as it is', async (t) => {
  const { write } = folder(t)
  const evil = 'Reads \u001b[2Ja \u202ebook\r of the shop.'
  const file = write('d.json', documentOf({ 'GET /a': { operationId: 'readBook', summary: evil, description: evil } }))
  for (const args of [['list'], ['show', 'read_book'], ['lint']]) {
    const { out } = await command([...args, '--openapi', file])
    for (const obeyed of ['\u001b', '\u202e', '\r']) t.notOk(out.includes(obeyed), args.join(' '))
  }
  const { value } = await commandJson(['show', 'read_book', '--openapi', file])
  t.equal(value.tool.description, evil)
})

t.test('a body that is one argument is shown as that', async (t) => {
  const { write } = folder(t)
  const requestBody = {
    required: true,
    content: { 'application/json': { schema: { type: 'array', items: { type: 'string' } } } },
  }
  const file = write('d.json', documentOf({ 'POST /a': { operationId: 'addBooks', requestBody } }))
  const { value } = await commandJson(['show', 'add_books', '--openapi', file])
  t.same(value.arguments, [{ argument: 'body', in: 'body', required: true, shown: true }])
  t.match((await command(['show', 'add_books', '--openapi', file])).out, /^ {2}body +the whole body, required$/m)
})
