import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../../../src/root.ts'
import { lockFolder } from '../../../src/storage/lock.ts'

/** Another process that takes the lock, says so, and keeps it until it is killed. */
async function otherHolder(folder: string) {
  const code = `
    const { lockFolder } = await import(${JSON.stringify(join(ROOT, 'src', 'storage', 'lock.ts'))})
    await lockFolder(${JSON.stringify(folder)})
    process.stdout.write('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', code], { cwd: ROOT })
  child.stderr.pipe(process.stderr)
  await once(child.stdout, 'data')
  return child
}

/** Another process that says whether it got the lock, and keeps it if it did. */
async function tryToHold(folder: string) {
  const code = `
    const { lockFolder } = await import(${JSON.stringify(join(ROOT, 'src', 'storage', 'lock.ts'))})
    await lockFolder(${JSON.stringify(folder)}).then(
      () => { process.stdout.write('holds'); setInterval(() => {}, 1000) },
      () => process.stdout.write('refused'),
    )`
  const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', code], { cwd: ROOT })
  const [said] = await once(child.stdout, 'data')
  return { child, holds: String(said) === 'holds' }
}

t.test('a folder in use is refused with a message that says what to do, and free again after', async (t) => {
  const folder = t.testdir()
  const free = await lockFolder(folder)
  await t.rejects(lockFolder(folder), /Another process uses the data folder/)
  await t.rejects(lockFolder(folder), /HANDRAIL_DATA_DIR/)
  await free()
  await (await lockFolder(folder))()
})

t.test('the lock of a killed process holds nobody up', async (t) => {
  const folder = t.testdir()
  const other = await otherHolder(folder)
  await t.rejects(lockFolder(folder), /Another process uses the data folder/)
  other.kill('SIGKILL')
  await once(other, 'exit')
  await (await lockFolder(folder))()
})

t.test('of many processes that find a dead lock at once, one gets it', async (t) => {
  const folder = t.testdir()
  for (let round = 0; round < 4; round++) {
    const dead = await otherHolder(folder)
    dead.kill('SIGKILL')
    await once(dead, 'exit')
    const tries = await Promise.all(Array.from({ length: 6 }, () => tryToHold(folder)))
    t.equal(tries.filter(({ holds }) => holds).length, 1)
    await t.rejects(lockFolder(folder), /Another process/, 'and nobody else does, as long as it lives')
    for (const { child } of tries) {
      if (child.exitCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
})

t.test('a folder whose path is too long for a socket can be locked too', async (t) => {
  const folder = join(t.testdir({}), 'long'.repeat(30))
  const { child, holds } = await tryToHold(folder)
  t.teardown(() => child.kill())
  t.equal(holds, true)
  const before = process.env.TMPDIR ?? tmpdir()
  process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'hr-'))
  t.teardown(() => {
    process.env.TMPDIR = before
  })
  await t.rejects(lockFolder(folder), /Another process/, 'whatever the folder for temporary files')
})
