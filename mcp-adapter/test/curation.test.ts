import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readDocument } from '../src/document/read.ts'
import { ConfigError } from '../src/errors.ts'
import { baseUrlOf } from '../src/tools/api.ts'
import { loadTools } from '../src/tools/catalog.ts'
import { startBackend } from './fixtures/backend.ts'
import { fixture } from './support.ts'

const directory = mkdtempSync(join(tmpdir(), 'handrail-mcp-'))
t.teardown(() => rmSync(directory, { recursive: true }))
let count = 0

/** What is said about a curation file, without the file's name. */
async function complaints(yaml: string): Promise<string[]> {
  const file = join(directory, `${++count}.yaml`)
  writeFileSync(file, yaml)
  try {
    await loadTools({ configFile: file })
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n').map((line) => line.replace(`${file}:`, ''))
  }
}

const head = `server: { name: x }\nbackend: { openapi: ${fixture('api.yaml')}, url: 'http://127.0.0.1:1' }\n`

t.test('broken YAML is told with its place', async (t) => {
  t.match((await complaints('server:\n  name: "x\ntools: []\n'))[0], /^\d+:\d+: YAML: /)
  t.match((await complaints('server: { name: a }\nserver: { name: b }\n'))[0], /^2:1: YAML: Map keys must be unique/)
})

t.test('unknown keys are refused with the nearest right one', async (t) => {
  t.same(
    await complaints(
      `${head}toolz: []\ntools:\n  - operation: listOrders\n    descripton: x\n    parameters:\n      limit: { defualt: 3 }\n`,
    ),
    [
      '3:1: Unknown key "toolz". Did you mean "tools"?',
      '6:5: Unknown key "descripton". Did you mean "description"?',
      '8:16: Unknown key "defualt". Did you mean "default"?',
    ],
  )
})

t.test('values of the wrong kind are told with the rule they break', async (t) => {
  t.same(
    await complaints(
      'server: { name: x }\nbackend: { openapi: a.yaml, timeoutMs: soon }\ntools:\n  - operation: listOrders\n    name: "list orders"\n',
    ),
    [
      '2:40: "backend.timeoutMs" must be integer',
      '5:11: "tools.0.name" must match pattern "^[a-zA-Z0-9_-]{1,64}$" (Default: the operation\'s id in snake_case.)'.replace(
        "operation's id",
        'operationId',
      ),
    ],
  )
  t.match(await complaints(`${head}tools: []\n`), [/^3:8: "tools" must NOT have fewer than 1 items/])
  t.match(await complaints(''), [/^1:1: the file must be object/])
})

t.test('an unknown operation or argument is told with the nearest right name', async (t) => {
  t.same(
    await complaints(
      `${head}access: { operation: getCurentCaller, actions: /actions, extension: x-action }\ntools:\n  - operation: list_orders\n  - operation: createOrder\n    parameters:\n      nota: { fixed: x }\n      items: { default: [] }\n`,
    ),
    [
      '3:22: The document has no operation "getCurentCaller". Did you mean "getCurrentCaller"?',
      '5:16: The document has no operation "list_orders". Did you mean "listOrders"?',
      '8:13: "nota" is not an argument of createOrder. Did you mean "note"?',
      '9:14: "items" the value [] must NOT have fewer than 1 items',
    ],
  )
})

t.test('a name that is given twice is told at the second place', async (t) => {
  t.same(
    await complaints(
      `${head}tools:\n  - operation: listOrders\n  - operation: createOrder\n    name: list_orders\n  - operation: listOrders\n`,
    ),
    [
      '6:11: The tool name "list_orders" is given twice: here and by tools.0 (listOrders).',
      '7:16: The tool name "list_orders" is given twice: here and by tools.0 (listOrders).',
    ],
  )
})

t.test('a document that cannot be read is told with its name', async (t) => {
  t.match(await complaints('server: { name: x }\nbackend: { openapi: none.json }\ntools: [{ operation: a }]\n'), [
    /^Cannot read the OpenAPI document .*none\.json: ENOENT/,
  ])
  t.match(
    await complaints(
      `server: { name: x }\nbackend: { openapi: ${fixture('tools.yaml')} }\ntools: [{ operation: a }]\n`,
    ),
    [/is not an OpenAPI document of version 3\.0/],
  )
})

t.test('a document can be fetched, without a credential and without following redirects', async (t) => {
  const document = JSON.stringify({
    openapi: '3.1.0',
    servers: [{ url: 'api/v2' }],
    paths: { '/a': { get: { operationId: 'getA', responses: {} } } },
  })
  const backend = await startBackend()
  t.teardown(() => backend.close())
  t.match(
    await complaints(
      `server: { name: x }\nbackend: { openapi: '${backend.url}/doc.json' }\ntools: [{ operation: getA }]\n`,
    ),
    [/doc\.json: it answered 401/],
  )
  t.notOk(backend.seen[0]?.headers.authorization)
  t.equal(
    baseUrlOf(readDocument(JSON.parse(document), 'd', 'http://h/docs/openapi.json'), undefined),
    'http://h/docs/api/v2',
  )
})

t.test('an address without a path keeps the base path of the document', async (t) => {
  const at = (url: string) => readDocument({ openapi: '3.1.0', servers: [{ url }], paths: {} }, 'd')
  t.equal(baseUrlOf(at('/api/v1'), 'http://h:1'), 'http://h:1/api/v1')
  t.equal(baseUrlOf(at('https://api.example/api/v1'), 'http://h:1/'), 'http://h:1/api/v1')
  t.equal(baseUrlOf(at('/api/v1'), 'http://h:1/other'), 'http://h:1/other')
  t.equal(baseUrlOf(at('https://api.example/v1'), undefined), 'https://api.example/v1')
  t.throws(() => baseUrlOf(at('/api/v1'), undefined), /not known where the API is/)
  t.throws(() => baseUrlOf(at('/'), 'ftp://h'), /not an http\(s\) URL/)
  t.throws(() => baseUrlOf(at('/'), 'http://user:pass@h'), /must not hold a credential/)
})
