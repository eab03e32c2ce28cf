import type { CuratedTool, PollRule } from '../curation/read.ts'
import type { Operation } from '../document/read.ts'
import { ConfigError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import { didYouMean } from '../nearest.ts'
import type { Api } from './api.ts'
import type { Binding } from './bindings.ts'
import type { Tool } from './tools.ts'

/** How the end of an operation is waited for that was only accepted. */
export interface Poll {
  /** Reads the state. Its name, and what is published of its answers, are those of the tool that is waited for. */
  reader: Tool
  /** Arguments of the reader, each with the JSON Pointer to its value. Absent: Location tells them. */
  parameters?: { binding: Binding; pointer: string }[]
  /** JSON Pointer. */
  state: string
  /** The states that end it. Absent: any answer but a 202 does. */
  done?: string[]
  /** JSON Pointer to a number that grows. */
  progress?: string
  /** What that number is at the end. */
  total: number
}

const DEFAULT_TOTAL = 100

/** The poll rule of a tool, with the reader that `build` makes. Throws ConfigError. */
export function buildPoll(
  api: Api,
  rule: PollRule,
  build: (operation: Operation, curated: CuratedTool) => Tool,
  { name, output, select, redact, budget }: CuratedTool & { name: string },
): Poll {
  const operation = api.document.operations.get(rule.operation)
  if (!operation) {
    const hint = didYouMean(rule.operation, api.document.operations.keys())
    throw new ConfigError(`"poll": the document has no operation "${rule.operation}".${hint}`)
  }
  if (operation.method !== 'GET') throw new ConfigError(`"poll": "${rule.operation}" must be a GET`)
  const reader = build(operation, {
    name,
    ...(output && { output }),
    ...(select && { select }),
    ...(redact && { redact }),
    ...(budget !== undefined && { budget }),
  })
  const { bindings } = reader.input
  const nameOf = (binding: Binding) => binding.argument.join('.')
  const parameters = Object.entries(rule.parameters ?? {}).map(([argument, pointer]) => {
    const binding = bindings.find((each) => nameOf(each) === argument)
    if (binding) return { binding, pointer }
    const hint = didYouMean(argument, bindings.map(nameOf))
    throw new ConfigError(`"poll": "${argument}" is not an argument of ${rule.operation}.${hint}`)
  })
  const missing = bindings.find((each) => each.required && !parameters.some(({ binding }) => binding === each))
  if (rule.parameters && missing)
    throw new ConfigError(`"poll": ${rule.operation} needs "${nameOf(missing)}": say where its value is`)
  return {
    reader,
    ...(rule.parameters && { parameters }),
    state: rule.state ?? '/status',
    ...(rule.done && { done: rule.done }),
    ...(rule.progress !== undefined && { progress: rule.progress }),
    total: rule.total ?? DEFAULT_TOTAL,
  }
}

/** Arguments as the reader takes them, from values by binding. */
export function argumentsOf(values: { binding: Binding; value: Json }[]): JsonObject {
  const args: JsonObject = {}
  for (const { binding, value } of values) {
    const [first = '', second] = binding.argument
    if (second === undefined) args[first] = value
    else args[first] = { ...((args[first] as JsonObject | undefined) ?? {}), [second]: value }
  }
  return args
}
