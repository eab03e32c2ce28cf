import { createHash } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import t from 'tap'
import { type Connection, migrate } from '../../../src/storage/migrate.ts'
import { openServer } from '../../../src/storage/server.ts'
import { makeDatabase, onEachDatabase, openTestStorage, serverRuns } from '../../support/database.ts'

t.test('the migrator', async (t) => {
  const pglite = await PGlite.create()
  t.teardown(() => pglite.close())
  const connection: Connection = {
    script: (sql) => pglite.exec(sql),
    rows: async <Row>(sql: string, values: unknown[]) => (await pglite.query<Row>(sql, values)).rows,
  }
  const first = { '20260101000000_a': { 'migration.sql': 'CREATE TABLE a (id int); INSERT INTO a VALUES (1);' } }

  t.test('migrations run once, in order, and are recorded as Prisma records them', async (t) => {
    const folder = t.testdir({ ...first, '20260102000000_b': { 'migration.sql': 'ALTER TABLE a ADD COLUMN b int;' } })
    t.same(await migrate(connection, folder), ['20260101000000_a', '20260102000000_b'])
    t.same(await migrate(connection, folder), [])
    const { rows } = await pglite.query<Record<string, unknown>>(
      'SELECT * FROM _prisma_migrations ORDER BY migration_name',
    )
    t.match(rows[0], {
      migration_name: '20260101000000_a',
      checksum: createHash('sha256').update(first['20260101000000_a']['migration.sql']).digest('hex'),
      applied_steps_count: 1,
      finished_at: Date,
      rolled_back_at: null,
    })
  })

  t.test('a migration that fails leaves nothing behind', async (t) => {
    const folder = t.testdir({
      ...first,
      '20260102000000_b': { 'migration.sql': 'ALTER TABLE a ADD COLUMN b int;' },
      '20260103000000_c': { 'migration.sql': 'CREATE TABLE c (id int); SELECT nonsense;' },
    })
    await t.rejects(migrate(connection, folder), /20260103000000_c failed; nothing of it was kept/)
    t.same((await pglite.query("SELECT to_regclass('c') AS found")).rows, [{ found: null }])
  })

  t.test('a schema that is not the one expected is refused', async (t) => {
    const changed = t.testdir({ '20260101000000_a': { 'migration.sql': 'CREATE TABLE other (id int);' } })
    await t.rejects(migrate(connection, changed), /which this version does not know|was changed after it was applied/)
    const unknown = t.testdir(first)
    await t.rejects(migrate(connection, unknown), /20260102000000_b, which this version does not know/)
  })
})

t.test(
  'replicas that start at once migrate once',
  { skip: !(await serverRuns()) && 'no Postgres server' },
  async (t) => {
    const url = await makeDatabase(t)
    const drivers = await Promise.all(Array.from({ length: 4 }, () => openServer(url, () => {})))
    t.equal(drivers.length, 4)
    await Promise.all(drivers.map((driver) => driver.close()))
  },
)

await onEachDatabase(t, 'times are kept as UTC, whatever the zone of the server', async (t, kind) => {
  const storage = await openTestStorage(t, kind)
  const at = new Date('2026-03-29T01:30:00.123Z')
  const id = '019a0000-0000-7000-8000-000000000001'
  const user = { id, email: 'a@b.c', username: 'abc', usernameKey: 'abc', fullName: 'A', createdAt: at, updatedAt: at }
  await storage.db.user.create({ data: user })
  const read = await storage.db.user.findUniqueOrThrow({ where: { id } })
  t.equal(read.createdAt.toISOString(), at.toISOString())
  const [row] = await storage.db.$queryRaw<{ epoch: number }[]>`
    SELECT extract(epoch FROM created_at)::float8 AS epoch FROM users`
  t.equal(Number(row?.epoch), at.getTime() / 1000)
})

t.test('a server that cannot be reached is named, without its password', async (t) => {
  const error = await openServer('postgres://user:hunter2@127.0.0.1:1/x', () => {}).catch((reason: Error) => reason)
  const { message } = error as Error
  t.match(message, /127\.0\.0\.1:1 \(DATABASE_URL\)/)
  t.notMatch(message, /hunter2/)
})
