import { scopesOf } from '../auth/scopes.ts'
import { type Check, compile } from '../checks/validation.ts'
import type { AuthSection, CuratedTool, Curation, Hints } from '../curation/read.ts'
import type { Operation } from '../document/read.ts'
import { ConfigError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { type Untrusted, untrustedAnswers } from '../results/fence.ts'
import type { ReportField } from '../results/fields.ts'
import { deriveHints } from './annotations.ts'
import type { Api } from './api.ts'
import { withExamples } from './examples.ts'
import { buildInput, type Input } from './input-schema.ts'
import { toolName } from './naming.ts'
import { buildOutput, type Output, type Shape, type Side } from './output-schema.ts'
import { buildPoll, type Poll } from './poll.ts'
import { brief, forClients, forModels } from './published-schema.ts'
import { type ResultRules, resultRules } from './result-rules.ts'
import { needsConfirmation } from './safety.ts'

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
  results: ResultRules
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
  /** Deadline of a call, in milliseconds; absent: the API's. */
  timeoutMs?: number
  /** What a call costs its caller. */
  cost: number
  /** How the end of what was only accepted is waited for. */
  poll?: Poll
  /** The OAuth scopes that a call needs. Empty without `auth`. */
  scopes: string[]
  /** Headers of the adapter's own, sent with every request of this tool. */
  headers: Record<string, string>
}

type ObjectSchema = JsonObject & { type: 'object' }

/** The schema that clients see, which every answer keeps. */
function publish({ schema, sides }: Output, output: CuratedTool['output'], strict: boolean): ObjectSchema | undefined {
  if (!schema || output === 'resource') return undefined
  const isBrief = sides !== undefined || output === 'brief'
  const published = isBrief ? brief([schema, ...(sides ?? []).map((side) => side.schema)]) : forClients(schema, strict)
  return published as ObjectSchema
}

const refuseField: ReportField = (key, _index, message) => {
  throw new ConfigError(`${key}: ${message}`)
}

/** What is answered in the end, where that is waited for: what the reader of its state answers. */
function waitedFor(output: Output, poll: Poll | undefined, { fields }: ResultRules): Output {
  if (!poll) return output
  const { schema: _, ...rest } = output
  const { document } = poll.reader.api
  const { schema } = buildOutput(document.root, poll.reader.operation, poll.reader.input.roles, fields)
  return schema ? { ...rest, schema } : rest
}

/** Makes a tool of an operation. Throws ConfigError when the operation cannot be one. */
export function buildTool(
  api: Api,
  operation: Operation,
  curated: CuratedTool,
  options: {
    auth?: AuthSection
    results?: Curation['results']
    report?: (argument: string, message: string) => void
    reportField?: ReportField
  } = {},
): Tool {
  const { document, safety } = api
  const { auth } = options
  const name = curated.name ?? toolName(operation.id, api.prefix)
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name))
    throw new ConfigError(`"${name}" is not a tool name: 1 to 64 of a-z A-Z 0-9 _ -`)
  const title = curated.title ?? operation.summary ?? name
  const input = buildInput(
    document.root,
    operation,
    curated.parameters,
    options.report,
    safety,
    curated.input === 'body',
  )
  const results = resultRules(curated, options.results)
  const build = (...[read, entry]: [Operation, CuratedTool]) => {
    const { auth, results } = options
    return buildTool(api, read, entry, { ...(auth && { auth }), ...(results && { results }) })
  }
  const poll = curated.poll && buildPoll(api, curated.poll, build, { ...curated, name })
  // What is waited for is the result, so fields are chosen of it and not of what was only accepted.
  const fields = poll ? undefined : results.fields
  const output = waitedFor(buildOutput(document.root, operation, input.roles, fields), poll, results)
  fields?.check(options.reportField ?? refuseField)
  const published = publish(output, curated.output, options.results?.strict === true)
  const scopes = auth ? scopesOf(auth, operation, document.root.security, curated.scopes) : []
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
      inputSchema: withExamples(forModels(input.schema, input.isBody) as ObjectSchema, curated.examples),
      ...(published && { outputSchema: published }),
      annotations: { title, ...deriveHints(operation, input.roles.key !== undefined), ...curated.annotations },
    },
    api,
    operation,
    ...(typeof action === 'string' && { action }),
    input,
    results,
    shapes: output.shapes,
    checkArguments: compile(input.schema),
    ...(output.schema &&
      published && { checkComplete: compile(output.schema), checkPublished: compile(published, { isPart: true }) }),
    sides: (output.sides ?? []).map((side) => ({ ...side, check: compile(side.schema) })),
    isUntrusted: untrustedAnswers(document.root, operation, safety?.untrusted),
    confirm: needsConfirmation(operation, curated.confirm, safety),
    ...(curated.timeoutMs !== undefined && { timeoutMs: curated.timeoutMs }),
    cost: curated.cost ?? 1,
    ...(poll && { poll }),
    scopes: [...new Set([...scopes, ...(poll?.reader.scopes ?? [])])],
    headers: safety?.toolHeader === undefined ? {} : { [safety.toolHeader.toLowerCase()]: name },
  }
}
