import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lastPlace, link } from '../../../src/audit/chain.ts'
import { isSigned, lineHash, parseLine } from '../../../src/audit/seal-lines.ts'
import { createSealer } from '../../../src/audit/sealer.ts'
import { openSeals } from '../../../src/audit/seals.ts'
import { verifyTrail } from '../../../src/audit/verify.ts'
import { onEachDatabase, onQuickest, openTestStorage, quickest } from '../../support/database.ts'
import { makeSealFolders, openTestSeals } from '../../support/seals.ts'
import { tamper, writeEntries } from '../../support/trail.ts'

const fail = (error: unknown) => t.fail('nothing should go wrong', { error })

/** The embedded database answers without letting timers run, so each look waits for one. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** The lines of all files of a folder, in order. */
const linesOf = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
const read = (folder: string) =>
  linesOf(folder).map((text) => parseLine(text) as NonNullable<ReturnType<typeof parseLine>>)

onEachDatabase(
  t,
  'the end of the chain is sealed: each minute, after many entries, and at the end',
  async (t, kind) => {
    const storage = await openTestStorage(t, kind)
    const folders = makeSealFolders(t)
    let time = Date.parse('2026-01-31T23:58:30.000Z')
    const seals = await openSeals(folders, fail, () => new Date(time))
    let told = () => {}
    const append = seals.append
    seals.append = async (place) => {
      await append(place)
      told()
    }
    const next = () =>
      new Promise<void>((resolve) => {
        told = resolve
      })
    const sealer = createSealer(storage, seals, { linkMs: 5, sealAfter: 10, now: () => new Date(time), report: fail })
    await writeEntries(storage, 3)
    sealer.start()
    await until(async () => (await lastPlace(storage.sql))?.position === 3)
    t.equal(seals.head().position, 0, 'no minute has gone by')
    const second = next()
    time += 60_000
    await second
    t.equal(seals.head().position, 3)
    const third = next()
    await writeEntries(storage, 10)
    await third
    t.ok(seals.head().position >= 10)
    time += 60_000
    await writeEntries(storage, 1)
    await sealer.close()
    t.equal(seals.head().position, 14, 'a clean stop leaves nothing unsealed')
    t.same(readdirSync(folders.folder), ['2026-01-31.jsonl', '2026-02-01.jsonl', 'keys.json'])
    const lines = read(folders.folder)
    t.ok(lines.every((line) => isSigned(line)))
    t.match(lines[0], { kind: 'key', keyId: seals.fingerprint, newKeyId: seals.fingerprint, previous: '0'.repeat(64) })
    const texts = linesOf(folders.folder)
    t.same(
      lines.slice(1).map(({ previous }) => previous),
      texts.slice(0, -1).map(lineHash),
      'each line names the one before',
    )
    t.match(lines[1], { kind: 'seal', version: 1, position: 3, entries: 3, at: '2026-01-31T23:59:30.000Z' })
  },
)

t.test('the private key is for its owner alone, and in no file of the seals', async (t) => {
  const folders = makeSealFolders(t)
  const seals = await openTestSeals(t, folders)
  const file = join(folders.keysFolder, `${seals.fingerprint}.pem`)
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(statSync(folders.keysFolder).mode & 0o777, 0o700)
  t.notMatch(linesOf(folders.folder).join(), 'PRIVATE')
  const { keys } = JSON.parse(readFileSync(join(folders.folder, 'keys.json'), 'utf8'))
  t.same(
    keys.map(({ kid }: { kid: string }) => kid),
    [seals.fingerprint],
  )
})

onQuickest(t, 'a crash between linking and sealing leaves nothing behind: the next sealer goes on', async (t, kind) => {
  const storage = await openTestStorage(t, kind)
  const folders = makeSealFolders(t)
  const first = createSealer(storage, await openTestSeals(t, folders), { report: fail })
  await writeEntries(storage, 2)
  await first.flush()
  await writeEntries(storage, 2)
  await link(storage)
  const seals = await openTestSeals(t, folders)
  t.equal(seals.fresh, false)
  t.equal(seals.head().position, 2)
  await createSealer(storage, seals, { report: fail }).flush()
  t.match(read(folders.folder).at(-1), { position: 4, entries: 2 })
})

t.test('what a crash cut off is taken away, and a line that was not noted is found', async (t) => {
  const storage = await openTestStorage(t, await quickest())
  const folders = makeSealFolders(t)
  const head = join(folders.keysFolder, 'head.json')
  await writeEntries(storage, 1)
  await createSealer(storage, await openTestSeals(t, folders), { report: fail }).flush()
  const before = readFileSync(head, 'utf8')
  await writeEntries(storage, 1)
  await createSealer(storage, await openTestSeals(t, folders), { report: fail }).flush()
  writeFileSync(head, before)
  const again = await openTestSeals(t, folders)
  t.equal(again.head().position, 2, 'written, not noted')
  const [file] = readdirSync(folders.folder) as [string]
  const path = join(folders.folder, file)
  const { size } = statSync(path)
  writeFileSync(path, `${readFileSync(path, 'utf8')}{"at":"20`)
  await writeEntries(storage, 1)
  await createSealer(storage, again, { report: fail }).flush()
  t.equal(linesOf(folders.folder).length, 4)
  t.ok(read(folders.folder).every(isSigned))
  t.ok(statSync(path).size > size)
  // A first line that was cut off is begun anew.
  const other = makeSealFolders(t)
  await openTestSeals(t, other)
  truncateSync(join(other.folder, file), 20)
  await t.resolves(openSeals({ ...other, keysFolder: `${other.keysFolder}2` }, fail))
})

onQuickest(
  t,
  'what was linked and not sealed yet cannot be changed behind the back of a running sealer',
  async (t, kind) => {
    const storage = await openTestStorage(t, kind)
    const folders = makeSealFolders(t)
    const errors: unknown[] = []
    const options = { linkMs: 5, report: (error: unknown) => void errors.push(error) }
    const sealer = createSealer(storage, await openTestSeals(t, folders), options)
    await writeEntries(storage, 3)
    await sealer.flush()
    const sealed = read(folders.folder).length
    sealer.start()
    await writeEntries(storage, 3)
    await until(async () => (await lastPlace(storage.sql))?.position === 6)
    // One more turn, in which the end of the chain is seen.
    await writeEntries(storage, 1)
    await until(async () => (await lastPlace(storage.sql))?.position === 7)
    t.equal(read(folders.folder).length, sealed)
    await tamper(storage, 'DELETE FROM audit_links WHERE position > 5')
    await until(async () => errors.length > 0)
    t.match(errors, [/The audit trail was changed at position [67]/])
    t.ok(read(folders.folder).length > sealed, 'what was seen is sealed')
    await sealer.close()
  },
)

t.test('a key gives way to a new one while the service runs, and its private part ends', async (t) => {
  const storage = await openTestStorage(t, await quickest())
  const folders = makeSealFolders(t)
  const seals = await openTestSeals(t, folders)
  const sealer = createSealer(storage, seals, { report: fail })
  await writeEntries(storage, 1)
  await sealer.flush()
  const fresh = await (await openTestSeals(t, folders)).rotate()
  await writeEntries(storage, 1)
  await sealer.flush()
  t.match(read(folders.folder), [
    { kind: 'key', newKeyId: seals.fingerprint },
    { kind: 'seal', keyId: seals.fingerprint },
    { kind: 'key', keyId: seals.fingerprint, newKeyId: fresh },
    { kind: 'seal', keyId: fresh },
  ])
  t.notOk(existsSync(join(folders.keysFolder, `${seals.fingerprint}.pem`)))
  t.equal((await openTestSeals(t, folders)).fingerprint, seals.fingerprint, 'the first key stays the one to pin')
})

t.test('a folder of seals belongs to the keys that made it', async (t) => {
  const folders = makeSealFolders(t)
  await openTestSeals(t, folders)
  const other = { ...folders, keysFolder: `${folders.keysFolder}-other` }
  await t.rejects(openSeals(other, fail), /HANDRAIL_SEALS_DIR/)
})

t.test('many writers of one folder take turns', async (t) => {
  const folders = makeSealFolders(t)
  const writers = await Promise.all(Array.from({ length: 4 }, () => openTestSeals(t, folders)))
  await Promise.all(writers.map((seals, n) => seals.append({ position: n + 1, hash: Buffer.alloc(32, n) })))
  const texts = linesOf(folders.folder)
  t.equal(texts.length, 5)
  t.same(
    read(folders.folder)
      .slice(1)
      .map(({ previous }) => previous),
    texts.slice(0, -1).map(lineHash),
  )
})

t.test('seals that were taken away are missed, and the gap shows for ever', async (t) => {
  const folders = makeSealFolders(t)
  const seals = await openTestSeals(t, folders)
  for (const position of [1, 2, 3]) await seals.append({ position, hash: Buffer.alloc(32, position) })
  const [file] = readdirSync(folders.folder) as [string]
  const path = join(folders.folder, file)
  const lines = linesOf(folders.folder)
  writeFileSync(path, `${lines.slice(0, -1).join('\n')}\n`)
  const errors: Error[] = []
  const again = await openSeals(folders, (error) => errors.push(error))
  t.match(errors, [/not those that were written/])
  await again.append({ position: 4, hash: Buffer.alloc(32, 4) })
  t.equal(read(folders.folder).at(-1)?.previous, lineHash(lines.at(-1) as string))
})

onQuickest(t, 'replicas seal into folders of their own, and each of them tells', async (t, kind) => {
  const shared = await openTestStorage(t, kind)
  const folders = [makeSealFolders(t), makeSealFolders(t)]
  const fail = (error: unknown) => t.fail('failed', { error })
  const all = await Promise.all(folders.map((each) => openTestSeals(t, each)))
  const sealers = all.map((seals) => createSealer(shared, seals, { linkMs: 1, sealAfter: 5, report: fail }))
  for (const sealer of sealers) sealer.start()
  await Promise.all(Array.from({ length: 4 }, () => writeEntries(shared, 10)))
  await Promise.all(sealers.map((sealer) => sealer.close()))
  const pins = all.map(({ fingerprint }) => fingerprint)
  t.match(await verifyTrail(shared, folders, pins), { ok: true, linked: 40, sealed: 40, unsealed: 0 })
  t.match(await verifyTrail(shared, folders, [pins[0] as string]), { findings: [{ kind: 'key-not-pinned' }] })
  await tamper(shared, 'DELETE FROM audit_links WHERE position > 30')
  await link(shared)
  const { findings } = await verifyTrail(shared, folders, pins)
  t.equal(findings.filter((each) => each.kind === 'tail-cut').length, 2)
})
