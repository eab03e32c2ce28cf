import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

const shop = mkdtempSync(join(tmpdir(), 'handrail-names-'))
cpSync(fixture('bookshop'), shop, { recursive: true })
t.teardown(() => rmSync(shop, { recursive: true }))
const original = readFileSync(join(shop, 'tools.yaml'), 'utf8')
const configFile = join(shop, 'tools.yaml')

/** What is said about the bookshop's curation with one text in the place of another, without the folder's name. */
async function saidOf(from: string, to: string): Promise<string[]> {
  if (!original.includes(from)) throw new Error(`the fixture has no ${from}`)
  writeFileSync(configFile, original.replace(from, to))
  try {
    await loadTools({ configFile })
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n').map((line) => line.replaceAll(`${shop}/`, ''))
  }
}
const lineOf = (text: string) => original.slice(0, original.indexOf(text)).split('\n').length

t.test('the fixture is right, and its tools are in the order of the file', async (t) => {
  const { tools } = await loadTools({ configFile })
  t.same(
    tools.map(({ name, operation }) => [name, operation.id]),
    [
      ['search_books', 'books.search'],
      ['covers_read', 'covers.read'],
      ['books_read', 'books.read'],
      ['place_order', 'orders.place'],
      ['orders_cancel', 'orders.cancel'],
    ],
  )
  t.equal(tools[4]?.confirm, true, 'what a rule says holds for each of its operations')
})

t.test('a wrong name of any kind is told with its place and the nearest right one', async (t) => {
  const cases: [kind: string, from: string, to: string, said: RegExp][] = [
    [
      'operation',
      'operation: orders.place',
      'operation: order.place',
      /no operation "order\.place"\. Did you mean "orders\.place"/,
    ],
    ['tag', 'tag: covers', 'tag: cover', /No operation has the tag "cover"\. Did you mean "covers"/],
    [
      'exception',
      'except: [orders.list]',
      'except: [orders.lists]',
      /no operation "orders\.lists"\. Did you mean "orders\.list"/,
    ],
    [
      'argument',
      'page_size: { default: 5 }',
      'page_sise: { default: 5 }',
      /"page_sise" is not an argument .*Did you mean "page_size"/,
    ],
    [
      'backend',
      'tag: covers',
      'tag: covers\n    backend: shop',
      /There is one API, without a name: leave "backend" out/,
    ],
    ['security scheme', 'scheme: shopKey', 'scheme: shopKy', /shopKy.*Did you mean "shopKey"/],
    [
      'key',
      'annotations: { destructiveHint',
      'annotations: { destructivHint',
      /Unknown key "destructivHint"\. Did you mean "destructiveHint"/,
    ],
  ]
  for (const [kind, from, to, pattern] of cases) {
    const said = await saidOf(from, to)
    t.equal(said.length, 1, kind)
    t.match(said[0], pattern, kind)
    const line = lineOf(from)
    t.match(said[0], new RegExp(`^tools\\.yaml:(${line}|${line + 1}):\\d+: `), `${kind}: ${said[0]}`)
  }
})

t.test('an example is held against the whole input schema, and told at its value', async (t) => {
  t.same(await saidOf('q: analytical engine, page_size: 3', "q: '', page_size: many, limt: 3"), [
    `tools.yaml:${lineOf('q: analytical')}:14: "q" must NOT have fewer than 1 characters`,
    `tools.yaml:${lineOf('q: analytical')}:29: "page_size" must be integer`,
    `tools.yaml:${lineOf('q: analytical')}:41: "limt" is not known. Known: q, filter, sort, page_size, after.`,
  ])
  t.match(await saidOf('copies: 1', 'copies: 0'), [/"lines\.0\.copies" must be >= 1/])
  t.match(await saidOf('shipTo: { name: Ada, street: 1 Long Lane, city: Berlin }', 'note: none'), [
    /"shipTo" is required/,
  ])
})

t.test('what is wrong in an overlay is told in the overlay', async (t) => {
  const place = join(shop, 'overlay.yaml')
  const overlay = readFileSync(place, 'utf8')
  writeFileSync(place, overlay.replace("$.paths['/internal/reindex']", "$.paths['/internal/reindx']"))
  t.same(await saidOf('name: bookshop', 'name: bookshop'), [
    'overlay.yaml:6:13: The document has no "/internal/reindx" at $["paths"]. Did you mean "/internal/reindex"?',
  ])
  writeFileSync(place, overlay)
  t.match(await saidOf('overlay.yaml', 'none.yaml'), [/^Cannot read the overlay none\.yaml: ENOENT/])
})

t.test('a server that the document does not have, or a variable of it, is told with its place', async (t) => {
  const withServer = (server: string) =>
    `server: { name: x }\nbackend:\n  openapi: ${fixture('api.yaml')}\n  server: ${server}\ntools: [{ operation: listOrders }]\n`
  t.match(await complaints(withServer('{ index: 7 }')), [/^4:11: the document has 1 servers, and none of index 7$/])
  t.match(await complaints(withServer('{ variables: { region: eu } }')), [
    /^4:11: the server has no variable "region"\.$/,
  ])
})
