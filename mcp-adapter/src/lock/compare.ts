import { canonical } from './canonical.ts'
import type { Change, Effect } from './change.ts'
import { compareSchemas } from './compare-schemas.ts'
import type { Lock, LockedTool } from './lock.ts'

function changed(field: string, effect: Effect, before: unknown, after: unknown, message: string): Change[] {
  return canonical(before) === canonical(after) ? [] : [{ field, effect, message, before, after }]
}

function compareScopes(before: string[], after: string[]): Change[] {
  const isMore = after.some((scope) => !before.includes(scope))
  return changed('scopes', isMore ? 'breaking' : 'compatible', before, after, 'needs other scopes')
}

function compareOutput({ outputSchema: before }: LockedTool, { outputSchema: after }: LockedTool): Change[] {
  if (before && after) return compareSchemas('output', before, after, 'outputSchema')
  const effect = before ? 'breaking' : 'compatible'
  return changed('outputSchema', effect, before !== undefined, after !== undefined, after ? 'is new' : 'is gone')
}

/** A hint in either direction moves what hosts ask people about; a question that is gone is a guard that is gone. */
function compareTool(before: LockedTool, after: LockedTool): Change[] {
  const hints = new Set([...Object.keys(before.hints), ...Object.keys(after.hints)])
  return [
    ...changed('backend', 'breaking', before.backend, after.backend, 'belongs to another API'),
    ...changed('request', 'breaking', before.request, after.request, 'stands for another request'),
    ...changed('operation', 'compatible', before.operation, after.operation, 'has another operationId'),
    ...changed('title', 'wording', before.title, after.title, 'has another title'),
    ...changed('description', 'wording', before.description, after.description, 'has another description'),
    ...compareSchemas('input', before.inputSchema, after.inputSchema, 'inputSchema'),
    ...compareOutput(before, after),
    ...[...hints].flatMap((hint) =>
      changed(`hints.${hint}`, 'breaking', before.hints[hint], after.hints[hint], `${hint} changed`),
    ),
    ...changed(
      'confirm',
      'breaking',
      before.confirm,
      after.confirm,
      after.confirm ? 'asks a person now' : 'asks no person any more',
    ),
    ...compareScopes(before.scopes, after.scopes),
  ]
}

/** Every difference between what was reviewed and what is, by tool. A renamed tool is told as that. */
export function compareLocks(before: Lock, after: Lock): Change[] {
  const gone = Object.keys(before.tools).filter((name) => !Object.hasOwn(after.tools, name))
  const come = new Set(Object.keys(after.tools).filter((name) => !Object.hasOwn(before.tools, name)))
  const renamed = new Map<string, string>()
  for (const name of gone) {
    const to = [...come].find((other) => after.tools[other]?.request === before.tools[name]?.request)
    if (to === undefined) continue
    renamed.set(name, to)
    come.delete(to)
  }
  const tools = Object.entries(before.tools).flatMap(([tool, entry]): Change[] => {
    const name = renamed.get(tool) ?? tool
    const now = Object.hasOwn(after.tools, name) ? after.tools[name] : undefined
    if (!now) return [{ tool, field: 'tool', effect: 'breaking', message: 'is gone' }]
    const change: Change = {
      tool,
      field: 'name',
      effect: 'breaking',
      message: `is called ${name} now`,
      before: tool,
      after: name,
    }
    return [...(name === tool ? [] : [change]), ...compareTool(entry, now).map((each) => ({ tool, ...each }))]
  })
  return [
    ...changed('instructions', 'wording', before.instructions, after.instructions, 'the instructions changed'),
    ...tools,
    ...[...come].map((tool): Change => ({ tool, field: 'tool', effect: 'compatible', message: 'is new' })),
  ]
}
