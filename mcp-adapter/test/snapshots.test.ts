import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { loadTools } from '../src/index.ts'

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
  'the tool list stays small: what models read costs less than 3,000 tokens, all of it less than 5,000',
  { skip },
  async (t) => {
    const { tools } = await loadTools({ configFile })
    const tokens = (value: unknown) => JSON.stringify(value).length / 4
    t.ok(tokens(tools.map(({ published: { outputSchema, ...read } }) => read)) < 3000)
    t.ok(tokens(tools.map((tool) => tool.published)) < 5000)
  },
)

t.test('every tool of ours is guarded by an action', { skip }, async (t) => {
  const { tools, access } = await loadTools({ configFile })
  t.ok(access)
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
