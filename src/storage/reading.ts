import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from './server.ts'
import { openStorage, type Storage, type StorageOptions, toStorage } from './storage.ts'

/**
 * Opens the database for a command that looks at what there is: nothing is made or migrated.
 * @param otherwise what to do where the embedded database is in use by the service
 * @throws Error that says why the database cannot be read
 */
export async function openForReading(options: StorageOptions, otherwise: string): Promise<Storage> {
  const { databaseUrl, dataDir } = options
  if (databaseUrl === undefined && !existsSync(join(dataDir, 'postgres'))) {
    throw new Error(
      `There is no database in ${dataDir}. Name another folder with HANDRAIL_DATA_DIR, or a server with DATABASE_URL.`,
    )
  }
  const storage =
    databaseUrl === undefined
      ? await openStorage(options).catch((error: Error) => {
          throw new Error(`${error.message}\n${otherwise}`)
        })
      : toStorage(connect(databaseUrl))
  try {
    if (await storage.isMigrated()) return storage
  } catch (error) {
    await storage.close()
    throw new Error(`The database does not answer: ${(error as Error).message}`)
  }
  await storage.close()
  throw new Error('The database is not the one of this version.')
}
