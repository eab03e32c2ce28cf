import t from 'tap'
import { hashOf, link, textOf } from '../../../src/audit/chain.ts'
import { ENTRY, record, type StoredEntry } from '../../../src/audit/trail.ts'
import { verifyTrail } from '../../../src/audit/verify.ts'
import { onEachDatabase, onQuickest } from '../../support/database.ts'
import { fullEntry, makeTrail, rewrite, tamper, writeEntries } from '../../support/trail.ts'

onQuickest(t, 'an entry that is deleted is missed, with its link or without', async (t, kind) => {
  const { storage, found, ids } = await makeTrail(t, kind, 9)
  await tamper(storage, `DELETE FROM audit_entries WHERE id = '${ids[2]}'`)
  t.same(await found(), [`entry-removed 3 ${ids[2]}`])
  await tamper(
    storage,
    `DELETE FROM audit_entries WHERE id = '${ids[5]}'`,
    'DELETE FROM audit_links WHERE position IN (6, 9)',
  )
  t.same(await found(), [`entry-removed 3 ${ids[2]}`, 'links-removed 6', 'tail-cut 9', `entry-unlinked ${ids[8]}`])
})

onQuickest(t, 'closing the gap after a deletion does not hide it', async (t, kind) => {
  const { storage, found, ids } = await makeTrail(t, kind, 9)
  await tamper(
    storage,
    `DELETE FROM audit_entries WHERE id IN ('${ids[2]}', '${ids[3]}')`,
    'DELETE FROM audit_links WHERE position IN (3, 4)',
    'UPDATE audit_links SET position = -position WHERE position > 4',
    'UPDATE audit_links SET position = -position - 2 WHERE position < 0',
  )
  t.same(await found(), ['links-removed 3'])
  const { findings } = await verifyTrail(storage, [], [])
  t.match(findings, [{ kind: 'entry-changed', position: 3, entryId: ids[4] }], 'without seals it is told by what shows')
})

onQuickest(t, 'entries that change places are found', async (t, kind) => {
  const { storage, found, ids } = await makeTrail(t, kind, 9)
  const swap = (a: number, b: number, column: string, spare: string) => [
    `CREATE TEMP TABLE swap AS SELECT * FROM audit_links WHERE position IN (${a}, ${b})`,
    `UPDATE audit_links SET ${column} = ${spare} WHERE position = ${a}`,
    `UPDATE audit_links SET ${column} = (SELECT ${column} FROM swap WHERE position = ${a}) WHERE position = ${b}`,
    `UPDATE audit_links SET ${column} = (SELECT ${column} FROM swap WHERE position = ${b})
     WHERE ${column === 'position' ? `position = ${spare}` : `position = ${a}`}`,
    'DROP TABLE swap',
  ]
  await tamper(storage, ...swap(2, 5, 'entry_id', `'019a0000-0000-7000-8000-0000000000ee'`))
  t.same(await found(), [`entries-reordered 2 ${ids[4]}`, `entries-reordered 5 ${ids[1]}`])
  await tamper(storage, ...swap(2, 5, 'entry_id', `'019a0000-0000-7000-8000-0000000000ee'`))
  t.same(await found(), [])
  // Neighbours, with their hashes.
  await tamper(storage, ...swap(6, 7, 'position', '1000'))
  t.same(await found(), [
    `entries-reordered 6 ${ids[6]}`,
    `entries-reordered 7 ${ids[5]}`,
    `entries-reordered 8 ${ids[7]}`,
  ])
})

onEachDatabase(t, 'an end that is cut off is missed', async (t, kind) => {
  const { storage, found, ids } = await makeTrail(t, kind, 9)
  await tamper(
    storage,
    'DELETE FROM audit_links WHERE position > 6',
    `DELETE FROM audit_entries WHERE id >= '${ids[6]}'`,
  )
  t.same(await found(), ['tail-cut 7'])
  await writeEntries(storage, 9)
  await link(storage)
  t.same(await found(), ['chain-rewritten 1'], 'also when others took the places')
})

onQuickest(t, 'all of it that is deleted is missed', async (t, kind) => {
  const { storage, found } = await makeTrail(t, kind, 4)
  await tamper(storage, 'DELETE FROM audit_links', 'DELETE FROM audit_entries')
  t.same(await found(), ['tail-cut 1'])
})

onQuickest(t, 'a whole chain that was computed anew is not the one that was sealed', async (t, kind) => {
  const trail = await makeTrail(t, kind, 4)
  const { storage, found } = trail
  await writeEntries(storage, 4)
  await trail.seal()
  await tamper(
    storage,
    `UPDATE audit_entries SET user_id = NULL WHERE id = (SELECT entry_id FROM audit_links WHERE position = 6)`,
  )
  await rewrite(storage)
  t.same(await found(), ['chain-rewritten 5'], 'what the first seal covers is as it was')
})

onQuickest(t, 'an entry that is inserted behind the back is found', async (t, kind) => {
  const { storage, found, ids } = await makeTrail(t, kind, 6)
  const stranger = await record(storage.sql, fullEntry({ agentId: 'stranger' }))
  await storage.sql('DELETE FROM audit_pending WHERE entry_id = $1', [stranger])
  t.same(await found(), [`entry-unlinked ${stranger}`])
  await tamper(
    storage,
    'UPDATE audit_links SET position = -position WHERE position > 3',
    'UPDATE audit_links SET position = -position + 1 WHERE position < 0',
    `INSERT INTO audit_links VALUES (4, '${stranger}', '\\x${'00'.repeat(32)}')`,
  )
  t.same(await found(), [`entry-inserted 4 ${stranger}`])
  const [row] = await storage.sql<StoredEntry>(`SELECT ${ENTRY} FROM audit_entries e WHERE e.id = $1`, [stranger])
  const [before] = await storage.sql<{ hash: Uint8Array }>('SELECT hash FROM audit_links WHERE position = 3')
  const fitting = hashOf(before?.hash as Uint8Array, textOf(row as StoredEntry)).toString('hex')
  await tamper(storage, `UPDATE audit_links SET hash = '\\x${fitting}' WHERE position = 4`)
  t.same(await found(), [`entry-inserted 4 ${stranger}`], 'also with a hash that fits')
  await tamper(storage, `UPDATE audit_links SET position = 0 WHERE position = 1`)
  t.same(await found(), [`entry-inserted 0 ${ids[0]}`, 'links-removed 1', `entry-inserted 4 ${stranger}`])
})
