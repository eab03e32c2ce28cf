import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { readArguments } from '../../src/commands/arguments.ts'
import { FILE_SCHEMA } from '../../src/tools/inputs/files.ts'
import { commandLine } from '../command-line.ts'
import { startBackend } from '../fixtures/backend.ts'
import { command, commandJson, curationOf, documentOf, fixture, folder } from './support.ts'

const env = { HANDRAIL_TOKEN: 'token-ada' }

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    text: { type: 'string' },
    count: { type: ['integer', 'null'] },
    ratio: { type: 'number' },
    flag: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string' } },
    sizes: { type: 'array', items: { $ref: '#/$defs/Size' } },
    either: { anyOf: [{ type: 'integer' }, { type: 'string' }] },
    where: { $ref: '#/$defs/Place' },
    'filter.x': { type: 'integer' },
    any: {},
    __proto__x: { type: 'string' },
  },
  $defs: {
    Size: { type: 'integer' },
    Place: { type: 'object', properties: { city: { type: 'string' }, floor: { type: 'integer' } } },
  },
}

t.test('a value is typed by the input schema, and strings stay strings', async (t) => {
  for (const [items, args] of [
    [['text=5'], { text: '5' }],
    [['text=true'], { text: 'true' }],
    [['text=a=b:=c'], { text: 'a=b:=c' }],
    [['count=5'], { count: 5 }],
    [['count=null'], { count: null }],
    [['count=five'], { count: 'five' }],
    [['ratio=-1.5e3'], { ratio: -1500 }],
    [['flag=true'], { flag: true }],
    [['flag=yes'], { flag: 'yes' }],
    [['tags=1', 'tags=2'], { tags: ['1', '2'] }],
    [['tags=["a"]'], { tags: ['a'] }],
    [['tags:=["a","b"]'], { tags: ['a', 'b'] }],
    [['sizes=1', 'sizes=2'], { sizes: [1, 2] }],
    [['either=5'], { either: '5' }],
    [['either:=5'], { either: 5 }],
    [['where.city=Berlin', 'where.floor=3'], { where: { city: 'Berlin', floor: 3 } }],
    [['where={"city":"Rome"}'], { where: { city: 'Rome' } }],
    [['filter.x=1'], { 'filter.x': 1 }],
    [['any=5'], { any: '5' }],
    [['text='], { text: '' }],
  ] as const) {
    t.same(readArguments(schema, [...items]), args, items.join(' '))
  }
})

t.test('a file becomes what its argument takes: bytes, base64 or text, and never other bytes', async (t) => {
  const { place } = folder(t)
  const bytes = Buffer.from([0xff, 0xd8, 0x00, 0xe9])
  const binary = place('photo.jpg')
  writeFileSync(binary, bytes)
  const note = place('note.txt')
  writeFileSync(note, 'héllo')
  const data = bytes.toString('base64')
  const upload = {
    type: 'object',
    properties: {
      file: FILE_SCHEMA,
      files: { type: 'array', items: FILE_SCHEMA },
      text: { type: 'string' },
      encoded: { type: 'string', contentEncoding: 'base64' },
    },
  }
  for (const [items, args] of [
    [[`file=@${binary}`], { file: { data, filename: 'photo.jpg' } }],
    [[`files=@${binary}`, `files=@${binary}`], { files: [1, 2].map(() => ({ data, filename: 'photo.jpg' })) }],
    [[`file=@${binary}`, 'file.contentType=image/jpeg'], { file: { data, contentType: 'image/jpeg' } }],
    [[`file.data=@${binary}`], { file: { data } }],
    [[`encoded=@${binary}`], { encoded: data }],
    [[`file.text=@${note}`], { file: { text: 'héllo' } }],
    [[`text=@${note}`], { text: 'héllo' }],
  ] as const) {
    t.match(readArguments(upload, [...items]), args, items.join(' '))
  }
  t.throws(() => readArguments(upload, [`text=@${binary}`]), { message: /"text": .*photo\.jpg is not text in UTF-8/ })
})

t.test('arguments named constructor or __proto__ are only names', async (t) => {
  const open = { type: 'object', properties: {} }
  const args = readArguments(open, ['__proto__.x=1', 'constructor=2'])
  t.same(Object.keys(args), ['__proto__', 'constructor'])
  t.equal(({} as { x?: string }).x, undefined)
})

t.test('what cannot be an argument is told', async (t) => {
  for (const [items, said] of [
    [['text'], /"text" is not an argument: write name=text, name:=json or name=@file/],
    [['=x'], /is not an argument/],
    [['txt=1'], /There is no argument "txt"\. Did you mean "text"\?/],
    [['constructor=1'], /There is no argument "constructor"/],
    [['text=1', 'text=2'], /"text" is given twice/],
    [['any:={'], /"any" is not JSON/],
    [['text=@/nowhere'], /"text": ENOENT/],
    [['count=9007199254740993'], /"count": 9007199254740993 cannot be held exactly/],
  ] as const) {
    t.throws(() => readArguments(schema, [...items]), { name: 'ConfigError', message: said })
  }
})

t.test('call calls the API as its user and prints the result', async (t) => {
  const backend = await startBackend()
  t.teardown(() => backend.close())
  const { write } = folder(t)
  const base = ['--config', fixture('tools.yaml'), '--api', backend.url]
  const read = await command(['call', 'list_orders', ...base, 'limit=2', 'status=placed'], { env })
  t.match(read, { code: 0, error: '' })
  t.match(read.out, /"sku":"LAMP"/)
  t.match(backend.calls().at(-1), {
    url: '/api/v1/orders?status=placed&limit=2',
    headers: { authorization: 'Bearer token-ada' },
  })

  const items = [{ sku: 'LAMP', quantity: 3 }]
  const made = await commandJson(['call', 'create_order', ...base, '--args', '-'], {
    env,
    input: JSON.stringify({ items }),
  })
  t.match(made, { code: 0, value: { structuredContent: { id: 'o1', items, note: 'by an agent' } } })
  t.same(backend.calls().at(-1)?.body, { items, note: 'by an agent' })

  const name = write('name', 'Ada, Countess')
  await command(['call', 'update_user', ...base, 'userId=ada', 'if_match="3"', `fullName=@${name}`], { env })
  t.same(backend.calls().at(-1)?.body, { fullName: 'Ada, Countess' })

  const missing = await commandJson(['call', 'get_user_by_id', ...base, 'userId=nobody'], { env })
  t.match(missing, { code: 1, value: { isError: true, structuredContent: { error: 'not-found' } } })
  const wrong = await command(['call', 'list_orders', ...base, 'limit=many'], { env })
  t.match(wrong, { code: 1, out: /invalid-arguments.*\/limit must be integer/ })
  const refused = await command(['call', 'list_orders', ...base], { env: { HANDRAIL_TOKEN: 'token-nobody' } })
  t.match(refused, { code: 1, out: /credential-refused/ })
  t.match(await command(['call', 'list_orders', ...base, '--args', '[]'], { env }), {
    code: 2,
    error: /must be a JSON object/,
  })
  const notJson = await command(['call', 'list_orders', ...base, '--args', '{"canary'], { env })
  t.match(notJson, { code: 2, error: 'handrail-mcp: --args is not JSON.\n' })
})

t.test('an API that cannot be reached: the result as an agent gets it, and why for the person', async (t) => {
  const { write, place } = folder(t)
  write('openapi.json', documentOf({ 'GET /books': {} }))
  write('tools.json', curationOf([{ operation: 'readBook0' }]))
  for (const base of [
    [fixture('tools.yaml'), 'list_orders'],
    [place('tools.json'), 'read_book0'],
  ] as const) {
    const [config, tool] = base
    const told = await command(['call', tool, '--config', config, '--api', 'http://127.0.0.1:1'], { env })
    t.equal(told.code, 1)
    t.match(told.out, /The API cannot be reached/)
    t.match(told.error, /^handrail-mcp: no answer from http:\/\/127\.0\.0\.1:1\S*: ECONNREFUSED\n$/)
    t.notMatch(told.error + told.out, 'token-ada')
  }
})

t.test('--dry-run prints the request, sends nothing and needs no credential', async (t) => {
  const backend = await startBackend()
  t.teardown(() => backend.close())
  const base = ['--config', fixture('tools.yaml'), '--api', backend.url, '--dry-run']
  const { code, out } = await command(['call', 'create_order', ...base, 'items:=[{"sku":"LAMP","quantity":1}]'])
  t.equal(code, 0)
  t.match(out, new RegExp(`^POST ${backend.url}/api/v1/orders\n`))
  t.match(out, /^content-type: application\/json$/m)
  t.match(out, /^\(the credential is withheld\)$/m)
  t.match(out, '\n\n{"items":[{"sku":"LAMP","quantity":1}],"note":"by an agent"}\n')
  const { value } = await commandJson(['call', 'get_user_by_id', ...base, 'userId=a/b'], { env })
  t.match(value, { method: 'GET', url: `${backend.url}/api/v1/users/a%2Fb` })
  t.notMatch(JSON.stringify(value), /token-ada/)
  t.match(await command(['call', 'get_user_by_id', ...base, 'userId=..']), {
    code: 1,
    error: /must not be empty, "\." or "\.\."/,
  })
  t.match(await command(['call', 'get_user_by_id', ...base]), { code: 1, error: /\/userId is required/ })
  t.same(backend.seen, [])
})

t.test('a tool that asks is not called unless somebody says yes', async (t) => {
  const backend = await startBackend()
  t.teardown(() => backend.close())
  const { write } = folder(t)
  write(
    'openapi.json',
    documentOf({ 'DELETE /users/ada': { operationId: 'drop', responses: { 204: { description: '' } } } }),
  )
  const config = write('tools.yaml', curationOf([{ operation: 'drop', confirm: true }]))
  const base = ['call', 'drop', '--config', config, '--api', `${backend.url}/api/v1`]
  t.match(await command(base, { env }), { code: 1, error: /nobody is at the terminal\. Nothing was sent\. Give --yes/ })
  t.match(await command(base, { env, answer: 'no' }), { code: 1, asked: /drop \(drop\)\? It was not done yet/ })
  t.match(await command(base, { env, answer: '' }), { code: 1, error: /Nothing was sent/ })
  t.same(backend.calls(), [])
  t.match(await command(base, { env, answer: 'yes' }), { code: 0 })
  t.match(await command([...base, '--yes'], { env }), { code: 0, asked: '' })
  t.equal(backend.calls().length, 2)
})

t.test('as a process of its own: the result on stdout, no credential anywhere', async (t) => {
  const backend = await startBackend()
  t.teardown(() => backend.close())
  const args = ['call', 'get_current_caller', '--config', fixture('tools.yaml'), '--api', backend.url, '--json']
  const child = spawn(process.execPath, [...commandLine, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { out: '', error: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.error += text
  })
  const [code] = await once(child, 'close')
  t.match({ code, error: said.error }, { code: 0, error: '' })
  t.match(JSON.parse(said.out), { structuredContent: { userId: 'ada' } })
  t.notMatch(said.out, /token-ada/)
})
