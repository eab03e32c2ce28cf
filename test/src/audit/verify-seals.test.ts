import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeKey, publicPart, signWith } from '../../../src/audit/seal-keys.ts'
import { type Line, lineHash, parseLine, signedText, type Unsigned } from '../../../src/audit/seal-lines.ts'
import { createSealer } from '../../../src/audit/sealer.ts'
import type { SealFolders } from '../../../src/audit/seals.ts'
import { verifyTrail } from '../../../src/audit/verify.ts'
import { openTestStorage, quickest } from '../../support/database.ts'
import { makeSealFolders, openTestSeals } from '../../support/seals.ts'
import { writeEntries } from '../../support/trail.ts'

/** One trail for all: what is done to the seals is done to a copy of them. */
const storage = await openTestStorage(t, await quickest())
const original = makeSealFolders(t)
/** The first private key, as somebody might have kept it. */
const { keysFolder: stolen } = makeSealFolders(t)
const { pin, rotated } = await fill()

/** Three seals, a second key, and three more: seven lines and an announcement. */
async function fill() {
  const seals = await openTestSeals(t, original)
  const sealer = createSealer(storage, seals, { report: (error) => t.fail('failed', { error }) })
  let rotated = ''
  for (let n = 0; n < 6; n++) {
    if (n === 3) {
      cpSync(original.keysFolder, stolen, { recursive: true })
      rotated = await seals.rotate()
    }
    await writeEntries(storage, 2)
    await sealer.flush()
  }
  return { pin: seals.fingerprint, rotated }
}

interface Copy extends SealFolders {
  lines: string[]
  write(lines: string[]): void
  /** @param pins without them, what is remembered beside the keys counts */
  found(pins?: string[], own?: boolean): Promise<string[]>
}

function copy(t: Test): Copy {
  const folders = makeSealFolders(t)
  cpSync(original.folder, folders.folder, { recursive: true })
  cpSync(original.keysFolder, folders.keysFolder, { recursive: true })
  // A test that runs over midnight has two files.
  const files = readdirSync(folders.folder).filter((name) => name.endsWith('.jsonl'))
  const lines = files.flatMap((name) => readFileSync(join(folders.folder, name), 'utf8').trim().split('\n'))
  for (const name of files.slice(1)) rmSync(join(folders.folder, name))
  const write = (wanted: string[]) => writeFileSync(join(folders.folder, files[0] as string), `${wanted.join('\n')}\n`)
  write(lines)
  return {
    ...folders,
    lines,
    write,
    async found(pins = [], own = true) {
      const sealFolder = own ? folders : { folder: folders.folder }
      const { findings, ok } = await verifyTrail(storage, [sealFolder], pins)
      t.equal(ok, findings.length === 0)
      return findings.map(({ kind, at }) => `${kind}${at ? at.replace(/.*jsonl/, '') : ''}`)
    },
  }
}

const without = <T>(list: T[], index: number) => list.filter((_, n) => n !== index)

t.test('seals that nobody touched are in order, also over a change of the key', async (t) => {
  const { found, lines, folder } = copy(t)
  t.equal(lines.length, 8)
  t.same(await found(), [])
  t.same(await found([pin], false), [])
  t.match((await verifyTrail(storage, [{ folder }], [])).folders, [{ seals: 6, firstKey: pin, unfinished: false }])
})

t.test('a change of any part of any line is found', async (t) => {
  const { found, lines, write } = copy(t)
  for (const [n, text] of lines.entries()) {
    for (const [name, value] of Object.entries(JSON.parse(text))) {
      const changed =
        typeof value === 'number' ? value + 1 : String(value).replace(/^./, (c) => (c === 'a' ? 'b' : 'a'))
      const line = JSON.stringify({ ...JSON.parse(text), [name]: changed })
      write(lines.with(n, line))
      t.match(await found([pin], false), [`seal-changed:${n + 1}`], `${name} of line ${n + 1}`)
    }
  }
  write(lines.with(2, ` ${lines[2]}`))
  t.same(await found(), ['seal-changed:3'], 'a blank is a change')
  write(lines.with(2, 'nonsense'))
  t.same(await found(), ['seal-changed:3'])
})

t.test('a line that is taken out is missed, the first and the last too', async (t) => {
  const { found, lines, write } = copy(t)
  for (const n of [1, 2, 3, 5, 6]) {
    write(without(lines, n))
    t.same(await found(), [`seals-missing:${n + 1}`], `line ${n + 1}`)
  }
  write(without(lines, 0))
  t.same((await found())[0], 'seals-missing:1')
  write(without(lines, 7))
  t.same(await found(), ['seals-missing'])
  t.same(await found([pin], false), [], 'which only whoever runs the service can know')
})

t.test('without the announcement the next key is a stranger', async (t) => {
  const { found, lines, write } = copy(t)
  write(without(lines, 4))
  t.same(await found(), ['seals-missing:5', 'seal-forged:5', 'keys-file-changed'])
})

t.test('lines that change places are found', async (t) => {
  const { found, lines, write } = copy(t)
  write(lines.with(2, lines[3] as string).with(3, lines[2] as string))
  t.same(await found(), ['seals-missing:3', 'seals-missing:4', 'seals-missing:5'])
})

t.test('all seals that are taken away are missed', async (t) => {
  const { found, folder } = copy(t)
  rmSync(folder, { recursive: true })
  t.same(await found(), ['seals-missing', 'seals-missing'])
  t.same(await found([pin], false), ['seals-missing'])
})

/** The last line once more, following itself, and signed with a key of another folder. */
function forge(lines: string[], keysFolder: string, keyId: string): string {
  const { signature: _, ...last } = parseLine(lines.at(-1) as string) as Line
  const { publicKey } = publicPart(keysFolder, keyId)
  const unsigned = { ...last, keyId, publicKey, previous: lineHash(lines.at(-1) as string) }
  return signedText({ ...unsigned, ...signWith(keysFolder, keyId, signedText(unsigned as Unsigned)) } as Line)
}

t.test('a seal of another key is forged, however well it is made', async (t) => {
  const { found, lines, write } = copy(t)
  const { keysFolder } = makeSealFolders(t)
  write([...lines, forge(lines, keysFolder, makeKey(keysFolder).keyId)])
  t.same(await found(), ['seal-forged:9'])
})

t.test('a key that gave way signs nothing any more, though somebody kept it', async (t) => {
  const { found, lines, write, keysFolder } = copy(t)
  t.notOk(readdirSync(keysFolder).includes(`${pin}.pem`))
  write([...lines, forge(lines, stolen, pin)])
  t.same(await found(), ['seal-forged:9'])
})

t.test('seals that were all made anew with another key show against the pin, and beside the keys', async (t) => {
  const { found, folder } = copy(t)
  rmSync(folder, { recursive: true })
  const forged = makeSealFolders(t)
  const seals = await openTestSeals(t, forged)
  await createSealer(storage, seals, { report: (error) => t.fail('failed', { error }) }).flush()
  cpSync(forged.folder, folder, { recursive: true })
  t.same(await found([pin], false), ['key-not-pinned'])
  t.same(await found(), ['seals-missing', 'key-not-pinned'])
  t.same(await found([], false), [], 'nobody can tell without either')
})

t.test('keys.json is believed by nobody, and a change of it is told', async (t) => {
  const { found, folder } = copy(t)
  const path = join(folder, 'keys.json')
  const { keys } = JSON.parse(readFileSync(path, 'utf8'))
  t.same(
    keys.map(({ kid }: { kid: string }) => kid),
    [pin, rotated],
  )
  for (const text of [JSON.stringify({ keys: keys.slice(0, 1) }), JSON.stringify({ keys: keys.toReversed() }), 'no']) {
    writeFileSync(path, text)
    t.same(await found(), ['keys-file-changed'])
  }
  rmSync(path)
  t.same(await found(), ['keys-file-changed'])
})

t.test('a line that is not finished is told, and is no finding', async (t) => {
  const { lines, write, found, folder, keysFolder } = copy(t)
  write([...lines, '{"at":"2'])
  const path = join(folder, readdirSync(folder).find((name) => name.endsWith('.jsonl')) as string)
  writeFileSync(path, readFileSync(path, 'utf8').trimEnd())
  t.same(await found(), [])
  t.match((await verifyTrail(storage, [{ folder, keysFolder }], [])).folders, [{ unfinished: true }])
})
