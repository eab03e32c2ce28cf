import type { CuratedTool, Curation, Report } from '../curation/read.ts'
import { type Chosen, expandEntries } from '../curation/select.ts'
import { ConfigError, messageOf } from '../errors.ts'
import { isObject, type Json } from '../json.ts'
import { didYouMean } from '../nearest.ts'
import type { ReportField } from '../results/fields.ts'
import { visible } from '../results/hidden.ts'
import type { Api } from './api.ts'
import { checkExamples } from './examples.ts'
import { toolName, uniqueNames } from './naming.ts'
import { buildTool, type Tool } from './tools.ts'

/** An operation that a `tag` or `methods` entry chose and that cannot be a tool. */
export interface LeftOut {
  operation: string
  reason: string
  /** The API's name, among several. */
  backend?: string
}

type Place = (string | number)[]
/** An operation with the API that it belongs to and the name that its tool has. */
type Named = Chosen & { api: Api; name: string }

const hasHidden = (value: Json): boolean => {
  if (typeof value === 'string') return visible(value) !== value
  if (!isObject(value) && !Array.isArray(value)) return false
  return Object.entries(value).some(([name, each]) => hasHidden(name) || hasHidden(each))
}

/** The API that an entry belongs to. What is wrong with its `backend` is reported, and then there is none. */
function apiOf(apis: Api[], { backend }: CuratedTool, report: (message: string) => void): Api | undefined {
  const names = apis.map(({ name }) => name).filter((name) => name !== '')
  if (backend === undefined) {
    if (apis.length > 1) report(`Say which backend it belongs to: ${names.join(', ')}.`)
    return apis.length > 1 ? undefined : apis[0]
  }
  const api = apis.find(({ name }) => name === backend)
  if (!api)
    report(
      names.length === 0
        ? 'There is one API, without a name: leave "backend" out.'
        : `There is no backend "${backend}".${didYouMean(backend, names)}`,
    )
  return api
}

/** What all entries choose, in the order of the file; those of one rule in the order of the document. */
function choose(apis: Api[], curated: CuratedTool[], report: Report): (Chosen & { api: Api })[] {
  const entries = curated.map((entry, index) => ({
    index,
    entry,
    api: apiOf(apis, entry, (message) => report(['tools', index, 'backend'], message)),
  }))
  const chosen = apis.flatMap((api) => {
    const own = entries.filter((each) => each.api === api).map(({ index, entry }) => [index, entry] as const)
    return expandEntries(api.document, own, report).map((each) => ({ ...each, api }))
  })
  return chosen.sort((a, b) => a.index - b.index)
}

/**
 * Every operation's name: the entry's, or one made of its id. Those that a rule chose never clash: what would have one
 * name gets a digest. Two entries that name their operation and clash are for the operator to tell apart.
 */
function nameAll(apis: Api[], chosen: (Chosen & { api: Api })[]): Named[] {
  const nameOf = ({ api, entry, operation }: Chosen & { api: Api }) => entry.name ?? toolName(operation.id, api.prefix)
  const byId = chosen.filter((each) => each.chosen === 'by-id')
  const names = new Map(byId.map((each) => [each, nameOf(each)]))
  const taken = new Set(names.values())
  for (const api of apis) {
    const byRule = chosen.filter((each) => each.api === api && each.chosen === 'by-rule')
    const ids = byRule.map(({ operation }) => operation.id)
    for (const [i, name] of uniqueNames(ids, undefined, { prefix: api.prefix, taken }).entries()) {
      names.set(byRule[i] as (typeof byRule)[number], name)
      taken.add(name)
    }
  }
  return chosen.map((each) => ({ ...each, name: names.get(each) as string }))
}

/** Where an entry says what its tool is called, in words. */
const placeOf = ({ index, api, operation }: Named) =>
  `tools.${index} (${operation.id}${api.name === '' ? '' : ` of ${api.name}`})`

/** What holds for all tools. */
type Shared = Pick<Curation, 'auth' | 'results'>

/** Where findings go. Without `field`, what is wrong with a field is thrown. */
interface Reports {
  unknown(argument: string, message: string): void
  wrong(argument: string, message: string): void
  field?: ReportField
}

/**
 * Makes the tool of one choice. What the entry says of an argument that the tool does not have goes to `unknown`, what
 * cannot be kept goes to `wrong`. Throws ConfigError when the operation cannot be a tool.
 */
function build(
  { api, operation, entry, name }: Named,
  { auth, results }: Shared,
  { unknown, wrong, field }: Reports,
): Tool {
  const findings: [argument: string, message: string][] = []
  const tool = buildTool(
    api,
    operation,
    { ...entry, name },
    {
      ...(auth && { auth }),
      ...(results && { results }),
      ...(field && { reportField: field }),
      report: (argument, message) => findings.push([argument, message]),
    },
  )
  const known = new Set(tool.input.bindings.map(({ argument }) => argument.join('.')))
  for (const [argument, message] of findings) (known.has(argument) ? wrong : unknown)(argument, message)
  // A document may come from elsewhere; nobody reviews what nobody sees.
  if (hasHidden(tool.published as unknown as Json))
    throw new ConfigError(`The text of "${tool.name}" has hidden characters.`)
  return tool
}

/** The tool of an operation that an entry names. Everything wrong with it is a finding. */
function buildNamed(choice: Named, shared: Shared, report: Report): Tool | undefined {
  const path: Place = ['tools', choice.index]
  const finding = (argument: string, message: string) =>
    report([...path, 'parameters', argument], `"${argument}" ${message}`)
  try {
    const field: ReportField = (key, index, message) => report([...path, key, index], message)
    const tool = build(choice, shared, { unknown: finding, wrong: finding, field })
    checkExamples(tool.checkArguments, choice.entry.examples ?? [], (place, message) =>
      report([...path, 'examples', ...place], message),
    )
    return tool
  } catch (error) {
    report([...path, 'operation'], messageOf(error))
    return undefined
  }
}

/** The tools of what rules chose: one that cannot be made is left out, and the rest are served. */
function createRuleBuilder(shared: Shared) {
  const leftOut: LeftOut[] = []
  /** By entry and argument: how many tools do not have it, and what was said of the first. */
  const missing = new Map<string, { index: number; argument: string; message: string; count: number }>()
  const built = new Map<number, number>()

  function buildOne(choice: Named): Tool | undefined {
    const { api, operation, index } = choice
    try {
      const tool = build(choice, shared, {
        unknown(argument, message) {
          const key = `${index} ${argument}`
          const seen = missing.get(key) ?? { index, argument, message, count: 0 }
          missing.set(key, { ...seen, count: seen.count + 1 })
        },
        // Without a value that the operator fixed, the tool would do something else.
        wrong(argument, message) {
          throw new ConfigError(`"${argument}" ${message}`)
        },
      })
      built.set(index, (built.get(index) ?? 0) + 1)
      return tool
    } catch (error) {
      const backend = api.name === '' ? {} : { backend: api.name }
      leftOut.push({ operation: operation.id, reason: messageOf(error), ...backend })
      return undefined
    }
  }

  /** Reports arguments that none of the operations of a rule has. */
  function finish(report: Report): void {
    for (const { index, argument, message, count } of missing.values())
      if (count >= (built.get(index) ?? 0)) report(['tools', index, 'parameters', argument], `"${argument}" ${message}`)
  }
  return { buildOne, finish, leftOut }
}

/**
 * The tools of a curation file, in its order. What is wrong with an entry (unknown operation, name given twice) goes to
 * `report` with its path in the file. Of what a rule chose, an operation that cannot be a tool is in `leftOut`.
 */
export function buildTools(
  apis: Api[],
  { tools: curated, ...shared }: Pick<Curation, 'tools' | 'auth' | 'results'>,
  report: Report,
): { tools: Tool[]; leftOut: LeftOut[] } {
  const rules = createRuleBuilder(shared)
  const tools: Tool[] = []
  const owners = new Map<string, Named>()
  for (const choice of nameAll(apis, choose(apis, curated, report))) {
    const tool = choice.chosen === 'by-id' ? buildNamed(choice, shared, report) : rules.buildOne(choice)
    if (!tool) continue
    const owner = owners.get(tool.name)
    if (owner) {
      const place = ['tools', choice.index, choice.entry.name === undefined ? 'operation' : 'name']
      report(place, `The tool name "${tool.name}" is given twice: here and by ${placeOf(owner)}.`)
    }
    owners.set(tool.name, owner ?? choice)
    tools.push(tool)
  }
  rules.finish(report)
  return { tools, leftOut: rules.leftOut }
}
