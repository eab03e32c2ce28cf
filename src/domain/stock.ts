import type { Database } from './call.ts'
import { CodedError, invalid, type Violation } from './errors.ts'

interface Wanted {
  sku: string
  quantity: number
}

export interface Reserved extends Wanted {
  name: string
  unitAmount: number
  currency: string
}

/**
 * Takes the items out of stock and tells their prices. Each product is taken by one guarded statement, so that the
 * stock cannot fall below zero; products are taken in the order of their SKUs, so that two orders cannot deadlock.
 * The caller's transaction undoes all of it when one item cannot be had.
 * @returns the items in the order they were asked for
 * @throws CodedError unknown-product, insufficient-stock: each names every item at fault; validation-failed
 */
export async function reserveStock(db: Database, wanted: Wanted[], now: Date): Promise<Reserved[]> {
  const again = wanted.findIndex((item, index) => wanted.findIndex(({ sku }) => sku === item.sku) < index)
  if (again > 0) throw invalid(`/body/items/${again}/sku`, 'unique', 'is listed twice: add the quantities up')
  const reserved = new Map<string, Reserved>()
  const missing: Wanted[] = []
  for (const item of inOrder(wanted)) {
    const [product] = await db.product.updateManyAndReturn({
      where: { sku: item.sku, stock: { gte: item.quantity } },
      data: { stock: { decrement: item.quantity }, version: { increment: 1 }, updatedAt: now },
      select: { name: true, priceAmount: true, currency: true },
    })
    if (product) {
      reserved.set(item.sku, {
        ...item,
        name: product.name,
        unitAmount: product.priceAmount,
        currency: product.currency,
      })
    } else missing.push(item)
  }
  if (missing.length > 0) throw await explain(db, wanted, missing)
  return wanted.map(({ sku }) => reserved.get(sku) as Reserved)
}

/** Puts the items of a cancelled order back. */
export async function returnStock(db: Database, items: Wanted[], now: Date): Promise<void> {
  for (const { sku, quantity } of inOrder(items)) {
    await db.product.update({
      where: { sku },
      data: { stock: { increment: quantity }, version: { increment: 1 }, updatedAt: now },
    })
  }
}

const inOrder = <T extends Wanted>(items: T[]) => items.toSorted((a, b) => (a.sku < b.sku ? -1 : 1))

async function explain(db: Database, wanted: Wanted[], missing: Wanted[]): Promise<CodedError> {
  const found = await db.product.findMany({
    where: { sku: { in: missing.map(({ sku }) => sku) } },
    select: { sku: true, stock: true },
  })
  const stock = new Map(found.map((product) => [product.sku, product.stock]))
  const violations = missing.map(({ sku, quantity }): Violation => {
    const index = wanted.findIndex((item) => item.sku === sku)
    return stock.has(sku)
      ? {
          pointer: `/body/items/${index}/quantity`,
          code: 'stock',
          message: `is ${quantity}, but ${stock.get(sku)} of ${sku} are in stock`,
        }
      : { pointer: `/body/items/${index}/sku`, code: 'product', message: 'is not a product' }
  })
  const unknown = violations.some(({ code }) => code === 'product')
  return new CodedError(unknown ? 'unknown-product' : 'insufficient-stock', undefined, violations)
}
