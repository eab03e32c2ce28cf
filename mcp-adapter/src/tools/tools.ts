import { scopesOf } from '../auth/scopes.ts'
import type { AuthSection, CuratedTool, Curation, Hints, Report } from '../curation/read.ts'
import type { Operation } from '../document/read.ts'
import { ConfigError, messageOf } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import { didYouMean } from '../nearest.ts'
import { type Untrusted, untrustedAnswers } from '../results/fence.ts'
import { visible } from '../results/hidden.ts'
import { deriveHints } from './annotations.ts'
import type { Api } from './api.ts'
import { buildInput, type Input } from './input-schema.ts'
import { snakeCase } from './naming.ts'
import { buildOutput, type Output, type Shape, type Side } from './output-schema.ts'
import { brief, forClients, forModels } from './published-schema.ts'
import { needsConfirmation } from './safety.ts'
import { type Check, compile } from './validation.ts'

/** A tool as `tools/list` gives it (MCP, Tool). */
export interface PublishedTool {
  name: string
  title: string
  description: string
  inputSchema: JsonObject & { type: 'object' }
  outputSchema?: JsonObject & { type: 'object' }
  annotations: Hints & { title: string }
}

/** An operation as MCP shows it, with all that a call needs, prepared once. */
export interface Tool {
  name: string
  published: PublishedTool
  /** The API that its calls go to. */
  api: Api
  operation: Operation
  /** What policy decides on, as the document's extension names it. Without one, every caller sees the tool. */
  action?: string
  input: Input
  shapes: Record<string, Shape>
  checkArguments: Check
  /** Against the schema that clients see: they refuse a result that breaks it. */
  checkPublished?: Check
  /** Against the document's complete schema: what breaks it is drift. */
  checkComplete?: Check
  /** What may be answered instead of the result. */
  sides: (Side & { check: Check })[]
  /** Whether an answer is shown as data that somebody else wrote. */
  isUntrusted: Untrusted
  /** A person is asked before it acts, where the client can ask one. */
  confirm: boolean
  /** The OAuth scopes that a call needs. Empty without `auth`. */
  scopes: string[]
  /** Headers of the adapter's own, sent with every request of this tool. */
  headers: Record<string, string>
}

type ObjectSchema = JsonObject & { type: 'object' }

/** The schema that clients see, which every answer keeps. */
function publish({ schema, sides }: Output, isBrief: boolean): ObjectSchema | undefined {
  if (!schema) return undefined
  return (
    sides || isBrief ? brief([schema, ...(sides ?? []).map((side) => side.schema)]) : forClients(schema)
  ) as ObjectSchema
}

/** Makes a tool of an operation. Throws ConfigError when the operation cannot be one. */
export function buildTool(
  api: Api,
  operation: Operation,
  curated: CuratedTool,
  options: {
    auth?: AuthSection
    report?: (argument: string, message: string) => void
  } = {},
): Tool {
  const { document, safety } = api
  const name = curated.name ?? `${api.prefix}${snakeCase(operation.id)}`
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name))
    throw new ConfigError(`"${name}" is not a tool name: 1 to 64 of a-z A-Z 0-9 _ -`)
  const title = curated.title ?? operation.summary ?? name
  const input = buildInput(document.root, operation, curated.parameters, options.report, safety)
  const output = buildOutput(document.root, operation, input.roles)
  const published = publish(output, curated.output === 'brief')
  const scopes = options.auth ? scopesOf(options.auth, operation, document.root.security, curated.scopes) : []
  if (!scopes) throw new ConfigError(`It is not known which scopes "${name}" needs: name them (scopes: [], if none).`)
  const action = api.access && operation.source[api.access.rule.extension]
  return {
    name,
    published: {
      name,
      title,
      description: (
        curated.description ??
        operation.description ??
        operation.summary ??
        `${operation.method} ${operation.path}`
      ).trim(),
      inputSchema: forModels(input.schema) as ObjectSchema,
      ...(published && { outputSchema: published }),
      annotations: { title, ...deriveHints(operation, input.roles.key !== undefined), ...curated.annotations },
    },
    api,
    operation,
    ...(typeof action === 'string' && { action }),
    input,
    shapes: output.shapes,
    checkArguments: compile(input.schema),
    ...(output.schema && published && { checkComplete: compile(output.schema), checkPublished: compile(published) }),
    sides: (output.sides ?? []).map((side) => ({ ...side, check: compile(side.schema) })),
    isUntrusted: untrustedAnswers(document.root, operation, safety?.untrusted),
    confirm: needsConfirmation(operation, curated.confirm, safety),
    scopes,
    headers: safety?.toolHeader === undefined ? {} : { [safety.toolHeader.toLowerCase()]: name },
  }
}

const hasHidden = (value: Json): boolean => {
  if (typeof value === 'string') return visible(value) !== value
  if (typeof value !== 'object' || value === null) return false
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

/**
 * The tools of a curation file, in its order. What is wrong with an entry (unknown operation, name given twice) goes
 * to `report` with its path in the file, and the entry is left out.
 */
export function buildTools(
  apis: Api[],
  { tools: curated, auth }: Pick<Curation, 'tools' | 'auth'>,
  report: Report,
): Tool[] {
  const tools: Tool[] = []
  for (const [index, entry] of curated.entries()) {
    const path = ['tools', index]
    const api = apiOf(apis, entry, (message) => report([...path, 'backend'], message))
    if (!api) continue
    const { operations } = api.document
    const id = entry.operation ?? ''
    const operation = operations.get(id)
    if (!operation) {
      const hint = didYouMean(id, operations.keys())
      report([...path, 'operation'], `The document has no operation "${id}".${hint}`)
      continue
    }
    try {
      const tool = buildTool(api, operation, entry, {
        ...(auth && { auth }),
        report: (argument, message) => report([...path, 'parameters', argument], `"${argument}" ${message}`),
      })
      const taken = tools.some((other) => other.name === tool.name)
      if (taken)
        report(
          [...path, entry.name === undefined ? 'operation' : 'name'],
          `The tool name "${tool.name}" is given twice.`,
        )
      // A document may come from elsewhere; nobody reviews what nobody sees.
      if (hasHidden(tool.published as unknown as Json))
        report([...path, 'operation'], `The text of "${tool.name}" has hidden characters.`)
      tools.push(tool)
    } catch (error) {
      report([...path, 'operation'], messageOf(error))
    }
  }
  return tools
}
