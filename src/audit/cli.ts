import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Config, ConfigError, readConfig } from '../config.ts'
import { openForReading } from '../storage/reading.ts'
import { announcedKeys } from './find-seal.ts'
import { report } from './report.ts'
import { openSeals, sealFolders } from './seals.ts'
import { verifyTrail } from './verify.ts'
import type { SealFolder } from './verify-seals.ts'

const USAGE = `Usage: npm run audit -- verify [--seals FOLDER ...] [--pin FINGERPRINT ...] [--json]
       npm run audit -- keys [--seals FOLDER]
       npm run audit -- rotate-key

verify      computes the audit trail anew and holds it against the seals (of all replicas: --seals may be repeated)
keys        prints the fingerprints of the keys that signed the seals; the first one is for --pin
rotate-key  makes a new key for the seals, also while the service runs

Exit codes: 0 all is in order, 1 there are findings, 2 it could not be verified.`

const FINGERPRINT = /^[0-9a-f]{64}$/
const IN_USE =
  'To verify while the service runs, use a Postgres server, or read single entries with their proofs: ' +
  'GET /api/v1/audit-entries/{entryId}.'
const say = (text: string) => process.stdout.write(`${text}\n`)
const warn = (text: string) => process.stderr.write(`${text}\n`)

/** @returns the exit code @throws Error that says why nothing could be verified */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seals: { type: 'string', multiple: true },
      pin: { type: 'string', multiple: true },
      json: { type: 'boolean' },
    },
  })
  const [command, ...rest] = positionals
  if (rest.length > 0) throw new ConfigError(USAGE)
  const config = readConfig(process.env)
  if (command === 'verify')
    return verify(config, foldersOf(config, values.seals), values.pin ?? [], values.json ?? false)
  if (command === 'keys') return keys(foldersOf(config, values.seals))
  if (command === 'rotate-key') return rotate(config)
  throw new ConfigError(USAGE)
}

/** Only of its own seals a service remembers what it wrote last. */
function foldersOf(config: Config, named: string[] | undefined): SealFolder[] {
  const { folder: own, keysFolder } = sealFolders(config)
  return (named?.map((each) => resolve(each)) ?? [own]).map((folder) => ({
    folder,
    ...(folder === own && { keysFolder }),
  }))
}

async function verify(config: Config, folders: SealFolder[], pins: string[], json: boolean): Promise<number> {
  const wrong = pins.find((pin) => !FINGERPRINT.test(pin))
  if (wrong !== undefined) throw new ConfigError(`--pin wants 64 hexadecimal digits, not "${wrong}"\n\n${USAGE}`)
  const storage = await openForReading({ ...config, progress: warn }, IN_USE)
  try {
    const result = await verifyTrail(storage, folders, pins)
    say(json ? JSON.stringify(result, null, 2) : report(result))
    return result.ok ? 0 : 1
  } finally {
    await storage.close()
  }
}

async function keys(folders: SealFolder[]): Promise<number> {
  for (const { folder } of folders) {
    const announced = await announcedKeys(folder)
    if (announced.length === 0) throw new Error(`There are no seals in ${folder}.`)
    for (const [n, { keyId, at }] of announced.entries())
      say(`${keyId}  since ${at}${n === 0 ? '  (pin this one)' : ''}`)
  }
  return 0
}

async function rotate(config: Config): Promise<number> {
  const seals = await openSeals(sealFolders(config), ({ message }) => warn(message))
  say(`${await seals.rotate()}  signs from now on. The one to pin is still ${seals.fingerprint}.`)
  return 0
}

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: Error) => {
    warn(error.message)
    process.exitCode = 2
  },
)
