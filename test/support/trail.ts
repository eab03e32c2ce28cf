import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import { hashOf, link, textOf } from '../../src/audit/chain.ts'
import { createSealer } from '../../src/audit/sealer.ts'
import type { SealFolders } from '../../src/audit/seals.ts'
import { ENTRY, type Entry, record, type StoredEntry } from '../../src/audit/trail.ts'
import { verifyTrail } from '../../src/audit/verify.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { type DatabaseKind, openTestStorage } from './database.ts'
import { makeSealFolders, openTestSeals } from './seals.ts'

/** An entry in which every field says something. */
export const fullEntry = (change: Partial<Entry> = {}): Entry => ({
  at: new Date(),
  outcome: 'denied',
  code: 'forbidden',
  status: 403,
  operationId: 'refundOrder',
  action: 'order:refund',
  tool: 'refund_order',
  userId: '019a0000-0000-7000-8000-000000000004',
  agentId: 'shopper',
  credentialId: 'a'.repeat(24),
  resourceType: 'Order',
  resourceId: '019a0000-0000-7000-8000-000000000009',
  parametersDigest: 'ab'.repeat(32),
  policyHash: 'cd'.repeat(32),
  approvalId: '019a0000-0000-7000-8000-00000000000a',
  requestId: randomUUID(),
  traceId: 'ef'.repeat(16),
  addressDigest: '01'.repeat(32),
  ...change,
})

/** Writes entries one after the other. @returns their ids */
export async function writeEntries(storage: Storage, count: number, change: Partial<Entry> = {}): Promise<string[]> {
  const start = Date.now()
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    ids.push(await record(storage.sql, fullEntry({ at: new Date(start + n), ...change })))
  }
  return ids
}

/** Writes entries and gives them their places. @returns their ids in the order of the chain */
export async function linkedEntries(storage: Storage, count: number): Promise<string[]> {
  const ids = await writeEntries(storage, count)
  while ((await link(storage)) !== 0);
  return ids
}

/** Does what only somebody who owns the tables can: the triggers that refuse changes are put to sleep meanwhile. */
export async function tamper(storage: Storage, ...statements: string[]): Promise<void> {
  const triggers = (verb: string) =>
    ['entries', 'links'].map((table) => `ALTER TABLE audit_${table} ${verb} TRIGGER audit_${table}_append_only`)
  await storage.script([...triggers('DISABLE'), ...statements, ...triggers('ENABLE')].join(';\n'))
}

export interface Trail {
  storage: Storage
  folders: SealFolders
  ids: string[]
  /** @returns what is found, by kind, with position and entry */
  found(): Promise<string[]>
  seal(): Promise<void>
}

/** Makes a trail of sealed entries, as it should be. */
export async function makeTrail(t: Test, kind: DatabaseKind, count: number): Promise<Trail> {
  const storage = await openTestStorage(t, kind)
  const folders = makeSealFolders(t)
  const ids = await writeEntries(storage, count)
  async function seal() {
    await createSealer(storage, await openTestSeals(t, folders), {
      report: (error) => t.fail('failed', { error }),
    }).flush()
  }
  await seal()
  return {
    storage,
    folders,
    ids,
    seal,
    async found() {
      const { ok, findings } = await verifyTrail(storage, [folders], [])
      t.equal(ok, findings.length === 0)
      return findings.map(({ kind: what, position, entryId }) =>
        [what, position, entryId].filter((each) => each !== undefined).join(' '),
      )
    },
  }
}

/** What somebody does who owns the tables and knows the code. */
export async function rewrite(storage: Storage): Promise<void> {
  const rows = await storage.sql<StoredEntry & { place: string }>(
    `SELECT l.position::text AS place, ${ENTRY} FROM audit_links l JOIN audit_entries e ON e.id = l.entry_id ORDER BY l.position`,
  )
  let previous: Buffer = Buffer.alloc(32)
  const updates = rows.map((row) => {
    previous = hashOf(previous, textOf(row))
    return `UPDATE audit_links SET hash = '\\x${previous.toString('hex')}' WHERE position = ${row.place}`
  })
  await tamper(storage, ...updates)
}
