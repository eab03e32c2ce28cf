import { spawnSync } from 'node:child_process'
import t from 'tap'
import { ROOT } from '../../src/root.ts'

t.test('the demo plays the main job to its end', async (t) => {
  const { status, stdout } = spawnSync(process.execPath, ['--import=tsx', 'scripts/demo.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  t.equal(status, 0, stdout.slice(-500))
  t.match(stdout, /All went as told\.\s*$/)
})
