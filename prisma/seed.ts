import { v7 as uuidv7 } from 'uuid'
import { type Random, randomNumbers } from '../src/random.ts'
import type { Prisma } from '../src/storage/generated/client.ts'
import { FIRST_NAMES, KINDS, LAST_NAMES, MATERIALS, NOTES, PLACES, REASONS } from './demo-catalogue.ts'

/** The people behind the demo keys; everybody else in the demo data is a customer. */
export const DEMO_USERS = {
  admin: 'demo_admin',
  manager: 'demo_manager',
  support: 'demo_support',
  customer: 'demo_customer',
} as const

const USERS = 200
const ORDERS = 1000
const DAY = 24 * 60 * 60 * 1000
const SEED = 20260701

/**
 * Fills an empty database with a shop of one year: the same people, products and orders every time, their times
 * counted back from now.
 */
export async function seed(db: Prisma.TransactionClient, now: Date): Promise<void> {
  const random = randomNumbers(SEED)
  const users = makeUsers(random, now)
  const products = makeProducts(random, now)
  await db.user.createMany({ data: users })
  await db.product.createMany({ data: products })
  const orders = Array.from({ length: ORDERS }, () => makeOrder(random, now, users, products))
  await db.order.createMany({ data: orders.map(({ order }) => order) })
  await db.orderItem.createMany({ data: orders.flatMap(({ items }) => items) })
  await db.orderEvent.createMany({ data: orders.flatMap(({ events }) => events) })
}

const between = (random: Random, low: number, high: number) => low + Math.floor(random() * (high - low + 1))
const pick = <T>(random: Random, from: readonly T[]) => from[Math.floor(random() * from.length)] as T
const chance = (random: Random, share: number) => random() < share

function idAt(random: Random, time: Date): string {
  return uuidv7({
    msecs: time.getTime(),
    random: Uint8Array.from({ length: 16 }, () => between(random, 0, 255)),
    seq: between(random, 0, 2 ** 31 - 1),
  })
}

type NewUser = Prisma.UserCreateManyInput & { id: string; createdAt: Date; status: string }

function makeUsers(random: Random, now: Date): NewUser[] {
  const staff = Object.entries(DEMO_USERS).map(([role, username]) => ({
    role: role as keyof typeof DEMO_USERS,
    username,
  }))
  return Array.from({ length: USERS }, (_, index) => {
    const first = pick(random, FIRST_NAMES)
    const last = pick(random, LAST_NAMES)
    const place = pick(random, PLACES)
    const { role, username } = staff[index] ?? { role: 'customer' as const, username: toUsername(first, last, index) }
    const createdAt = new Date(now.getTime() - (staff[index] ? 400 : between(random, 200, 399)) * DAY + index * 1000)
    const phone = `${place.dial}${between(random, 1_000_000, 9_999_999)}`
    return {
      id: idAt(random, createdAt),
      username,
      usernameKey: username.toLowerCase(),
      email: `${username.toLowerCase().replaceAll('_', '.')}@example.com`,
      role,
      status:
        staff[index] || !chance(random, 0.05) ? ('active' as const) : pick(random, ['suspended', 'closed'] as const),
      fullName: `${first} ${last}`,
      phone: chance(random, 0.7) ? phone : null,
      locale: place.locale,
      timeZone: place.timeZone,
      contactChannel: pick(random, ['email', 'email', 'phone', 'sms', 'none'] as const),
      marketingConsent: chance(random, 0.4),
      createdAt,
      updatedAt: createdAt,
    }
  })
}

/** Letters without their marks, and the index, so that no two are the same. */
function toUsername(first: string, last: string, index: number): string {
  const plain = `${first}_${last}`.normalize('NFD').replaceAll(/[^A-Za-z_]/g, '')
  return `${plain.slice(0, 16)}_${index}`
}

type NewProduct = Prisma.ProductCreateManyInput

function makeProducts(random: Random, now: Date): NewProduct[] {
  const createdAt = new Date(now.getTime() - 400 * DAY)
  return KINDS.flatMap((kind) =>
    MATERIALS.map((material) => ({
      sku: `${kind.code}-${material.code}-${between(random, 10, 99)}`,
      name: `${material.name} ${kind.name}`,
      description: kind.text,
      priceAmount: Math.round((kind.from * material.factor) / 5) * 5,
      currency: 'EUR',
      stock: chance(random, 0.08) ? 0 : between(random, 5, 250),
      createdAt,
      updatedAt: createdAt,
    })),
  )
}

function makeOrder(random: Random, now: Date, users: NewUser[], products: NewProduct[]) {
  const buyer = pick(
    random,
    users.filter(({ status }) => status === 'active'),
  )
  const support = users[Object.keys(DEMO_USERS).indexOf('support')] as NewUser
  const createdAt = new Date(now.getTime() - Math.floor(random() * 365 * DAY))
  const id = idAt(random, createdAt)
  const chosen = new Map(
    Array.from({ length: between(random, 1, 4) }, () => pick(random, products)).map((p) => [p.sku, p]),
  )
  const items = [...chosen.values()].map((product, position) => ({
    orderId: id,
    position,
    sku: product.sku,
    name: product.name,
    quantity: between(random, 1, 3),
    unitAmount: product.priceAmount,
  }))
  const status = chance(random, 0.08)
    ? 'cancelled'
    : now.getTime() - createdAt.getTime() > 10 * DAY
      ? 'fulfilled'
      : 'placed'
  const endedAt = new Date(Math.min(createdAt.getTime() + between(random, 1, 72) * 3_600_000, now.getTime()))
  const placed = {
    orderId: id,
    position: 0,
    status: 'placed' as const,
    at: createdAt,
    userId: buyer.id,
    agentId: null,
    reason: null,
  }
  const reason = status === 'cancelled' ? pick(random, REASONS) : null
  const ended = { orderId: id, position: 1, status, at: endedAt, userId: support.id, agentId: null, reason } as const
  const open = status === 'placed'
  return {
    order: {
      id,
      userId: buyer.id,
      status,
      currency: 'EUR',
      totalAmount: BigInt(items.reduce((sum, item) => sum + item.quantity * item.unitAmount, 0)),
      note: chance(random, 0.2) ? pick(random, NOTES) : null,
      version: open ? 1 : 2,
      createdAt,
      updatedAt: open ? createdAt : endedAt,
    } as const,
    items,
    events: open ? [placed] : [placed, ended],
  }
}
