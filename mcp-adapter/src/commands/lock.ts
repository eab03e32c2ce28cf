import { dirname, join } from 'node:path'
import { createLock, type Lock, writeLock } from '../lock/lock.ts'
import { loadTools } from '../tools/catalog.ts'
import { defineCommand, type Given } from './command.ts'
import { CONFIG, JSON_FLAG, LOCK } from './flags.ts'
import { json, tell } from './io.ts'
import { count } from './text.ts'
import { given, nothingElse, readConfigFile, writeResult } from './values.ts'

/** The lock file that belongs to a curation file: `tools.yaml` has `tools.lock.yaml`. */
export function readLockFile({ flags }: Given, configFile: string): string {
  const name =
    configFile
      .split('/')
      .at(-1)
      ?.replace(/\.ya?ml$/i, '') ?? 'tools'
  return given(flags.lock) ?? join(dirname(configFile), `${name}.lock.yaml`)
}

/** What agents see of a curation file now. Throws ConfigError. */
export async function loadLock(configFile: string): Promise<Lock> {
  const { tools, server } = await loadTools({ configFile })
  return createLock(tools, server.instructions)
}

export const lockCommand = defineCommand<{ configFile: string; lockFile: string; json: boolean }>({
  name: 'lock',
  about: 'Writes what agents see of every tool into a lock file, to be reviewed and committed.',
  flags: { config: CONFIG, lock: LOCK, json: JSON_FLAG },
  examples: ['lock --config tools.yaml'],
  read(line) {
    nothingElse(line)
    const configFile = readConfigFile(line)
    return { configFile, lockFile: readLockFile(line, configFile), json: line.flags.json === true }
  },
  async run({ configFile, lockFile, json: asJson }, io) {
    const lock = await loadLock(configFile)
    writeResult(lockFile, writeLock(lock))
    const tools = Object.keys(lock.tools)
    if (asJson) io.out(json({ file: lockFile, tools }))
    else tell(io, `${lockFile}: ${count(tools.length, 'tool')}\n`)
    return 0
  },
})
