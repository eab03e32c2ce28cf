import type { Report, SafetyRule } from '../curation/read.ts'
import type { ApiDocument, Operation } from '../document/read.ts'
import type { JsonObject } from '../json.ts'
import { didYouMean } from '../nearest.ts'
import { isUsed } from '../results/fence.ts'
import { sentValue } from '../sent-value.ts'
import { type Binding, isOwnHeader } from './bindings.ts'
import type { Tool } from './tools.ts'

/** Which of a tool's arguments have a meaning to the adapter itself. */
export interface Roles {
  /** Names the act, so that repeating the request does nothing twice. The adapter makes one when none is given. */
  key?: Binding
  /** Names the approval that a person gave. */
  approval?: Binding
  /** Asks what would happen. */
  dryRun?: Binding
}

type Role = keyof Roles

/** What a model reads of these arguments. Short, because every tool that changes something has all three. */
const WORDS: Record<Role, string> = {
  key: 'To repeat a call.',
  // The result of the call that waits says all about it.
  approval: '',
  dryRun: 'Only try it.',
}

const reads = (operation: Operation) => operation.method === 'GET' || operation.method === 'HEAD'
const isHeader = (binding: Binding, name: string | undefined) =>
  binding.place === 'header' && name !== undefined && binding.name.toLowerCase() === name.toLowerCase()

/** The role of an argument, or undefined. Reading needs none of them. */
export function roleOf(operation: Operation, binding: Binding, rule: SafetyRule | undefined): Role | undefined {
  if (!rule || reads(operation)) return undefined
  if (isHeader(binding, rule.idempotencyHeader)) return 'key'
  if (isHeader(binding, rule.approvalHeader)) return 'approval'
  return binding.place === 'query' && binding.name === rule.dryRun ? 'dryRun' : undefined
}

/** An argument with a role is never required of the model, and says what it is for in few words. */
export function playRole(binding: Binding, role: Role): Binding {
  const { schema } = binding
  const rules = typeof schema === 'object' && schema !== null && !Array.isArray(schema) ? schema : {}
  return { ...binding, required: false, schema: { ...rules, description: WORDS[role] } }
}

/** Whether this call asks only what would happen. */
export function isDryRun(tool: Tool, args: JsonObject): boolean {
  const { dryRun } = tool.input.roles
  return dryRun !== undefined && sentValue(dryRun, args) === true
}

/** Whether a person is asked before this tool acts: the tool's own word first, then the document's extension. */
export function needsConfirmation(
  operation: Operation,
  own: boolean | undefined,
  rule: SafetyRule | undefined,
): boolean {
  if (own !== undefined) return own
  if (!rule?.confirm || reads(operation)) return false
  const value = operation.source[rule.confirm.extension]
  return typeof value === 'string' && rule.confirm.values.includes(value)
}

/** Reports names in `safety` that no tool knows: a misspelt one would switch a safeguard off without a word. */
export function checkSafety(rule: SafetyRule, document: ApiDocument, tools: Tool[], report: Report): void {
  const names = (place: string) =>
    tools.flatMap(({ operation }) =>
      operation.parameters.filter((parameter) => parameter.in === place).map((parameter) => String(parameter.name)),
    )
  for (const [member, role, place] of [
    ['idempotencyHeader', 'key', 'header'],
    ['approvalHeader', 'approval', 'header'],
    ['dryRun', 'dryRun', 'query'],
  ] as const) {
    const name = rule[member]
    if (name === undefined || tools.some((tool) => tool.input.roles[role])) continue
    report(
      ['safety', member],
      `No tool that changes something has the ${place} parameter "${name}".${didYouMean(name, names(place))}`,
    )
  }
  if (rule.toolHeader !== undefined && isOwnHeader(rule.toolHeader))
    report(['safety', 'toolHeader'], `"${rule.toolHeader}" is a header of the connection.`)
  if (rule.untrusted !== undefined && !isUsed(document.root, rule.untrusted))
    report(['safety', 'untrusted'], `No schema of the document has the extension "${rule.untrusted}".`)
  if (rule.approvalTool === undefined) return
  if (!document.operations.has(rule.approvalTool)) {
    const hint = didYouMean(rule.approvalTool, document.operations.keys())
    report(['safety', 'approvalTool'], `The document has no operation "${rule.approvalTool}".${hint}`)
  } else if (!tools.some((tool) => tool.operation.id === rule.approvalTool)) {
    report(['safety', 'approvalTool'], `"${rule.approvalTool}" must be one of the tools.`)
  }
}
