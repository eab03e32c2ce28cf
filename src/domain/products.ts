import { matchKey } from '../privacy/match-key.ts'
import type { Product } from '../storage/generated/client.ts'
import type { Call, Database } from './call.ts'
import { uniqueViolation } from './database-errors.ts'
import { CodedError } from './errors.ts'
import { keyset, type PageQuery } from './page.ts'
import { containing } from './search.ts'

/** Integer minor units (cents of a euro) and an ISO 4217 code. */
export interface Money {
  amount: number
  currency: string
}

export interface ProductChanges {
  name?: string
  description?: string
  price?: Money
  stock?: number
}

export interface NewProduct {
  sku: string
  name: string
  description: string
  price: Money
  stock: number
}

export const SKU = /^[A-Z0-9][A-Z0-9-]{1,31}$/

export interface ProductQuery extends PageQuery {
  search?: string
}

/** A product as the API shows it. */
export function presentProduct(product: Product) {
  return {
    sku: product.sku,
    name: product.name,
    description: product.description,
    price: { amount: product.priceAmount, currency: product.currency },
    stock: product.stock,
    version: product.version,
    createdAt: product.createdAt.toISOString(),
    updatedAt: product.updatedAt.toISOString(),
  }
}

/** @throws CodedError sku-taken */
export async function createProduct({ db, now }: Call, { price, ...product }: NewProduct) {
  const data = {
    ...product,
    priceAmount: price.amount,
    currency: price.currency,
    createdAt: now,
    updatedAt: now,
  }
  try {
    return presentProduct(await db.product.create({ data }))
  } catch (error) {
    if (!uniqueViolation(error)) throw error
    throw new CodedError('sku-taken', undefined, [
      { pointer: '/body/sku', code: 'unique', message: 'is taken by another product' },
    ])
  }
}

export async function listProducts({ db }: Call, query: ProductQuery) {
  const list = keyset('products', query, SKU)
  const rows = await db.product.findMany({
    where: {
      AND: [
        list.after ? { sku: { gt: list.after } } : {},
        query.search
          ? {
              OR: [
                { sku: containing(matchKey(query.search)) },
                { name: containing(query.search) },
                { description: containing(query.search) },
              ],
            }
          : {},
      ],
    },
    orderBy: { sku: 'asc' },
    take: list.take,
  })
  return list.page(rows, (row) => row.sku, presentProduct)
}

/** @throws CodedError product-not-found */
export async function getProduct({ db }: Call, sku: string) {
  return presentProduct(await findProduct(db, sku))
}

/**
 * Changes what is named and leaves the rest. Stock counts as part of the product: an order placed since the read
 * makes the version stale, so a new stock never overwrites a reservation.
 * @throws CodedError product-not-found, precondition-failed
 */
export async function updateProduct({ db, now }: Call, sku: string, changes: ProductChanges, version: number) {
  const { price, ...columns } = changes
  const [changed] = await db.product.updateManyAndReturn({
    where: { sku, version },
    data: {
      ...columns,
      ...(price && { priceAmount: price.amount, currency: price.currency }),
      version: { increment: 1 },
      updatedAt: now,
    },
  })
  if (changed) return presentProduct(changed)
  await findProduct(db, sku)
  throw new CodedError('precondition-failed')
}

export async function findProduct(db: Database, sku: string): Promise<Product> {
  const product = await db.product.findUnique({ where: { sku } })
  if (!product) throw new CodedError('product-not-found')
  return product
}
