import { ConfigError } from '../errors.ts'
import { loadTools } from '../tools/catalog.ts'
import { readUsage, type ToolUsage } from '../usage/report.ts'
import { defineCommand } from './command.ts'
import { CONFIG, JSON_FLAG, USAGE, USAGE_ENVIRONMENT } from './flags.ts'
import { json, tell } from './io.ts'
import { columns, count, oneLine } from './text.ts'
import { given, nothingElse, readConfigFile, readUsageFile } from './values.ts'

interface UsageOptions {
  configFile: string
  usageFile: string
  since?: Date
  json: boolean
}

const HOURS: Record<string, number> = { h: 1, d: 24, w: 168 }

/** `30d`, `12h`, `4w` before now, or a date. Throws ConfigError. */
function readSince(value: string): Date {
  const [, number, unit] = /^(\d{1,5})([hdw])$/.exec(value) ?? []
  if (unit !== undefined) return new Date(Date.now() - Number(number) * (HOURS[unit] as number) * 3_600_000)
  const date = /^\d{4}-\d\d-\d\d/.test(value) ? new Date(value) : undefined
  if (date && !Number.isNaN(date.getTime())) return date
  throw new ConfigError(`--since takes 12h, 30d, 4w or a date (2026-01-31), not "${value}".`)
}

const row = ({ name, calls, errors, drift, last, listed }: ToolUsage) => [
  oneLine(name, 64),
  ...[calls, errors, drift].map(String),
  `${last ?? 'never'}${listed ? '' : ' (no longer a tool)'}`,
]

export const usage = defineCommand<UsageOptions>({
  name: 'usage',
  about: 'Tells how often each tool was called, how often that failed, when last, and which tools nobody called.',
  flags: {
    config: CONFIG,
    usage: { ...USAGE, about: 'the file that serve and stdio wrote' },
    since: { type: 'string', value: 'TIME', about: 'only calls since then: 12h, 30d, 4w, or a date' },
    json: JSON_FLAG,
  },
  environment: [USAGE_ENVIRONMENT],
  examples: ['usage --config tools.yaml --usage usage.jsonl --since 30d'],
  read(line, env) {
    nothingElse(line)
    const configFile = readConfigFile(line)
    const usageFile = readUsageFile(line, env)
    if (usageFile === undefined) throw new ConfigError('--usage is missing: the file that serve and stdio wrote.')
    const since = given(line.flags.since)
    return {
      configFile,
      usageFile,
      ...(since !== undefined && { since: readSince(since) }),
      json: line.flags.json === true,
    }
  },
  async run({ configFile, usageFile, since, json: asJson }, io) {
    const names = (await loadTools({ configFile })).tools.map(({ name }) => name)
    const { tools, unreadable } = readUsage(usageFile, names, since)
    const neverCalled = tools.filter(({ calls }) => calls === 0).map(({ name }) => name)
    if (unreadable > 0) io.error(`handrail-mcp: ${count(unreadable, 'line')} of ${usageFile} cannot be read\n`)
    if (asJson) {
      io.out(json({ ...(since && { since: since.toISOString() }), tools, neverCalled, unreadable }))
      return 0
    }
    const most = [...tools].sort((a, b) => b.calls - a.calls)
    tell(io, `${columns([['TOOL', 'CALLS', 'ERRORS', 'DRIFT', 'LAST'], ...most.map(row)])}\n`)
    tell(io, neverCalled.length === 0 ? 'Every tool was called.\n' : `Nobody called: ${neverCalled.join(', ')}\n`)
    return 0
  },
})
