import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ConfigError } from '../src/errors.ts'
import { loadTools } from '../src/tools/catalog.ts'
import { fixture } from './support.ts'

const directory = mkdtempSync(join(tmpdir(), 'handrail-names-'))
cpSync(fixture('bookshop'), directory, { recursive: true })
t.teardown(() => rmSync(directory, { recursive: true }))
const original = readFileSync(join(directory, 'tools.yaml'), 'utf8')
const configFile = join(directory, 'tools.yaml')

/** What is said about the bookshop's curation with one text in the place of another, without the folder's name. */
async function complaints(from: string, to: string): Promise<string[]> {
  if (!original.includes(from)) throw new Error(`the fixture has no ${from}`)
  writeFileSync(configFile, original.replace(from, to))
  try {
    await loadTools({ configFile })
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n').map((line) => line.replaceAll(`${directory}/`, ''))
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
    const said = await complaints(from, to)
    t.equal(said.length, 1, kind)
    t.match(said[0], pattern, kind)
    const line = lineOf(from)
    t.match(said[0], new RegExp(`^tools\\.yaml:(${line}|${line + 1}):\\d+: `), `${kind}: ${said[0]}`)
  }
})

t.test('an example is held against the whole input schema, and told at its value', async (t) => {
  t.same(await complaints('q: analytical engine, page_size: 3', "q: '', page_size: many, limt: 3"), [
    `tools.yaml:${lineOf('q: analytical')}:14: "q" must NOT have fewer than 1 characters`,
    `tools.yaml:${lineOf('q: analytical')}:29: "page_size" must be integer`,
    `tools.yaml:${lineOf('q: analytical')}:41: "limt" is not known. Known: q, filter, sort, page_size, after.`,
  ])
  t.match(await complaints('copies: 1', 'copies: 0'), [/"lines\.0\.copies" must be >= 1/])
  t.match(await complaints('shipTo: { name: Ada, street: 1 Long Lane, city: Berlin }', 'note: none'), [
    /"shipTo" is required/,
  ])
})

t.test('what is wrong in an overlay is told in the overlay', async (t) => {
  const place = join(directory, 'overlay.yaml')
  const overlay = readFileSync(place, 'utf8')
  writeFileSync(place, overlay.replace("$.paths['/internal/reindex']", "$.paths['/internal/reindx']"))
  t.same(await complaints('name: bookshop', 'name: bookshop'), [
    'overlay.yaml:6:13: The document has no "/internal/reindx" at $["paths"]. Did you mean "/internal/reindex"?',
  ])
  writeFileSync(place, overlay)
  t.match(await complaints('overlay.yaml', 'none.yaml'), [/^Cannot read the overlay none\.yaml: ENOENT/])
})
