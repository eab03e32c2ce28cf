import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { joinable } from './joined.ts'
import { migrate } from './migrate.ts'
import { sqlOfPg, statementName } from './sql.ts'
import { type Driver, MIGRATIONS } from './storage.ts'

/** The lock that `prisma migrate` takes, so that replicas and that tool wait for each other. */
const MIGRATION_LOCK = 72707369
const CONNECT_MS = 5_000
const CONNECTIONS = 16
/** Whoever waits longer is told to come back: a lock that somebody forgot must not hold every connection. */
const PATIENCE = { lock_timeout: 5000, statement_timeout: 20_000, idle_in_transaction_session_timeout: 30_000 }

/** Opens a Postgres server. @throws Error that names DATABASE_URL's host, never its password */
export async function openServer(url: string, progress: (message: string) => void): Promise<Driver> {
  await migrateServer(configOf(url), progress)
  return connect(url)
}

// Prisma's adapters exchange times without a zone, so every session must be in UTC.
const configOf = (url: string): pg.ClientConfig => ({
  connectionString: url,
  options: '-c TimeZone=UTC',
  connectionTimeoutMillis: CONNECT_MS,
})

/** A driver for a server that is migrated already. Nothing is connected until the first query. */
export function connect(url: string): Driver {
  const pool = new pg.Pool({ ...configOf(url), ...PATIENCE, max: CONNECTIONS })
  // A server that ends an idle connection must not end this process; the next query opens another one.
  pool.on('error', () => {})
  return {
    adapter: joinable(new PrismaPg(pool, { statementNameGenerator: ({ sql }) => statementName(sql) })),
    sql: sqlOfPg(pool),
    script: async (text) => {
      const results = [await pool.query(text)].flat()
      return results.at(-1)?.rows ?? []
    },
    transaction: (work) => inTransaction(pool, work),
    close: () => pool.end(),
  }
}

async function inTransaction<T>(pool: pg.Pool, work: Parameters<Driver['transaction']>[0]): Promise<T> {
  const client = await pool.connect()
  // An error of the connection reaches whoever waits for a query; without a listener it would end the process.
  const ignore = () => {}
  client.on('error', ignore)
  let broken: Error | undefined
  try {
    await client.query('BEGIN')
    const result = await work(sqlOfPg(client), client)
    // A transaction in which a statement failed ends here without an error, and without having been kept.
    if ((await client.query('COMMIT')).command !== 'COMMIT') throw new Error('The transaction was not kept.')
    return result as T
  } catch (error) {
    await client.query('ROLLBACK').catch((lost: Error) => {
      broken = lost
    })
    throw error
  } finally {
    client.removeListener('error', ignore)
    client.release(broken)
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
