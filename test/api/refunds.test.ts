import t from 'tap'
import { onEachDatabase } from '../support/database.ts'
import { PEOPLE, startService } from '../support/service.ts'

const REASON = { reason: 'It arrived broken.' }

t.test('a refund goes back in parts, and never more than was paid', async (t) => {
  const { call, order } = await startService(t)
  const path = `/orders/${await order('ada')}/refund`
  const part = await call('support', 'POST', path, { ...REASON, amount: 1000 })
  t.match(part, {
    status: 200,
    body: {
      status: 'placed',
      refunded: { amount: 1000, currency: 'EUR' },
      refunds: [{ amount: { amount: 1000 }, by: { userId: PEOPLE.support.id, agentId: null }, ...REASON }],
      version: 2,
    },
  })
  const tooMuch = await call('support', 'POST', path, { ...REASON, amount: 3996 })
  t.match(tooMuch, { status: 409, body: { error: 'refund-too-large', message: /3995 of the 4995/ } })
  for (const amount of [2 ** 31, 1e12]) {
    t.match(await call('support', 'POST', path, { ...REASON, amount }), { status: 409 }, 'however much it is')
  }
  t.match((await call('support', 'POST', path, REASON)).body, {
    refunded: { amount: 4995 },
    refunds: [{ amount: { amount: 1000 } }, { amount: { amount: 3995 } }],
  })
  t.match((await call('support', 'POST', path, REASON)).body, { error: 'refund-too-large' })
})

onEachDatabase(t, 'refunds at once never add up to more than was paid', async (t, database) => {
  const { call, order, storage } = await startService(t, { database })
  const path = `/orders/${await order('ada')}/refund`
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => call('support', 'POST', path, { ...REASON, amount: 1000 })),
  )
  t.equal(answers.filter(({ status }) => status === 200).length, 4)
  const stored = await storage.db.order.findFirstOrThrow({ include: { refunds: true } })
  t.equal(stored.refundedAmount, 4000n)
  t.same(stored.refunds.map(({ position }) => position).sort(), [0, 1, 2, 3])
  await t.rejects(storage.db.order.update({ where: { id: stored.id }, data: { refundedAmount: 5000n } }))
})
