import { join } from 'node:path'
import { ROOT } from '../root.ts'
import { openEmbedded } from './embedded.ts'
import type { Prisma } from './generated/client.ts'
import { PrismaClient } from './generated/client.ts'
import { joinPrisma } from './joined.ts'
import { migrationNames } from './migrate.ts'
import { openServer } from './server.ts'
import type { Sql } from './sql.ts'

export interface Storage {
  /** For reads; changes go through `transaction`. */
  db: PrismaClient
  /** For single statements on hot paths. */
  sql: Sql
  /** Runs several statements without parameters. @returns the rows of the last one */
  script(text: string): Promise<Record<string, unknown>[]>
  /** Runs the work in one transaction: all of it is kept, or nothing when it throws. */
  transaction<T>(work: (db: Prisma.TransactionClient, sql: Sql) => Promise<T>): Promise<T>
  /**
   * @returns whether the database has exactly the migrations that this version knows: another version may share it
   * @throws when the database does not answer
   */
  isMigrated(): Promise<boolean>
  close(): Promise<void>
}

export interface StorageOptions {
  /** A Postgres server; without it the embedded database in `dataDir` is used. */
  databaseUrl?: string | undefined
  dataDir: string
  /** Told before work that takes seconds. */
  progress: (message: string) => void
}

/** What a driver brings: Prisma's adapter, the same connections without Prisma, and how to let go of them. */
export interface Driver {
  adapter: ConstructorParameters<typeof PrismaClient>[0]['adapter'] & object
  sql: Sql
  script: Storage['script']
  /** Runs the work between BEGIN and COMMIT, or ROLLBACK where it throws. `connection` is what Prisma's adapter uses. */
  transaction<T>(work: (sql: Sql, connection: unknown) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export const MIGRATIONS = join(ROOT, 'prisma', 'migrations')

/** How long Prisma's part of a transaction may take. */
const TRANSACTION = { maxWait: 10_000, timeout: 15_000 }

/**
 * Opens the database and applies the migrations it lacks.
 * @throws FolderInUseError, or an Error that says why the database cannot be used
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { databaseUrl } = options
  return toStorage(databaseUrl ? await openServer(databaseUrl, options.progress) : await openEmbedded(options))
}

export function toStorage(driver: Driver): Storage {
  const db = new PrismaClient({
    adapter: driver.adapter,
    transactionOptions: TRANSACTION,
    // The longer formats quote the values of a query, which have no place in a log.
    errorFormat: 'minimal',
  })
  const known = migrationNames(MIGRATIONS)
  const end = async () => {
    await db.$disconnect()
    await driver.close()
  }
  let ended: Promise<void> | undefined
  return {
    db,
    sql: driver.sql,
    script: driver.script,
    transaction: (work) =>
      driver.transaction(async (sql, connection) => {
        const joined = joinPrisma(db, connection)
        let result: Awaited<ReturnType<typeof work>>
        try {
          result = await work(joined.db, sql)
        } catch (error) {
          await joined.leave().catch(() => {})
          throw error
        }
        await joined.leave()
        return result
      }),
    async isMigrated() {
      const rows = await db.$queryRaw<{ name: string }[]>`
        SELECT migration_name AS name FROM "_prisma_migrations" WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`
      return rows.length === known.length && known.every((name) => rows.some((row) => row.name === name))
    },
    close() {
      ended ??= end()
      return ended
    },
  }
}
