import { ConfigError } from '../errors.ts'
import type { Change, Effect } from '../lock/change.ts'
import { compareLocks } from '../lock/compare.ts'
import { readLock } from '../lock/lock.ts'
import { didYouMean } from '../nearest.ts'
import { defineCommand } from './command.ts'
import { CONFIG, JSON_FLAG, LOCK } from './flags.ts'
import { json, tell } from './io.ts'
import { loadLock, readLockFile } from './lock.ts'
import { count, oneLine } from './text.ts'
import { given, list, nothingElse, readConfigFile } from './values.ts'

const ALLOWED = ['compatible', 'wording'] as const
const LONGEST_VALUE = 2000

interface CheckOptions {
  configFile: string
  lockFile: string
  allowed: Effect[]
  json: boolean
}

function readAllowed(value: string | undefined): Effect[] {
  return list(value).map((name) => {
    const known = ALLOWED.find((each) => each === name)
    if (known) return known
    throw new ConfigError(`--allow takes ${ALLOWED.join(' and ')}, not "${name}".${didYouMean(name, ALLOWED)}`)
  })
}

const shown = (value: unknown) => oneLine(typeof value === 'string' ? value : JSON.stringify(value), LONGEST_VALUE)

function asText({ field, effect, message, before, after }: Change): string {
  const lines = [
    `  ${effect.padEnd(10)}  ${oneLine(`${field}: ${message}`, 300)}`,
    ...(before === undefined ? [] : [`    - ${shown(before)}`]),
    ...(after === undefined ? [] : [`    + ${shown(after)}`]),
  ]
  return `${lines.join('\n')}\n`
}

export const check = defineCommand<CheckOptions>({
  name: 'check',
  about:
    'Compares what agents see now with the lock file. Every difference is told by tool and field, as breaking, wording ' +
    'or compatible. Exit code 1 when there is any that is not allowed.',
  flags: {
    config: CONFIG,
    lock: LOCK,
    allow: {
      type: 'string',
      value: 'EFFECTS',
      about: 'differences that do not fail: compatible, or compatible,wording',
    },
    json: JSON_FLAG,
  },
  examples: ['check --config tools.yaml', 'check --config tools.yaml --allow compatible --json'],
  read(line) {
    nothingElse(line)
    const configFile = readConfigFile(line)
    const allowed = readAllowed(given(line.flags.allow))
    return { configFile, lockFile: readLockFile(line, configFile), allowed, json: line.flags.json === true }
  },
  async run({ configFile, lockFile, allowed, json: asJson }, io) {
    const before = readLock(lockFile)
    const changes = compareLocks(before, await loadLock(configFile))
    const failed = changes.some(({ effect }) => !allowed.includes(effect))
    const of = (effect: Effect) => changes.filter((change) => change.effect === effect).length
    if (asJson) {
      io.out(json({ failed, breaking: of('breaking'), wording: of('wording'), compatible: of('compatible'), changes }))
      return failed ? 1 : 0
    }
    const names = new Set(changes.map(({ tool }) => tool))
    for (const name of names) {
      tell(io, `${name ?? 'the server'}\n`)
      for (const change of changes) if (change.tool === name) tell(io, asText(change))
    }
    const told =
      changes.length === 0
        ? 'no difference'
        : `${of('breaking')} breaking, ${of('wording')} wording, ${of('compatible')} compatible`
    tell(io, `${count(Object.keys(before.tools).length, 'locked tool')}: ${told}\n`)
    return failed ? 1 : 0
  },
})
