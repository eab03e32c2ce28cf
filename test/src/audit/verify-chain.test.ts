import t from 'tap'
import { link } from '../../../src/audit/chain.ts'
import { FIELDS } from '../../../src/audit/trail.ts'
import { verifyTrail } from '../../../src/audit/verify.ts'
import { onEachDatabase, onQuickest } from '../../support/database.ts'
import { makeTrail, tamper, writeEntries } from '../../support/trail.ts'

onQuickest(
  t,
  'a trail that nobody touched is in order, and what is not sealed or linked yet is told',
  async (t, kind) => {
    const { storage, folders } = await makeTrail(t, kind, 5)
    await writeEntries(storage, 2)
    await link(storage)
    await writeEntries(storage, 1)
    t.match(await verifyTrail(storage, [folders], []), {
      ok: true,
      entries: 8,
      linked: 7,
      waiting: 1,
      sealed: 5,
      unsealed: 2,
      findings: [],
    })
  },
)

onEachDatabase(t, 'a change of any field is found, and the entry named', async (t, kind) => {
  const { storage, found, ids } = await makeTrail(t, kind, FIELDS.length * 2)
  const columns = await storage.sql<{ name: string; type: string }>(
    `SELECT column_name AS name, udt_name AS type FROM information_schema.columns
     WHERE table_name = 'audit_entries' AND column_name <> 'id' ORDER BY ordinal_position`,
  )
  t.equal(columns.length, FIELDS.length)
  const other: Record<string, string> = {
    timestamptz: "at + interval '1 millisecond'",
    int4: 'status + 1',
    uuid: "'019a0000-0000-7000-8000-0000000000ee'",
  }
  const expected: string[] = []
  for (const [n, { name, type }] of columns.entries()) {
    const id = ids[n * 2 + 1]
    const value = other[type] ?? `${name} || 'x'`
    await tamper(storage, `UPDATE audit_entries SET ${name} = ${value} WHERE id = '${id}'`)
    expected.push(`entry-changed ${n * 2 + 2} ${id}`)
    t.same(await found(), expected, name)
  }
})

onQuickest(t, 'a field that is emptied, a time that is none, and an id that is changed are found', async (t, kind) => {
  const { storage, found, ids } = await makeTrail(t, kind, 9)
  await tamper(storage, `UPDATE audit_entries SET agent_id = NULL WHERE id = '${ids[2]}'`)
  await tamper(storage, `UPDATE audit_entries SET at = 'infinity' WHERE id = '${ids[4]}'`)
  const stranger = '019a0000-0000-7000-8000-0000000000ee'
  await tamper(storage, `UPDATE audit_entries SET id = '${stranger}' WHERE id = '${ids[6]}'`)
  t.same(await found(), [
    `entry-changed 3 ${ids[2]}`,
    `entry-changed 5 ${ids[4]}`,
    `entry-removed 7 ${ids[6]}`,
    `entry-unlinked ${stranger}`,
  ])
})

onQuickest(t, 'a hash that is changed is told apart from an entry that is', async (t, kind) => {
  const { storage, found, ids } = await makeTrail(t, kind, 6)
  for (const position of [3, 6]) {
    await tamper(storage, `UPDATE audit_links SET hash = sha256(hash) WHERE position = ${position}`)
  }
  t.same(await found(), [`hash-changed 3 ${ids[2]}`, `hash-changed 6 ${ids[5]}`])
})

onQuickest(t, 'an entry that is deleted before it got its place is missed', async (t, kind) => {
  const { storage, found } = await makeTrail(t, kind, 1)
  const [id] = await writeEntries(storage, 1)
  await tamper(storage, `DELETE FROM audit_entries WHERE id = '${id}'`)
  t.same(await found(), [`entry-removed ${id}`])
})

onQuickest(t, 'a trail in pieces is told in part, and counted', async (t, kind) => {
  const { storage, folders } = await makeTrail(t, kind, 400)
  await tamper(storage, 'UPDATE audit_entries SET status = status + 1')
  const { findings, findingCount, ok } = await verifyTrail(storage, [folders], [])
  t.equal(ok, false)
  t.equal(findings.length, 100)
  t.equal(findingCount, 400)
})
