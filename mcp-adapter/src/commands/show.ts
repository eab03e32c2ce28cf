import { CHARACTERS_PER_TOKEN } from '../results/budget.ts'
import type { Binding, BodyRule } from '../tools/bindings.ts'
import { costOf } from '../tools/cost.ts'
import type { Poll } from '../tools/poll.ts'
import type { Tool } from '../tools/tools.ts'
import { defineCommand } from './command.ts'
import { findTool, readToolName } from './find-tool.ts'
import { CONFIG, JSON_FLAG, OPENAPI } from './flags.ts'
import { json, tell } from './io.ts'
import { loadSource, readSource, type Source } from './source.ts'
import { columns, count, wrapped } from './text.ts'

/** Where one argument goes; `shown` is false for what is fixed or hidden by the curation. */
function mappingOf(binding: Binding, body: BodyRule | undefined) {
  const { argument, place, name, required, style, explode, fixed, hidden, fallback } = binding
  const isWhole = place === 'body' && body?.whole === true
  return {
    argument: argument.join('.') || 'all arguments',
    in: place,
    // A body that is one argument has no name on the wire.
    ...(!isWhole && { name }),
    required,
    shown: fixed === undefined && hidden === undefined,
    ...(place !== 'body' && { style, explode }),
    ...(fixed !== undefined && { fixed }),
    ...(fallback !== undefined && { default: fallback }),
  }
}

type Mapping = ReturnType<typeof mappingOf>

function sentTo({ in: place, name, fixed, default: preset, shown, required }: Mapping): string {
  const where = name === undefined ? `the whole ${place}` : `${place} ${name}`
  if (fixed !== undefined) return `${where}, always ${JSON.stringify(fixed)}; not shown`
  if (!shown) return 'neither shown nor sent'
  return [
    where,
    required ? 'required' : 'optional',
    ...(preset === undefined ? [] : [`default ${JSON.stringify(preset)}`]),
  ].join(', ')
}

/** The operation that is asked until what was accepted has ended. */
function pollOf({ reader: { operation }, state, done }: Poll) {
  return { id: operation.id, method: operation.method, path: operation.path, state, ...(done && { done }) }
}

function untilEnded({ id, state, done }: ReturnType<typeof pollOf>): string {
  return done ? `until ${state} of ${id} is ${done.join(' or ')}` : `until ${id} answers anything but 202`
}

/** All there is to know of a tool, as `--json` prints it. */
function describeTool(tool: Tool) {
  const { operation, published, scopes, confirm, input, poll } = tool
  return {
    tool: published,
    operation: { id: operation.id, method: operation.method, path: operation.path },
    arguments: input.bindings.map((binding) => mappingOf(binding, input.body)),
    ...(input.body && { body: input.body }),
    confirm,
    scopes,
    tokens: costOf(published),
    limits: {
      timeoutMs: tool.timeoutMs ?? tool.api.timeoutMs,
      resultTokens: tool.results.budget / CHARACTERS_PER_TOKEN,
      cost: tool.cost,
    },
    ...(poll && { waitsFor: pollOf(poll) }),
  }
}

function asText(tool: Tool): string {
  const {
    tool: published,
    operation,
    arguments: mappings,
    confirm,
    scopes,
    tokens,
    limits,
    waitsFor,
  } = describeTool(tool)
  const { title, ...hints } = published.annotations
  const rows = mappings.map((each) => [`  ${each.argument}`, sentTo(each)])
  const hintWords = Object.entries(hints).map(([hint, value]) => `${hint} ${value}`)
  const schema = (value: unknown) => JSON.stringify(value, null, 2).replaceAll('\n', '\n  ')
  return [
    `${published.name}: ${title}`,
    wrapped(published.description.replaceAll(/\s+/g, ' '), 110).join('\n'),
    `HTTP      ${operation.method} ${operation.path} (${operation.id})`,
    `Hints     ${hintWords.join(', ')}`,
    `Asks      ${confirm ? 'a person first, where the client can' : 'nobody'}`,
    `Scopes    ${scopes.length > 0 ? scopes.join(' ') : 'none'}`,
    `Cost      ${count(tokens.read, 'token')} for models, ${count(tokens.all, 'token')} with the output schema`,
    `Limits    ${limits.timeoutMs / 1000} s a call, ${count(limits.resultTokens, 'token')} a result, counts as ${limits.cost}`,
    ...(waitsFor ? [`Waits     ${untilEnded(waitsFor)}`] : []),
    `Arguments${rows.length > 0 ? `\n${columns(rows)}` : ' none'}`,
    `Input schema\n  ${schema(published.inputSchema)}`,
    ...(published.outputSchema ? [`Output schema\n  ${schema(published.outputSchema)}`] : []),
    '',
  ].join('\n')
}

export const show = defineCommand<{ source: Source; tool: string; json: boolean }>({
  name: 'show',
  operands: 'TOOL',
  about: 'Shows one tool: everything that an agent sees of it, how its arguments become a request, and what it costs.',
  flags: { config: CONFIG, openapi: OPENAPI, json: JSON_FLAG },
  examples: ['show list_orders --config tools.yaml', 'show list_orders --config tools.yaml --json'],
  read(line) {
    return { source: readSource(line), tool: readToolName('show', line.rest), json: line.flags.json === true }
  },
  async run(options, io) {
    const { tools } = await loadSource(options.source)
    const tool = findTool(tools, options.tool)
    if (options.json) io.out(json(describeTool(tool)))
    else tell(io, asText(tool))
    return 0
  },
})
