import { v7 as uuidv7 } from 'uuid'
import type { Order, OrderEvent, OrderItem, Refund } from '../storage/generated/client.ts'
import type { AccountStatus, OrderStatus } from '../storage/generated/enums.ts'
import { type Call, type Database, EVENTS_CHANNEL, type Outgoing, type Visibility } from './call.ts'
import { CodedError, invalid } from './errors.ts'
import { keyset, type PageQuery, UUID } from './page.ts'
import { reserveStock, returnStock } from './stock.ts'
import { toTime } from './time.ts'

export interface NewOrder {
  /** Defaults to the caller. */
  userId?: string
  items: { sku: string; quantity: number }[]
  note?: string
}

export interface OrderQuery extends PageQuery {
  userId?: string
  status?: OrderStatus
  /** Placed at or after, RFC 3339. */
  from?: string
  /** Placed before, RFC 3339. */
  to?: string
}

type FullOrder = Order & { items: OrderItem[]; events: OrderEvent[]; refunds: Refund[] }

const IN_ORDER = { orderBy: { position: 'asc' } } as const
const FULL = { items: IN_ORDER, events: IN_ORDER, refunds: IN_ORDER }

/** An order as the API shows it. */
export function presentOrder(order: FullOrder) {
  const money = (amount: number) => ({ amount, currency: order.currency })
  return {
    id: order.id,
    userId: order.userId,
    status: order.status,
    items: order.items.map((item) => ({
      sku: item.sku,
      name: item.name,
      quantity: item.quantity,
      unitPrice: money(item.unitAmount),
    })),
    total: money(Number(order.totalAmount)),
    refunded: money(Number(order.refundedAmount)),
    refunds: order.refunds.map((refund) => ({
      amount: money(Number(refund.amount)),
      at: refund.at.toISOString(),
      by: { userId: refund.userId, agentId: refund.agentId },
      reason: refund.reason,
    })),
    note: order.note,
    timeline: order.events.map((event) => ({
      status: event.status,
      at: event.at.toISOString(),
      by: { userId: event.userId, agentId: event.agentId },
      reason: event.reason,
    })),
    version: order.version,
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
  }
}

/**
 * Prices the items, takes them out of stock and places the order, all in the call's transaction.
 * @throws CodedError unknown-product, insufficient-stock, currency-mismatch, user-not-found, user-not-active
 */
export async function createOrder({ caller, sql, now, outbox }: Call, input: NewOrder) {
  const userId = await checkBuyer(sql, input.userId ?? caller.userId)
  const items = await reserveStock(sql, input.items, now)
  const [first] = items
  if (!first) throw invalid('/body/items', 'minItems', 'must have at least one item')
  const other = items.findIndex((item) => item.currency !== first.currency)
  if (other > 0) {
    throw new CodedError('currency-mismatch', undefined, [
      {
        pointer: `/body/items/${other}/sku`,
        code: 'currency',
        message: `is priced in ${items[other]?.currency}, the first item in ${first.currency}`,
      },
    ])
  }
  const id = uuidv7({ msecs: now.getTime() })
  const total = BigInt(items.reduce((sum, item) => sum + item.quantity * item.unitAmount, 0))
  const order = {
    id,
    userId,
    status: 'placed' as const,
    currency: first.currency,
    totalAmount: total,
    refundedAmount: 0n,
    note: input.note ?? null,
    version: 1,
    createdAt: now,
    updatedAt: now,
    items: items.map(({ currency: _, ...item }, position) => ({ ...item, orderId: id, position })),
    events: [{ orderId: id, position: 0, status: 'placed' as const, at: now, ...actor(caller), reason: null }],
    refunds: [],
  }
  await insertOrder(sql, order)
  outbox.push(orderEvent('order.placed', order))
  return presentOrder(order)
}

/** The order, its items and the first line of its timeline in one statement: this is the busiest path of all. */
async function insertOrder(sql: Call['sql'], order: FullOrder): Promise<void> {
  const [event] = order.events as [OrderEvent]
  await sql(
    `WITH placed AS (
      INSERT INTO orders (id, user_id, status, currency, total_amount, note, created_at, updated_at)
      VALUES ($1, $2, 'placed', $3, $4::bigint, $5, $6, $6)),
    listed AS (
      INSERT INTO order_items (order_id, position, sku, name, quantity, unit_amount)
      SELECT $1, * FROM unnest($7::int[], $8::text[], $9::text[], $10::int[], $11::int[]))
    INSERT INTO order_events (order_id, position, status, at, user_id, agent_id)
      VALUES ($1, 0, 'placed', $6, $12, $13)`,
    [
      order.id,
      order.userId,
      order.currency,
      String(order.totalAmount),
      order.note,
      order.createdAt,
      order.items.map((item) => item.position),
      order.items.map((item) => item.sku),
      order.items.map((item) => item.name),
      order.items.map((item) => item.quantity),
      order.items.map((item) => item.unitAmount),
      event.userId,
      event.agentId,
    ],
  )
}

/** What the service tells of an order: ids and amounts, no personal data. */
export const orderEvent = (
  event: string,
  { id, userId, totalAmount, currency }: Order,
  extra: object = {},
): Outgoing => ({
  id: uuidv7(),
  event,
  channelId: EVENTS_CHANNEL,
  text: JSON.stringify({ orderId: id, userId, total: { amount: Number(totalAmount), currency }, ...extra }),
  about: { type: 'order', id },
})

export async function listOrders({ db }: Call, query: OrderQuery, visible: Visibility) {
  const list = keyset('orders', query, UUID)
  const rows = await db.order.findMany({
    where: {
      AND: [
        visible.all ? {} : { userId: visible.ownerId },
        list.after ? { id: { lt: list.after } } : {},
        query.userId ? { userId: query.userId } : {},
        query.status ? { status: query.status } : {},
        query.from ? { createdAt: { gte: toTime(query.from, '/query/from') } } : {},
        query.to ? { createdAt: { lt: toTime(query.to, '/query/to') } } : {},
      ],
    },
    orderBy: { id: 'desc' },
    take: list.take,
    include: FULL,
  })
  return list.page(rows, (row) => row.id, presentOrder)
}

/** @throws CodedError order-not-found */
export async function getOrder({ db }: Call, orderId: string) {
  return presentOrder(await findOrder(db, orderId))
}

/**
 * Cancels a placed order and puts its items back into stock.
 * @throws CodedError order-not-found, order-not-open
 */
export async function cancelOrder(call: Call, orderId: string, reason: string) {
  const order = await close(call, orderId, 'cancelled', reason)
  await returnStock(call.db, order.items, call.now)
  call.outbox.push(orderEvent('order.cancelled', order))
  return presentOrder(order)
}

/** @throws CodedError order-not-found, order-not-open */
export async function fulfilOrder(call: Call, orderId: string) {
  const order = await close(call, orderId, 'fulfilled', null)
  call.outbox.push(orderEvent('order.fulfilled', order))
  return presentOrder(order)
}

/** The guard on the status makes sure that of two concurrent changes one wins and the other is told. */
async function close({ caller, db, now }: Call, orderId: string, status: OrderStatus, reason: string | null) {
  const { count } = await db.order.updateMany({
    where: { id: orderId, status: 'placed' },
    data: { status, version: { increment: 1 }, updatedAt: now },
  })
  const order = await findOrder(db, orderId)
  if (count === 0) throw new CodedError('order-not-open', `The order is ${order.status}.`)
  const event = await db.orderEvent.create({
    data: { orderId, position: order.events.length, status, at: now, ...actor(caller), reason },
  })
  return { ...order, events: [...order.events, event] }
}

export async function findOrder(db: Database, orderId: string): Promise<FullOrder> {
  const order = await db.order.findUnique({ where: { id: orderId }, include: FULL })
  if (!order) throw new CodedError('order-not-found')
  return order
}

/** Who did it, as a timeline tells. */
export const actor = (caller: Call['caller']) => ({ userId: caller.userId, agentId: caller.agentId ?? null })

/** The lock keeps the account as it is until the order is there. */
const CHECK = 'SELECT id, status FROM users WHERE id = $1 FOR SHARE'

/** @returns the id as it is stored */
async function checkBuyer(sql: Call['sql'], userId: string): Promise<string> {
  const [user] = await sql<{ id: string; status: AccountStatus }>(CHECK, [userId])
  const violation = { pointer: '/body/userId', code: 'user', message: 'is not an active user' }
  if (!user) throw new CodedError('user-not-found', undefined, [{ ...violation, message: 'is not a user' }])
  if (user.status !== 'active') throw new CodedError('user-not-active', undefined, [violation])
  return user.id
}
