import { v7 as uuidv7 } from 'uuid'
import type { Order, OrderEvent, OrderItem } from '../storage/generated/client.ts'
import type { OrderStatus } from '../storage/generated/enums.ts'
import type { Call, Database, Visibility } from './call.ts'
import { CodedError, invalid } from './errors.ts'
import { keyset, type PageQuery, UUID } from './page.ts'
import { reserveStock, returnStock } from './stock.ts'

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

type FullOrder = Order & { items: OrderItem[]; events: OrderEvent[] }

const FULL = { items: { orderBy: { position: 'asc' } }, events: { orderBy: { position: 'asc' } } } as const

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
export async function createOrder({ caller, db, now }: Call, input: NewOrder) {
  const userId = input.userId ?? caller.userId
  await checkBuyer(db, userId)
  const items = await reserveStock(db, input.items, now)
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
  const order = await db.order.create({
    data: {
      id: uuidv7(),
      userId,
      status: 'placed',
      currency: first.currency,
      totalAmount: BigInt(items.reduce((sum, item) => sum + item.quantity * item.unitAmount, 0)),
      note: input.note ?? null,
      createdAt: now,
      updatedAt: now,
      items: { create: items.map(({ currency, ...item }, position) => ({ ...item, position })) },
      events: { create: [{ position: 0, status: 'placed', at: now, ...actor(caller), reason: null }] },
    },
    include: FULL,
  })
  return presentOrder(order)
}

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
  return presentOrder(order)
}

/** @throws CodedError order-not-found, order-not-open */
export async function fulfilOrder(call: Call, orderId: string) {
  return presentOrder(await close(call, orderId, 'fulfilled', null))
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

const actor = (caller: Call['caller']) => ({ userId: caller.userId, agentId: caller.agentId ?? null })

async function checkBuyer(db: Database, userId: string): Promise<void> {
  const user = await db.user.findUnique({ where: { id: userId }, select: { status: true } })
  const violation = { pointer: '/body/userId', code: 'user', message: 'is not an active user' }
  if (!user) throw new CodedError('user-not-found', undefined, [{ ...violation, message: 'is not a user' }])
  if (user.status !== 'active') throw new CodedError('user-not-active', undefined, [violation])
}

/** RFC 3339 allows a leap second, which JavaScript and Postgres cannot hold. */
function toTime(text: string, pointer: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime()) || time.getUTCFullYear() < 1970 || time.getUTCFullYear() > 9999) {
    throw invalid(pointer, 'format', 'must be a time between 1970 and 9999, such as 2026-01-31T00:00:00Z')
  }
  return time
}
