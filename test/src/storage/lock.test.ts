import { spawn } from 'node:child_process'
import { once } from 'node:events'
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

t.test('of many that find a dead lock at once, one gets it', async (t) => {
  const folder = t.testdir()
  const other = await otherHolder(folder)
  other.kill('SIGKILL')
  await once(other, 'exit')
  const tries = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(folder)))
  const held = tries.filter(({ status }) => status === 'fulfilled')
  t.equal(held.length, 1)
  for (const { value } of held as PromiseFulfilledResult<() => Promise<void>>[]) await value()
})

t.test('a folder whose path is too long for a socket can be locked too', async (t) => {
  const folder = join(t.testdir(), 'long'.repeat(30))
  const free = await lockFolder(folder)
  await t.rejects(lockFolder(folder), /Another process uses the data folder/)
  await free()
})
