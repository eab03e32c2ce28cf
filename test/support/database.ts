import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Test } from 'tap'
import { ROOT } from '../../src/root.ts'
import { openPGlite } from '../../src/storage/embedded.ts'
import { openServer } from '../../src/storage/server.ts'
import { MIGRATIONS, type Storage, toStorage } from '../../src/storage/storage.ts'

export type DatabaseKind = 'embedded' | 'postgres'

/** A Postgres server to test with, where one runs; each test makes and drops a database of its own. */
const SERVER = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

/** @returns an empty, migrated database that ends with the test */
export async function openTestStorage(t: Test, kind: DatabaseKind = 'embedded'): Promise<Storage> {
  const storage =
    kind === 'embedded' ? await openFromTemplate() : toStorage(await openServer(await makeDatabase(t), () => {}))
  t.teardown(() => storage.close())
  return storage
}

/** Runs a test on the embedded database, and on a Postgres server where one is found. */
export async function onEachDatabase(t: Test, name: string, run: (t: Test, kind: DatabaseKind) => Promise<void>) {
  await t.test(`${name} (embedded)`, (each) => run(each, 'embedded'))
  const skip = (await serverRuns()) ? false : 'skipped: no Postgres server (TEST_DATABASE_URL)'
  await t.test(`${name} (postgres)`, { skip }, (each) => run(each, 'postgres'))
}

export async function serverRuns(): Promise<boolean> {
  const client = new pg.Client({ connectionString: SERVER, connectionTimeoutMillis: 2000 })
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}

/** @returns the URL of a new, empty database on the server */
export async function makeDatabase(t: Test): Promise<string> {
  const name = `handrail_test_${randomUUID().replaceAll('-', '')}`
  await onServer((client) => client.query(`CREATE DATABASE ${name}`))
  t.teardown(() => onServer((client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`)))
  const url = new URL(SERVER)
  url.pathname = `/${name}`
  return url.href
}

async function onServer(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: SERVER })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

const CACHE = join(ROOT, 'node_modules', '.cache', 'handrail')

/** Creating a PGlite database takes seconds; loading a dump of a migrated one does not. */
async function openFromTemplate(): Promise<Storage> {
  const hash = createHash('sha256')
  for (const name of readdirSync(MIGRATIONS).sort()) {
    const file = join(MIGRATIONS, name, 'migration.sql')
    if (existsSync(file)) hash.update(readFileSync(file))
  }
  const template = join(CACHE, `template-${hash.digest('hex').slice(0, 16)}.tar`)
  if (!existsSync(template)) await makeTemplate(template)
  return toStorage(await openPGlite({ loadDataDir: new Blob([readFileSync(template)]) }))
}

async function makeTemplate(path: string): Promise<void> {
  const { pglite } = await openPGlite({})
  const dump = await pglite.dumpDataDir('none')
  await pglite.close()
  mkdirSync(CACHE, { recursive: true })
  writeFileSync(`${path}.${process.pid}`, Buffer.from(await dump.arrayBuffer()))
  renameSync(`${path}.${process.pid}`, path)
}
