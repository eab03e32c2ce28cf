import { createHash, randomUUID } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PGliteOptions } from '@electric-sql/pglite'
import pg from 'pg'
import type { Test } from 'tap'
import { ROOT } from '../../src/root.ts'
import { openPGlite } from '../../src/storage/embedded.ts'
import { openServer } from '../../src/storage/server.ts'
import { MIGRATIONS, type Storage, toStorage } from '../../src/storage/storage.ts'
import { createQueue } from '../../src/work/queue.ts'

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

let found: Promise<boolean> | undefined

/**
 * What does not depend on the database is tested on a server where one runs, since starting an embedded one takes more
 * processor time than most tests; what does depend on it is tested on each (onEachDatabase).
 */
export async function quickest(): Promise<DatabaseKind> {
  found ??= serverRuns()
  return (await found) ? 'postgres' : 'embedded'
}

/** Runs a test on the database that is the quickest to have. */
export async function onQuickest(t: Test, name: string, run: (t: Test, kind: DatabaseKind) => Promise<void>) {
  await t.test(name, async (each) => run(each, await quickest()))
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
  await onServer(async (client) => {
    await client.query(`CREATE DATABASE ${name}`)
    // Nobody misses a test's database after a power cut.
    await client.query(`ALTER DATABASE ${name} SET synchronous_commit TO off`)
  })
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

/** What tests make once and copy. */
export const CACHE = join(ROOT, 'node_modules', '.cache', 'handrail')

/** Names the schema of the database. */
export function migrationsHash(): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(MIGRATIONS).sort()) {
    const file = join(MIGRATIONS, name, 'migration.sql')
    if (existsSync(file)) hash.update(readFileSync(file))
  }
  return hash.digest('hex').slice(0, 16)
}

/** Creating a PGlite database takes seconds; copying a migrated one does not. */
async function openFromTemplate(): Promise<Storage> {
  const template = join(CACHE, `template-${migrationsHash()}`)
  if (!existsSync(template)) await makeTemplate(template)
  const dataDir = mkdtempSync(join(tmpdir(), 'handrail-test-'))
  cpSync(template, dataDir, { recursive: true })
  const driver = await openPGlite({ dataDir, ...(await compiled()) })
  return toStorage({
    ...driver,
    async close() {
      await driver.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  })
}

let program: Promise<Pick<PGliteOptions, 'pgliteWasmModule' | 'fsBundle'>> | undefined
/** Node has it; the types of Node do not. */
const { WebAssembly } = globalThis as unknown as { WebAssembly: { compile(bytes: Uint8Array): Promise<never> } }

/** Compiling PGlite takes longer than opening a database: a test file does it once. */
function compiled() {
  const folder = dirname(fileURLToPath(import.meta.resolve('@electric-sql/pglite')))
  program ??= WebAssembly.compile(readFileSync(join(folder, 'pglite.wasm'))).then((pgliteWasmModule) => ({
    pgliteWasmModule,
    fsBundle: new Blob([readFileSync(join(folder, 'pglite.data'))]),
  }))
  return program
}

/** Two files may make it at once: each makes its own, and the first one stays. */
async function makeTemplate(path: string): Promise<void> {
  const aside = `${path}.${process.pid}`
  mkdirSync(CACHE, { recursive: true })
  const driver = await openPGlite({ dataDir: aside })
  const queue = createQueue(driver, { report: () => {} })
  await queue.prepare()
  await queue.close()
  await driver.close()
  try {
    renameSync(aside, path)
  } catch (error) {
    if (!existsSync(path)) throw error
    rmSync(aside, { recursive: true })
  }
}
