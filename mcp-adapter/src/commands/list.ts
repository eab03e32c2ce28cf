import { costOf, costOfList } from '../tools/cost.ts'
import type { Tool } from '../tools/tools.ts'
import { defineCommand } from './command.ts'
import { CONFIG, JSON_FLAG, OPENAPI } from './flags.ts'
import { json, tell } from './io.ts'
import { loadSource, readSource, type Source } from './source.ts'
import { columns, count, oneLine } from './text.ts'
import { nothingElse } from './values.ts'

/** The hints of a tool in a word: what it does to the world. */
function effectOf({ published: { annotations }, confirm }: Tool): string {
  const does = annotations.readOnlyHint ? 'reads' : annotations.destructiveHint ? 'destroys' : 'changes'
  return [does, ...(confirm ? ['asks'] : [])].join(', ')
}

export const listCommand = defineCommand<{ source: Source; json: boolean }>({
  name: 'list',
  about: 'Lists the tools: what each does, its operation, and what it costs a model to read.',
  flags: {
    config: CONFIG,
    openapi: OPENAPI,
    all: { type: 'boolean', about: 'with --openapi: every operation of it, which is also the default' },
    json: { ...JSON_FLAG, about: 'each tool as published, as {"tools": [...], "leftOut": [{"operation", "reason"}]}' },
  },
  examples: ['list --config tools.yaml', 'list --openapi openapi.yaml --all --json'],
  read(line) {
    nothingElse(line)
    return { source: readSource(line), json: line.flags.json === true }
  },
  async run(options, io) {
    const { tools, leftOut } = await loadSource(options.source)
    const published = tools.map((tool) => tool.published)
    if (options.json) {
      io.out(json({ tools: published, leftOut }))
      return 0
    }
    const rows = tools.map((tool) => [
      tool.name,
      oneLine(tool.published.title, 40),
      oneLine(`${tool.operation.method} ${tool.operation.path}`, 80),
      effectOf(tool),
      String(costOf(tool.published).read),
    ])
    const cost = costOfList(published)
    tell(io, `${columns([['TOOL', 'TITLE', 'OPERATION', 'EFFECT', 'TOKENS'], ...rows])}\n`)
    for (const { operation, reason } of leftOut) tell(io, `left out: ${oneLine(`${operation}: ${reason}`, 250)}\n`)
    tell(
      io,
      `${count(tools.length, 'tool')}, ${count(cost.read, 'token')} for models, ` +
        `${count(cost.all, 'token')} with output schemas\n`,
    )
    return 0
  },
})
