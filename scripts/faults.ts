// npm run faults: kills the service at random moments under load and looks whether anything was lost or done twice.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { emptyDatabase, serverRuns } from '../bench/support/server.ts'
import { fillShop } from '../bench/support/shop.ts'
import { randomNumbers } from '../src/random.ts'
import { ROOT } from '../src/root.ts'
import { openStorage } from '../src/storage/storage.ts'
import { countOf } from './support/arguments.ts'
import { inspect } from './support/fault-checks.ts'
import { createClients } from './support/fault-clients.ts'
import { startProcess } from './support/running-service.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '300' }, seed: { type: 'string', default: String(Date.now() % 1e6) } },
})
/** All rounds together; half of them on each database, all on the embedded one where there is no server. */
const ROUNDS = countOf('rounds', values.rounds)
/** The longest that a round lasts after the service is up, in milliseconds. */
const LONGEST_MS = 1500
const PEPPER = 'a secret for the faults, 32 characters'

// A run can be repeated with its seed, as far as the timing of processes allows.
const random = randomNumbers(Number(values.seed))

async function run(name: string, databaseUrl: string | undefined, rounds: number): Promise<boolean> {
  const dataDir = mkdtempSync(join(tmpdir(), 'handrail-faults-'))
  const env = {
    HANDRAIL_KEY_SECRET: PEPPER,
    HANDRAIL_DEMO: 'false',
    HANDRAIL_REQUESTS_PER_MINUTE: '100000000',
    HANDRAIL_QUOTA_PER_MINUTE: '100000000',
    HANDRAIL_AGENT_QUOTA_PER_MINUTE: '100000000',
    HANDRAIL_CONCURRENT_PER_CALLER: '1000',
    LOG_LEVEL: 'error',
    ...(databaseUrl && { DATABASE_URL: databaseUrl }),
  }
  const open = () => openStorage({ databaseUrl, dataDir, progress: () => {} })
  const before = await open()
  const { customer, support } = await fillShop(before, PEPPER)
  await before.close()

  const clients = createClients({ customer, support }, random)
  const started = performance.now()
  for (let round = 1; round <= rounds; round++) {
    const service = await startProcess(dataDir, env)
    clients.serveAt(service.api)
    await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_MS))
    clients.serveAt(undefined)
    await service.stop('SIGKILL')
    if (round % 25 === 0) console.log(`${name}: ${round} rounds, ${clients.summary()}`)
  }
  // The last start serves what is still being repeated, and ends as it should.
  const service = await startProcess(dataDir, env)
  clients.serveAt(service.api)
  await clients.finish()
  await service.stop()

  const after = await open()
  const findings = await inspect(after, clients.accepted())
  await after.close()
  const { status, stdout } = verifyTrail({ ...env, HANDRAIL_DATA_DIR: dataDir })
  console.log(
    `\n${name}: ${rounds} kills in ${Math.round((performance.now() - started) / 1000)} s, ${clients.summary()}`,
  )
  for (const [label, count] of findings.counts) console.log(`  ${label.padEnd(46)}${String(count).padStart(8)}`)
  console.log(`  the trail: ${status === 0 ? 'verified' : `NOT verified (exit ${status})`}`)
  if (status !== 0) console.log(stdout)
  for (const wrong of findings.wrong) console.log(`  WRONG: ${wrong}`)
  rmSync(dataDir, { recursive: true, force: true })
  return findings.wrong.length === 0 && status === 0
}

function verifyTrail(env: Record<string, string>) {
  const command = [join(ROOT, 'dist', 'src', 'audit', 'cli.js'), 'verify']
  return spawnSync(process.execPath, command, { env: { PATH: process.env.PATH ?? '', ...env }, encoding: 'utf8' })
}

console.log(`seed ${values.seed}`)
const postgres = await serverRuns()
const results = [await run('Embedded (PGlite)', undefined, postgres ? Math.ceil(ROUNDS / 2) : ROUNDS)]
if (postgres) {
  const { databaseUrl, drop } = await emptyDatabase()
  results.push(await run('Postgres', databaseUrl, Math.floor(ROUNDS / 2)))
  await drop()
} else console.log('Postgres: skipped, no server (TEST_DATABASE_URL)')
process.exitCode = results.every(Boolean) ? 0 : 1
