import type { Storage } from '../../src/storage/storage.ts'
import type { Accepted } from './fault-clients.ts'

export interface Findings {
  counts: [string, number][]
  /** What does not add up, in words. */
  wrong: string[]
}

const SHOWN = 10

/** Holds what the clients were told against what the database has. */
export async function inspect({ sql }: Pick<Storage, 'sql'>, accepted: Accepted[]): Promise<Findings> {
  const wrong: string[] = []
  const counts: [string, number][] = []
  const orders = accepted.filter(({ kind }) => kind === 'order')
  const refunds = accepted.filter(({ kind }) => kind === 'refund')

  async function count(label: string, text: string): Promise<number> {
    const [row] = await sql<{ count: number }>(`SELECT count(*)::int AS count FROM ${text}`)
    counts.push([label, row?.count ?? 0])
    return row?.count ?? 0
  }
  async function none(label: string, text: string): Promise<void> {
    const rows = await sql<{ id: string }>(text)
    if (rows.length > 0)
      wrong.push(
        `${label}: ${rows
          .slice(0, SHOWN)
          .map(({ id }) => id)
          .join(', ')} (${rows.length})`,
      )
  }
  function same(label: string, one: number, other: number): void {
    if (one !== other) wrong.push(`${label}: ${one} and ${other}`)
  }

  counts.push(['orders that clients were told of', orders.length])
  same('two keys were told of one order', new Set(orders.map(({ orderId }) => orderId)).size, orders.length)
  same('orders', await count('orders in the database', 'orders'), orders.length)
  const stored = new Set((await sql<{ id: string }>('SELECT id FROM orders')).map(({ id }) => id))
  const lost = orders.filter(({ orderId }) => !stored.has(orderId))
  if (lost.length > 0)
    wrong.push(`accepted orders that are gone: ${lost.slice(0, SHOWN).map(({ orderId }) => orderId)}`)
  const kept = 'idempotency_keys WHERE status = 201'
  same('kept answers of orders', await count('kept answers of orders', kept), orders.length)
  const done = (operation: string) => `audit_entries WHERE outcome = 'done' AND operation_id = '${operation}'`
  same('audit entries of orders', await count('audit entries of orders', done('createOrder')), orders.length)
  const placed = "messages WHERE event = 'order.placed'"
  same('outbox messages of orders', await count('outbox messages of orders', placed), orders.length)
  await none(
    'orders without exactly one audit entry',
    `SELECT o.id FROM orders o WHERE (SELECT count(*) FROM ${done('createOrder')}
    AND resource_id = o.id::text) <> 1`,
  )
  await none(
    'orders without exactly one message',
    `SELECT o.id FROM orders o WHERE (SELECT count(*) FROM ${placed}
    AND about_id = o.id::text) <> 1`,
  )

  counts.push(['refunds that clients were told of', refunds.length])
  same('refunds', await count('refunds in the database', 'refunds'), refunds.length)
  same('audit entries of refunds', await count('audit entries of refunds', done('refundOrder')), refunds.length)
  const refunded = "messages WHERE event = 'order.refunded'"
  same('outbox messages of refunds', await count('outbox messages of refunds', refunded), refunds.length)
  const [money] = await sql<{ sum: number }>('SELECT coalesce(sum(amount), 0)::int AS sum FROM refunds')
  same(
    'the money given back',
    money?.sum ?? 0,
    refunds.reduce((sum, { amount = 0 }) => sum + amount, 0),
  )

  await none(
    'stock that does not add up',
    `SELECT p.sku AS id FROM products p WHERE p.stock + coalesce((SELECT sum(quantity)
    FROM order_items i WHERE i.sku = p.sku), 0) <> 1000000`,
  )
  await none(
    'totals that do not add up',
    `SELECT o.id FROM orders o WHERE o.total_amount <> (SELECT sum(quantity * unit_amount)
    FROM order_items i WHERE i.order_id = o.id)`,
  )
  await none(
    'refunds that do not add up',
    `SELECT o.id FROM orders o WHERE o.refunded_amount > o.total_amount OR
    o.refunded_amount <> coalesce((SELECT sum(amount) FROM refunds r WHERE r.order_id = o.id), 0)`,
  )
  return { counts, wrong }
}
