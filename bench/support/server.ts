import { randomUUID } from 'node:crypto'
import pg from 'pg'

/** A Postgres server to measure with, where one runs; each run makes and drops databases of its own. */
export const SERVER = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

export async function serverRuns(): Promise<boolean> {
  try {
    await onServer('SELECT 1')
    return true
  } catch {
    return false
  }
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: SERVER, connectionTimeoutMillis: 2000 })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A new, empty database on the server. */
export async function emptyDatabase(): Promise<{ databaseUrl: string; drop: () => Promise<void> }> {
  const name = `handrail_bench_${randomUUID().replaceAll('-', '')}`
  await onServer(`CREATE DATABASE ${name}`)
  const url = new URL(SERVER)
  url.pathname = `/${name}`
  return { databaseUrl: url.href, drop: () => onServer(`DROP DATABASE ${name} WITH (FORCE)`) }
}
