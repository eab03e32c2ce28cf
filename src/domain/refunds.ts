import type { Call } from './call.ts'
import { CodedError } from './errors.ts'
import { actor, findOrder, orderEvent, presentOrder } from './orders.ts'

export interface NewRefund {
  /** Minor units; all that is left of the payment where it is left out. */
  amount?: number
  reason: string
}

/**
 * Gives money back, in part or all that is left of what was paid; the items stay where they are.
 * @throws CodedError order-not-found, refund-too-large
 */
export async function refundOrder({ caller, db, now, outbox }: Call, orderId: string, { amount, reason }: NewRefund) {
  const { totalAmount, refundedAmount } = await findOrder(db, orderId)
  const wanted = amount === undefined ? totalAmount - refundedAmount : BigInt(amount)
  // One guarded statement: of two refunds at once, the second one sees what the first one left.
  const [changed] = await db.$queryRaw<{ id: string }[]>`
    UPDATE orders SET refunded_amount = refunded_amount + ${wanted}, version = version + 1, updated_at = ${now}
    WHERE id = ${orderId}::uuid AND ${wanted}::bigint > 0 AND refunded_amount + ${wanted} <= total_amount
    RETURNING id`
  const before = await findOrder(db, orderId)
  if (!changed) {
    const left = before.totalAmount - before.refundedAmount
    throw new CodedError('refund-too-large', `${left} of the ${before.totalAmount} paid are left, in minor units.`)
  }
  const refund = await db.refund.create({
    data: { orderId, position: before.refunds.length, amount: wanted, reason, at: now, ...actor(caller) },
  })
  const order = { ...before, refunds: [...before.refunds, refund] }
  outbox.push(orderEvent('order.refunded', order, { refund: { amount: Number(wanted), currency: order.currency } }))
  return presentOrder(order)
}

/**
 * What will have gone back of an order's payment after a refund, in minor units.
 * @param amount of the refund; all that is left where it is undefined
 * @param lock keeps the order as it is until the transaction ends
 * @throws CodedError order-not-found
 */
export async function refundedAfter(
  sql: Call['sql'],
  orderId: string,
  amount: number | undefined,
  lock: boolean,
): Promise<number> {
  const [order] = await sql<{ total: string; refunded: string }>(
    `SELECT total_amount::text AS total, refunded_amount::text AS refunded FROM orders WHERE id = $1 ${lock ? 'FOR UPDATE' : ''}`,
    [orderId],
  )
  if (!order) throw new CodedError('order-not-found')
  return amount === undefined ? Number(order.total) : Number(order.refunded) + amount
}
