import { createHash } from 'node:crypto'
import t from 'tap'
import { link } from '../../../src/audit/chain.ts'
import { record } from '../../../src/audit/trail.ts'
import { canonicalize } from '../../../src/canonical.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { onEachDatabase, onQuickest, openTestStorage } from '../../support/database.ts'
import { fullEntry, linkedEntries, writeEntries } from '../../support/trail.ts'

const chainOf = (storage: Storage) =>
  storage.sql<{ position: string; entry_id: string; hash: Uint8Array }>(
    'SELECT position::text, entry_id, hash FROM audit_links ORDER BY audit_links.position',
  )
const pending = async (storage: Storage) => (await storage.sql('SELECT entry_id FROM audit_pending')).length

onEachDatabase(t, 'a reader can compute every hash from what is stored', async (t, kind) => {
  const storage = await openTestStorage(t, kind)
  const at = new Date('2026-01-31T12:00:00.120Z')
  const id = await record(storage.sql, { at, outcome: 'done', status: 201, policyHash: 'p', requestId: 'ä-1' })
  await linkedEntries(storage, 2)
  const chain = await chainOf(storage)
  t.same(
    chain.map(({ position }) => position),
    ['1', '2', '3'],
  )
  t.equal(chain[0]?.entry_id, id)
  const text =
    '{"action":null,"addressDigest":null,"agentId":null,"approvalId":null,"at":"2026-01-31T12:00:00.120Z","code":null,' +
    `"credentialId":null,"id":"${id}","operationId":null,"outcome":"done","parametersDigest":null,"policyHash":"p",` +
    '"requestId":"ä-1","resourceId":null,"resourceType":null,"status":201,"tool":null,"traceId":null,"userId":null}'
  const sha256 = (previous: Uint8Array, entry: string) => createHash('sha256').update(previous).update(entry).digest()
  t.same(Buffer.from(chain[0]?.hash ?? []), sha256(Buffer.alloc(32), text))
  const [second] = await storage.db.auditEntry.findMany({ where: { id: chain[1]?.entry_id as string } })
  t.same(
    Buffer.from(chain[1]?.hash ?? []),
    sha256(chain[0]?.hash as Uint8Array, canonicalize({ ...second, at: second?.at.toISOString() })),
  )
  t.equal(await pending(storage), 0)
})

onQuickest(t, 'places are given in batches, the oldest entry first, without gaps', async (t, kind) => {
  const storage = await openTestStorage(t, kind)
  const ids = await writeEntries(storage, 7)
  t.equal(await link(storage, 3), 3)
  t.equal(await link(storage, 3), 3)
  t.equal(await link(storage, 3), 1)
  t.equal(await link(storage, 3), 0)
  const chain = await chainOf(storage)
  t.same(
    chain.map(({ entry_id }) => entry_id),
    ids,
  )
})

onQuickest(t, 'what is left over or has no entry holds nobody up', async (t, kind) => {
  const storage = await openTestStorage(t, kind)
  const [first] = await linkedEntries(storage, 1)
  await storage.sql('INSERT INTO audit_pending VALUES ($1)', [first])
  await storage.sql('INSERT INTO audit_pending VALUES ($1)', ['00000000-0000-7000-8000-000000000000'])
  await writeEntries(storage, 1)
  t.equal(await link(storage, 1), 1)
  t.equal(await link(storage, 1), 0)
  t.equal((await chainOf(storage)).length, 2)
})

onEachDatabase(t, 'what is written while others link is missed by nobody', async (t, kind) => {
  const storage = await openTestStorage(t, kind)
  let writing = true
  const writers = Array.from({ length: 6 }, async () => {
    for (let n = 0; n < 20; n++) {
      await storage.transaction(async (_db, sql) => {
        await record(sql, fullEntry())
        // Transactions end in another order than they began.
        await sql('SELECT pg_sleep(random() * 0.005)')
      })
    }
  })
  const turns: (number | 'busy')[] = []
  const linkers = Array.from({ length: 2 }, async () => {
    while (writing) turns.push(await link(storage, 10))
  })
  await Promise.all(writers)
  writing = false
  await Promise.all(linkers)
  while ((await link(storage)) !== 0);
  const chain = await chainOf(storage)
  t.same(
    chain.map(({ position }) => Number(position)),
    Array.from({ length: 120 }, (_, n) => n + 1),
  )
  t.equal(new Set(chain.map(({ entry_id }) => entry_id)).size, 120)
  t.equal(await pending(storage), 0)
  t.ok(turns.some((turn) => turn !== 'busy' && turn > 0))
})

onQuickest(t, 'an entry of a transaction that is undone gets no place', async (t, kind) => {
  const storage = await openTestStorage(t, kind)
  await t.rejects(
    storage.transaction(async (_db, sql) => {
      await record(sql, fullEntry())
      throw new Error('undone')
    }),
  )
  t.equal(await link(storage), 0)
})

onEachDatabase(t, 'the database refuses to change, delete or empty the trail', async (t, kind) => {
  const storage = await openTestStorage(t, kind)
  await linkedEntries(storage, 2)
  for (const table of ['audit_entries', 'audit_links']) {
    const column = table === 'audit_entries' ? 'status = 1' : 'position = 1'
    for (const statement of [`UPDATE ${table} SET ${column}`, `DELETE FROM ${table}`, `TRUNCATE ${table}`]) {
      await t.rejects(storage.sql(statement), /append-only/, statement)
      await t.rejects(storage.script(statement), /append-only/, statement)
      await t.rejects(
        storage.transaction((_db, sql) => sql(statement)),
        /append-only/,
        statement,
      )
      await t.rejects(storage.db.$executeRawUnsafe(statement), /append-only/, statement)
    }
  }
  // Prisma's models have words of their own for the same refusal.
  const { db } = storage
  const before = [await db.auditEntry.findMany(), await db.auditLink.findMany()]
  await t.rejects(db.auditEntry.updateMany({ data: { status: 1 } }))
  await t.rejects(db.auditEntry.deleteMany())
  await t.rejects(db.auditLink.updateMany({ data: { hash: new Uint8Array(32) } }))
  await t.rejects(db.auditLink.deleteMany())
  t.same([await db.auditEntry.findMany(), await db.auditLink.findMany()], before)
})
