import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { build } from '../../../scripts/support/running-service.ts'
import { createSealer } from '../../../src/audit/sealer.ts'
import { openSeals, sealFolders } from '../../../src/audit/seals.ts'
import { ROOT } from '../../../src/root.ts'
import { openServer } from '../../../src/storage/server.ts'
import { openStorage, type Storage, toStorage } from '../../../src/storage/storage.ts'
import { makeDatabase, serverRuns } from '../../support/database.ts'
import { tamper, writeEntries } from '../../support/trail.ts'

interface Ended {
  code: number
  out: string
  err: string
}

async function audit(env: Record<string, string>, ...args: string[]): Promise<Ended> {
  build()
  const cli = join(ROOT, 'dist', 'src', 'audit', 'cli.js')
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', ...env },
  })
  const ended: Ended = { code: -1, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ended.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ended.err += text
  })
  const [code] = await once(child, 'close')
  return { ...ended, code }
}

const fail = (error: unknown) => t.fail('failed', { error })

/** Writes and seals as the service would. @returns the fingerprint to pin */
async function fill(storage: Storage, dataDir: string): Promise<string> {
  const seals = await openSeals(sealFolders({ dataDir, sealsDir: join(dataDir, 'seals') }), fail)
  await writeEntries(storage, 5)
  await createSealer(storage, seals, { report: fail }).close()
  return seals.fingerprint
}

async function verifies(
  t: Test,
  storage: Storage,
  env: Record<string, string>,
  dataDir: string,
  during: () => Promise<void>,
) {
  const pin = await fill(storage, dataDir)
  await during()
  const good = await audit(env, 'verify', '--pin', pin)
  t.match(good, {
    code: 0,
    out: /in order[\s\S]*5 entries, 5 of them in the chain[\s\S]*position 5\.[\s\S]*Not sealed yet: 0/,
  })
  t.match(await audit(env, 'keys'), { code: 0, out: pin })
  const rotated = await audit(env, 'rotate-key')
  t.match(rotated, { code: 0, out: `still ${pin}` })
  const { out } = await audit(env, 'verify', '--pin', pin, '--json')
  t.match(JSON.parse(out), { ok: true, findings: [], folders: [{ firstKey: pin, seals: 1 }] })
  const other = await audit(env, 'verify', '--pin', 'a'.repeat(64))
  t.match(other, { code: 1, out: /NOT IN ORDER: key-not-pinned/ })
  t.match(await audit(env, 'verify', '--seals', join(dataDir, 'none')), { code: 1, out: /There are no seals/ })
}

t.test('the command verifies the embedded database, unless a service has it', async (t) => {
  const dataDir = t.testdir()
  const env = { HANDRAIL_DATA_DIR: dataDir }
  t.match(await audit(env, 'verify'), { code: 2, err: /There is no database in .*HANDRAIL_DATA_DIR/ })
  const storage = await openStorage({ dataDir, progress: () => {} })
  await verifies(t, storage, env, dataDir, async () => {
    t.match(await audit(env, 'verify'), { code: 2, err: /Another process uses the data folder[\s\S]*audit-entries/ })
    await storage.close()
  })
})

t.test(
  'the command verifies a Postgres server',
  { skip: (await serverRuns()) ? false : 'skipped: no Postgres server' },
  async (t) => {
    const url = await makeDatabase(t)
    const dataDir = t.testdir()
    const env = { HANDRAIL_DATA_DIR: dataDir, DATABASE_URL: url }
    t.match(await audit(env, 'verify'), { code: 2, err: /database/ }, 'nothing is migrated by whoever only looks')
    const storage = toStorage(await openServer(url, () => {}))
    await verifies(t, storage, env, dataDir, async () => {})
    await tamper(
      storage,
      `UPDATE audit_entries SET status = 200 WHERE id = (SELECT entry_id FROM audit_links WHERE position = 2)`,
    )
    await storage.close()
    t.match(await audit(env, 'verify'), {
      code: 1,
      out: /^NOT IN ORDER: entry-changed: The entry [0-9a-f-]+ at position 2 /,
    })
  },
)

t.test('what is no command is told with those that are', async (t) => {
  for (const args of [[], ['seal'], ['verify', 'all'], ['verify', '--pin', 'x']]) {
    t.match(await audit({}, ...args), { code: 2, err: /Usage: npm run audit -- verify/, out: '' })
  }
  t.match(await audit({}, 'verify', '--colour'), { code: 2, err: /--colour/ })
  t.match(await audit({ PORT: 'x' }, 'verify'), { code: 2, err: /PORT/ })
})
