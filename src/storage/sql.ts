import { createHash } from 'node:crypto'
import type { PGlite, Transaction } from '@electric-sql/pglite'
import type pg from 'pg'

/**
 * Runs one statement with `$1` parameters and returns its rows. For paths where Prisma's price shows: in a transaction
 * it is the same connection that Prisma's models use. Times come and go as Date, bytea as bytes; cast bigint to text.
 */
export type Sql = <Row = Record<string, unknown>>(text: string, values?: unknown[]) => Promise<Row[]>

const names = new Map<string, string>()

/** A statement is prepared once per connection, under the hash of its text. */
export function statementName(text: string): string {
  const known = names.get(text)
  if (known) return known
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 24)
  names.set(text, name)
  return name
}

export const sqlOfPg =
  (client: Pick<pg.Pool, 'query'>): Sql =>
  async <Row>(text: string, values: unknown[] = []) =>
    (await client.query({ name: statementName(text), text, values })).rows as Row[]

export const sqlOfPGlite =
  (client: PGlite | Transaction): Sql =>
  async <Row>(text: string, values: unknown[] = []) =>
    (await client.query<Row>(text, values)).rows
