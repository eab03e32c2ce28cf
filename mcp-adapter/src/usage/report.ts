import { readFileSync } from 'node:fs'
import { compile } from '../checks/validation.ts'
import { ConfigError, messageOf } from '../errors.ts'
import type { Count, UsageLine } from './record.ts'

/** What became of a tool: its counts, none when nobody called it, and whether the list still has it. */
export interface ToolUsage extends Omit<Count, 'last'> {
  name: string
  last?: string
  listed: boolean
}

const count = { type: 'integer', minimum: 0 }
const isLine = compile({
  type: 'object',
  required: ['version', 'tools'],
  properties: {
    version: { const: 1 },
    tools: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['calls', 'errors', 'drift', 'last'],
        properties: { calls: count, errors: count, drift: count, last: { type: 'string', format: 'date-time' } },
      },
    },
  },
})

function parseLine(text: string): UsageLine | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isLine(value).length === 0 ? (value as UsageLine) : undefined
  } catch {
    return undefined
  }
}

/**
 * Adds up a usage file for the tools of a list, in its order; tools that the list has no more come after. Lines whose
 * last call of a tool was before `since` do not count for it. `unreadable` lines (one that a crash cut off) are left out.
 * Throws ConfigError when the file cannot be read, or none of its lines can.
 */
export function readUsage(
  file: string,
  listed: readonly string[],
  since?: Date,
): { tools: ToolUsage[]; unreadable: number } {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`Cannot read the usage file ${file}: ${messageOf(error)}`)
  }
  const usage = new Map<string, ToolUsage>(
    listed.map((name) => [name, { name, calls: 0, errors: 0, drift: 0, listed: true }]),
  )
  let [readable, unreadable] = [0, 0]
  for (const each of text.split('\n')) {
    if (each.trim() === '') continue
    const line = parseLine(each)
    if (line) readable += 1
    else unreadable += 1
    for (const [name, { calls, errors, drift, last }] of Object.entries(line?.tools ?? {})) {
      if (since && new Date(last) < since) continue
      const before = usage.get(name) ?? { name, calls: 0, errors: 0, drift: 0, listed: false }
      usage.set(name, {
        ...before,
        calls: before.calls + calls,
        errors: before.errors + errors,
        drift: before.drift + drift,
        last: before.last !== undefined && before.last > last ? before.last : last,
      })
    }
  }
  if (readable === 0 && unreadable > 0) throw new ConfigError(`${file} is not a usage file: none of its lines is one.`)
  return { tools: [...usage.values()], unreadable }
}
