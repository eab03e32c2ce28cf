import t from 'tap'
import { type Cancellation, Canceller, signalOf } from '../src/cancellation.ts'

/** The light one and the platform's, each with the way to end it. */
const kinds: [string, () => { cancellation: Cancellation; cancel(reason: Error): void }][] = [
  [
    'Canceller',
    () => {
      const cancellation = new Canceller()
      return { cancellation, cancel: (reason) => cancellation.cancel(reason) }
    },
  ],
  [
    'AbortSignal',
    () => {
      const controller = new AbortController()
      return { cancellation: controller.signal, cancel: (reason) => controller.abort(reason) }
    },
  ],
]

for (const [kind, make] of kinds) {
  t.test(`${kind}: each listener that is still there is told once, and the first reason stays`, async (t) => {
    const { cancellation, cancel } = make()
    const told: string[] = []
    const listeners = ['a', 'b', 'c', 'd'].map((name) => () => void told.push(name))
    const [a, b, c, d] = listeners as [() => void, () => void, () => void, () => void]
    for (const listener of [a, b, c, d, b]) cancellation.addEventListener('abort', listener, { once: true })
    cancellation.removeEventListener('abort', a)
    cancellation.removeEventListener('abort', c)
    cancellation.removeEventListener('abort', () => {})
    t.doesNotThrow(() => cancellation.throwIfAborted())
    t.notOk(cancellation.aborted)
    const first = new Error('first')
    cancel(first)
    cancel(new Error('second'))
    t.same(told.sort(), ['b', 'd'])
    t.ok(cancellation.aborted)
    t.equal(cancellation.reason, first)
    t.throws(() => cancellation.throwIfAborted(), { message: 'first' })
    cancellation.addEventListener('abort', a)
    t.same(told, ['b', 'd'], 'what is over tells nobody')
  })

  t.test(`${kind}: a listener may add and remove others`, async (t) => {
    const { cancellation, cancel } = make()
    let told = 0
    const last = () => {
      told += 1
    }
    cancellation.addEventListener('abort', () => {
      cancellation.removeEventListener('abort', last)
      cancellation.addEventListener('abort', last)
    })
    cancel(new Error('over'))
    t.equal(told, 0)
  })
}

t.test('an AbortSignal is itself; of another it ends with it, also when it has ended before', async (t) => {
  const { signal } = new AbortController()
  t.equal(signalOf(signal), signal)
  const canceller = new Canceller()
  const before = signalOf(canceller)
  t.notOk(before.aborted)
  const reason = new Error('left')
  canceller.cancel(reason)
  t.equal(before.reason, reason)
  t.equal(signalOf(canceller).reason, reason)
  const named = new Canceller()
  named.cancel()
  t.match(named.reason, { name: 'AbortError' })
})
