import type { Sql } from '../storage/sql.ts'
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

interface Product extends Omit<Reserved, 'quantity'> {
  stock: number
}

const LOCK = `SELECT sku, name, price_amount AS "unitAmount", currency, stock FROM products
  WHERE sku = ANY($1) ORDER BY sku FOR NO KEY UPDATE`
const TAKE = `UPDATE products SET stock = stock - taken.quantity, version = version + 1, updated_at = $3
  FROM unnest($1::text[], $2::int[]) AS taken (sku, quantity) WHERE products.sku = taken.sku`

/**
 * Takes the items out of stock and tells their prices. The products are locked in the order of their SKUs, so that
 * two orders cannot deadlock and the stock that was seen is the stock that is taken.
 * The caller's transaction undoes all of it when one item cannot be had.
 * @returns the items in the order they were asked for
 * @throws CodedError unknown-product, insufficient-stock: each names every item at fault; validation-failed
 */
export async function reserveStock(sql: Sql, wanted: Wanted[], now: Date): Promise<Reserved[]> {
  const again = wanted.findIndex((item, index) => wanted.findIndex(({ sku }) => sku === item.sku) < index)
  if (again > 0) throw invalid(`/body/items/${again}/sku`, 'unique', 'is listed twice: add the quantities up')
  const skus = wanted.map(({ sku }) => sku)
  const products = new Map((await sql<Product>(LOCK, [skus])).map((product) => [product.sku, product]))
  if (wanted.some(({ sku, quantity }) => (products.get(sku)?.stock ?? 0) < quantity)) throw explain(products, wanted)
  await sql(TAKE, [skus, wanted.map(({ quantity }) => quantity), now])
  return wanted.map(({ sku, quantity }) => {
    const { name, unitAmount, currency } = products.get(sku) as Product
    return { sku, quantity, name, unitAmount, currency }
  })
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

function explain(products: Map<string, Product>, wanted: Wanted[]): CodedError {
  const violations = wanted.flatMap(({ sku, quantity }, index): Violation[] => {
    const stock = products.get(sku)?.stock
    if (stock === undefined)
      return [{ pointer: `/body/items/${index}/sku`, code: 'product', message: 'is not a product' }]
    if (stock >= quantity) return []
    const message = `is ${quantity}, but ${stock} of ${sku} are in stock`
    return [{ pointer: `/body/items/${index}/quantity`, code: 'stock', message }]
  })
  const unknown = violations.some(({ code }) => code === 'product')
  return new CodedError(unknown ? 'unknown-product' : 'insufficient-stock', undefined, violations)
}
