import t from 'tap'
import { warmUp } from '../src/serve/warm-up.ts'
import { memoryLog } from './support.ts'

t.test('the rehearsal calls its own tool, is answered every time, and leaves nothing open', async (t) => {
  const { log, lines } = memoryLog()
  const before = process.getActiveResourcesInfo().filter((name) => /^TCP|Pipe/.test(name)).length
  await warmUp(log)
  t.same(lines, [], 'nothing failed')
  const after = process.getActiveResourcesInfo().filter((name) => /^TCP|Pipe/.test(name)).length
  t.equal(after, before)
})

t.test('there is one rehearsal for a process', async (t) => {
  const { log } = memoryLog()
  t.equal(warmUp(log), warmUp(log))
})
