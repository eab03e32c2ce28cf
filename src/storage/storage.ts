import { join } from 'node:path'
import { ROOT } from '../root.ts'
import { openEmbedded } from './embedded.ts'
import type { Prisma } from './generated/client.ts'
import { PrismaClient } from './generated/client.ts'
import { migrationNames } from './migrate.ts'
import { openServer } from './server.ts'

export interface Storage {
  /** For reads; changes go through `transaction`. */
  db: PrismaClient
  /** Runs the work in one transaction: all of it is kept, or nothing when it throws. */
  transaction<T>(work: (db: Prisma.TransactionClient) => Promise<T>): Promise<T>
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

/** What a driver brings: Prisma's adapter, and how to let go of the connection. */
export interface Driver {
  adapter: ConstructorParameters<typeof PrismaClient>[0]['adapter'] & object
  close(): Promise<void>
}

export const MIGRATIONS = join(ROOT, 'prisma', 'migrations')

/** A burst of changes waits in line for its transaction; beyond this it is told to come back (`unavailable`). */
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
    transaction: (work) => db.$transaction(work),
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
