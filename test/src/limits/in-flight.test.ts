import t from 'tap'
import { createInFlight } from '../../../src/limits/in-flight.ts'

t.test('so many at a time in all, and so many of one caller', async (t) => {
  const inFlight = createInFlight(3, 2)
  const leave = [inFlight.enter(), inFlight.enter(), inFlight.enter()]
  t.equal(inFlight.enter(), undefined)
  leave[0]?.()
  leave[0]?.()
  t.ok(inFlight.enter(), 'one left')
  t.equal(inFlight.enter(), undefined, 'who leaves twice left once')

  const ada = inFlight.enterAs('ada')
  t.ok(inFlight.enterAs('ada'))
  t.equal(inFlight.enterAs('ada'), undefined)
  t.ok(inFlight.enterAs('bob'), 'another caller')
  ada?.()
  ada?.()
  t.ok(inFlight.enterAs('ada'))
  t.equal(inFlight.enterAs('ada'), undefined)
})
