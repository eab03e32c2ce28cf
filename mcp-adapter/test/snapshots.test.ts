import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { visible } from '../src/results/hidden.ts'
import { loadTools } from '../src/tools/catalog.ts'

/**
 * What agents see of our API, one file per tool, so that every change to it is a diff that somebody reads.
 * `UPDATE_SNAPSHOTS=1` rewrites the files.
 */
const directory = new URL('./snapshots/', import.meta.url)
const configFile = new URL('../tools.yaml', import.meta.url).pathname
const hasDocument = existsSync(new URL('../../openapi/v1.json', import.meta.url))
const skip = hasDocument ? false : 'openapi/v1.json does not exist'
const update = process.env.UPDATE_SNAPSHOTS === '1'

t.test('every tool is as its snapshot says, and every snapshot has its tool', { skip }, async (t) => {
  const { tools } = await loadTools({ configFile })
  const shown = new Map(tools.map((tool) => [`${tool.name}.json`, `${JSON.stringify(tool.published, null, 2)}\n`]))
  mkdirSync(directory, { recursive: true })
  const present = readdirSync(directory)
  if (update) {
    for (const file of present) if (!shown.has(file)) rmSync(new URL(file, directory))
    for (const [file, text] of shown) writeFileSync(new URL(file, directory), text)
  }
  t.same(readdirSync(directory).sort(), [...shown.keys()].sort())
  for (const [file, text] of shown) {
    const place = new URL(file, directory)
    t.equal(existsSync(place) ? readFileSync(place, 'utf8') : 'no snapshot', text, file)
  }
})

t.test(
  'the tool list stays small: what models read costs less than 3,000 tokens, all of it less than 5,100',
  { skip },
  async (t) => {
    const { tools } = await loadTools({ configFile })
    const tokens = (value: unknown) => JSON.stringify(value).length / 4
    t.ok(tokens(tools.map(({ published: { outputSchema, ...read } }) => read)) < 3000)
    // Each field of an answer says its types: the Inspector's strict list warns of a schema that says nothing.
    t.ok(tokens(tools.map((tool) => tool.published)) < 5100)
  },
)

t.test(
  'what agents read of us has no hidden characters, and comes from files that are reviewed',
  { skip },
  async (t) => {
    const files = ['../tools.yaml', '../../openapi/v1.json'].map((name) =>
      readFileSync(new URL(name, import.meta.url), 'utf8'),
    )
    const texts = [...files, ...readdirSync(directory).map((file) => readFileSync(new URL(file, directory), 'utf8'))]
    for (const text of texts) {
      t.equal(visible(text), text)
      t.notMatch(text, /\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}/, 'nor any that is written as an escape')
    }
    const { tools, server } = await loadTools({ configFile })
    const said = files.join('\n').replaceAll(/\s+/g, ' ').replaceAll("''", "'")
    t.ok(said.includes((server.instructions as string).trim().replaceAll(/\s+/g, ' ')))
    for (const { published } of tools)
      t.ok(said.includes(published.description.replaceAll(/\s+/g, ' ')), published.name)
  },
)

t.test('every tool of ours is guarded by an action', { skip }, async (t) => {
  const { tools, apis } = await loadTools({ configFile })
  t.ok(apis[0]?.access)
  for (const tool of tools) t.ok(tool.action, tool.name)
})

t.test('no tool text names something that agents cannot call', { skip }, async (t) => {
  const { tools } = await loadTools({ configFile })
  const names = new Set(tools.map((tool) => tool.name))
  for (const tool of tools) {
    for (const [word] of tool.published.description.matchAll(/\b[a-z]+(_[a-z]+)+\b/g)) {
      const isArgument = Object.hasOwn(tool.published.inputSchema.properties as object, word)
      t.ok(names.has(word) || isArgument, `${tool.name}: ${word}`)
    }
  }
})
