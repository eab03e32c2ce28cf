import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The little that migrations need of a connection; a script may hold several statements. */
export interface Connection {
  script(sql: string): Promise<unknown>
  rows<Row>(sql: string, values: unknown[]): Promise<Row[]>
}

interface Applied {
  migration_name: string
  checksum: string
  finished_at: Date | null
}

/** The table that `prisma migrate deploy` keeps, so that either of the two can go on where the other stopped. */
const TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`

/**
 * Applies the migrations that the database lacks, in the order of their names, each with its record in one
 * transaction.
 * @param folder prisma/migrations
 * @returns the names of the migrations that were applied
 * @throws Error when an applied migration was changed, failed, or is unknown here: the schema is not what the code expects
 */
export async function migrate(connection: Connection, folder: string): Promise<string[]> {
  await connection.script(TABLE)
  const wanted = readMigrations(folder)
  const applied = await connection.rows<Applied>(
    'SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL',
    [],
  )
  checkHistory(wanted, applied)
  const done = new Set(applied.map((row) => row.migration_name))
  const missing = wanted.filter(({ name }) => !done.has(name))
  for (const { name, sql, checksum } of missing) {
    await connection.script('BEGIN')
    try {
      await connection.script(sql)
      await connection.rows(
        `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, finished_at, applied_steps_count)
         VALUES ($1, $2, $3, now(), 1) RETURNING id`,
        [randomUUID(), checksum, name],
      )
      await connection.script('COMMIT')
    } catch (error) {
      await connection.script('ROLLBACK')
      throw new Error(`Migration ${name} failed; nothing of it was kept: ${(error as Error).message}`, { cause: error })
    }
  }
  return missing.map(({ name }) => name)
}

interface Migration {
  name: string
  sql: string
  checksum: string
}

/** The names of the migrations in a folder, in their order. */
export const migrationNames = (folder: string) => readMigrations(folder).map(({ name }) => name)

function readMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'migration.sql')))
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
}

function checkHistory(wanted: Migration[], applied: Applied[]): void {
  for (const row of applied) {
    const known = wanted.find(({ name }) => name === row.migration_name)
    if (!row.finished_at) throw new Error(`Migration ${row.migration_name} failed before; see prisma migrate resolve.`)
    if (!known) throw new Error(`The database has migration ${row.migration_name}, which this version does not know.`)
    if (known.checksum !== row.checksum) {
      throw new Error(`Migration ${row.migration_name} was changed after it was applied. Add a new migration instead.`)
    }
  }
}
