import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { migrate } from './migrate.ts'
import { type Driver, MIGRATIONS } from './storage.ts'

/** The lock that `prisma migrate` takes, so that replicas and that tool wait for each other. */
const MIGRATION_LOCK = 72707369
const CONNECT_MS = 5_000
const CONNECTIONS = 16

/** Opens a Postgres server. @throws Error that names DATABASE_URL's host, never its password */
export async function openServer(url: string, progress: (message: string) => void): Promise<Driver> {
  // Prisma's adapters exchange times without a zone, so every session must be in UTC.
  const config = { connectionString: url, options: '-c TimeZone=UTC', connectionTimeoutMillis: CONNECT_MS }
  await migrateServer(config, progress)
  const pool = new pg.Pool({ ...config, max: CONNECTIONS })
  // A server that ends an idle connection must not end this process; the next query opens another one.
  pool.on('error', () => {})
  return {
    adapter: new PrismaPg(pool),
    close: () => pool.end(),
  }
}

async function migrateServer(config: pg.ClientConfig, progress: (message: string) => void): Promise<void> {
  const client = new pg.Client(config)
  try {
    await client.connect()
  } catch (error) {
    throw new Error(`Cannot reach the database at ${client.host}:${client.port} (DATABASE_URL): ${reason(error)}`)
  }
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
    const done = await migrate(
      {
        script: (sql) => client.query(sql),
        rows: async <Row>(sql: string, values: unknown[]) => (await client.query(sql, values)).rows as Row[],
      },
      MIGRATIONS,
    )
    if (done.length > 0) progress(`Applied ${done.length} migration(s).`)
  } finally {
    await client.end()
  }
}

/** A refused connection to a name with several addresses has its messages in `errors`. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map((each: Error) => each.message).join('; ')
  return (error as Error).message
}
