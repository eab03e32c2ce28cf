import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { linesFrom } from '../../../src/audit/seal-files.ts'
import { lineHash, parseLine } from '../../../src/audit/seal-lines.ts'
import { openSeals } from '../../../src/audit/seals.ts'

t.test('kills between a line and the note of it, however many, break no chain', async (t) => {
  const folder = join(t.testdir(), 'seals')
  const folders = { folder, keysFolder: join(folder, '..', 'seal-keys') }
  const note = join(folders.keysFolder, 'head.json')
  const open = () => openSeals(folders, (error) => t.fail('nothing is wrong', { error }))
  const place = (position: number) => ({ position, hash: Buffer.alloc(32, position) })
  await (await open()).append(place(1))
  for (const position of [2, 3, 4]) {
    const before = readFileSync(note)
    const seals = await open()
    await seals.append(place(position))
    await seals.append(place(position + 10))
    // As a process leaves it that was killed twice before its notes were made.
    writeFileSync(note, before)
  }
  t.equal((await open()).head().position, 14)
  await (await open()).append(place(20))
  let last: string | undefined
  let count = 0
  for await (const { text } of linesFrom(folder)) {
    if (last) t.equal(parseLine(text)?.previous, last)
    last = lineHash(text)
    count++
  }
  t.equal(count, 9)
})
