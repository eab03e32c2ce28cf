import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { joinable } from './joined.ts'
import { lockFolder } from './lock.ts'
import { migrate } from './migrate.ts'
import { sqlOfPGlite } from './sql.ts'
import { type Driver, MIGRATIONS, type StorageOptions } from './storage.ts'

/** Opens Postgres as a library (PGlite) in a folder of its own. */
export async function openEmbedded({ dataDir, progress }: StorageOptions): Promise<Driver> {
  const unlock = await lockFolder(dataDir)
  try {
    const folder = join(dataDir, 'postgres')
    if (!existsSync(folder)) {
      progress(`Creating an embedded database in ${folder} (some seconds, once) ...`)
      await create(folder)
    }
    const driver = await openPGlite({ dataDir: folder })
    return {
      ...driver,
      async close() {
        await driver.close()
        await unlock()
      },
    }
  } catch (error) {
    await unlock()
    throw error
  }
}

/** Makes the database aside and gives it its name when it is whole, so that a start that is cut off leaves none. */
async function create(folder: string): Promise<void> {
  const aside = `${folder}.new`
  rmSync(aside, { recursive: true, force: true })
  await (await PGlite.create({ dataDir: aside })).close()
  renameSync(aside, folder)
}

/** Opens PGlite with the options given and applies the migrations it lacks. */
export async function openPGlite(options: PGliteOptions): Promise<Driver & { pglite: PGlite }> {
  const pglite = await PGlite.create(options)
  // Prisma's adapters exchange times without a zone, so the session must be in UTC.
  await pglite.exec("SET TIME ZONE 'UTC'")
  await migrate(
    {
      script: (sql) => pglite.exec(sql),
      rows: async <Row>(sql: string, values: unknown[]) => (await pglite.query<Row>(sql, values)).rows,
    },
    MIGRATIONS,
  )
  return {
    adapter: joinable(new PrismaPGlite(pglite)),
    sql: sqlOfPGlite(pglite),
    script: async (text) => (await pglite.exec(text)).at(-1)?.rows ?? [],
    transaction: (work) => pglite.transaction((tx) => work(sqlOfPGlite(tx), tx)),
    pglite,
    close: () => pglite.close(),
  }
}
