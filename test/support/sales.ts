import { v7 as uuidv7 } from 'uuid'
import { randomNumbers } from '../../src/random.ts'
import type { OrderStatus } from '../../src/storage/generated/enums.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { PEOPLE } from './service.ts'

/** Whole numbers from 0 to below `most`, the same ones each time. */
export function wholeNumbers(seed: number) {
  const random = randomNumbers(seed)
  return (most: number) => Math.floor(random() * most)
}

const SKUS = [
  { sku: 'LAMP', currency: 'EUR' },
  { sku: 'MUG', currency: 'EUR' },
  { sku: 'FAN', currency: 'JPY' },
]
const STATUSES: OrderStatus[] = ['placed', 'fulfilled', 'fulfilled', 'cancelled']
const BUYERS = [PEOPLE.ada.id, PEOPLE.bob.id, PEOPLE.support.id]

export const FIRST_DAY = Date.parse('2026-01-01T00:00:00Z')
export const HOUR = 60 * 60 * 1000

/** Adds what orders refer to, where no service did. */
export async function addShop({ db }: Storage): Promise<void> {
  const now = new Date()
  const time = { createdAt: now, updatedAt: now }
  await db.user.createMany({
    data: [...BUYERS, PEOPLE.manager.id].map((id) => ({
      id,
      email: `${id}@example.com`,
      username: id,
      usernameKey: id,
      fullName: 'A Person',
      ...time,
    })),
  })
  await db.product.createMany({
    data: SKUS.map(({ sku, currency }) => ({
      sku,
      currency,
      name: sku,
      description: '',
      priceAmount: 1,
      stock: 0,
      ...time,
    })),
  })
}

/**
 * Adds orders of the days from FIRST_DAY on, one an hour, of several people, currencies and states. Their
 * amounts are far larger than the API takes, so that sums pass what a number of JavaScript holds.
 */
export async function addSales({ db }: Storage, count: number, seed = 7): Promise<void> {
  const random = wholeNumbers(seed)
  const orders = Array.from({ length: count }, (_, index) => {
    const at = new Date(FIRST_DAY + index * HOUR)
    const { currency } = SKUS[random(3)] as (typeof SKUS)[number]
    const id = uuidv7({ msecs: at.getTime() })
    const items = SKUS.filter((each) => each.currency === currency && random(3) > 0).map(({ sku }, position) => ({
      orderId: id,
      position,
      sku,
      name: `${sku} ${index}`,
      quantity: 1 + random(1_000_000),
      unitAmount: random(2_000_000_000),
    }))
    const total = items.reduce((sum, { quantity, unitAmount }) => sum + BigInt(quantity) * BigInt(unitAmount), 0n)
    const order = {
      id,
      userId: BUYERS[random(3)] as string,
      status: STATUSES[random(4)] as OrderStatus,
      currency,
      totalAmount: total,
      refundedAmount: random(4) === 0 ? total / 3n : 0n,
      createdAt: at,
      updatedAt: at,
    }
    return { order, items }
  })
  await db.order.createMany({ data: orders.map(({ order }) => order) })
  await db.orderItem.createMany({ data: orders.flatMap(({ items }) => items) })
}

/** Adds a report of the manager's, without a job. @returns its id */
export async function addReport({ db }: Storage, status: 'queued' | 'done'): Promise<string> {
  const at = new Date()
  const finished = { status, result: '[]', rowCount: 0, finishedAt: at }
  const { id } = await db.report.create({
    data: {
      id: uuidv7(),
      groupBy: 'day',
      from: new Date(FIRST_DAY),
      to: new Date(FIRST_DAY + HOUR),
      userId: PEOPLE.manager.id,
      createdAt: at,
      updatedAt: at,
      ...(status === 'done' && finished),
    },
  })
  return id
}

/** Asks again and again until the answer is there. @throws Error after `ms` */
export async function until<T>(ask: () => Promise<T | undefined | false>, ms = 60_000): Promise<T> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    const found = await ask()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('It did not happen in time.')
}
