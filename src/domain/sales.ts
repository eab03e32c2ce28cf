/** What a report of sales sums up by. */
export type GroupBy = 'day' | 'product' | 'customer'

/** What one order adds to a report. Amounts are minor units of its currency. */
export interface Sale {
  userId: string
  currency: string
  createdAt: Date
  total: bigint
  refunded: bigint
  lines: { sku: string; name: string; quantity: number; unitAmount: number }[]
}

/** The sums of one key in one currency, as they are kept between two chunks; amounts as decimal text. */
export interface Sum {
  /** A day in UTC (2026-01-31), a SKU, or the id of a user. */
  key: string
  currency: string
  /** The name of the product in the newest order. */
  name?: string
  orders: number
  /** Pieces. */
  quantity: number
  revenue: string
  refunded: string
}

interface Running extends Omit<Sum, 'revenue' | 'refunded'> {
  revenue: bigint
  refunded: bigint
}

/**
 * Sums sales up by key and currency. Amounts are added as BigInt: a sum of many orders may be larger than a number of
 * JavaScript can hold exactly.
 * @param before the sums to go on from
 */
export function createSums(groupBy: GroupBy, before: Sum[] = []) {
  const sums = new Map<string, Running>()
  for (const { revenue, refunded, ...rest } of before) {
    sums.set(nameOf(rest), { ...rest, revenue: BigInt(revenue), refunded: BigInt(refunded) })
  }

  function at(key: string, currency: string): Running {
    const name = nameOf({ key, currency })
    const known = sums.get(name)
    if (known) return known
    const fresh = { key, currency, orders: 0, quantity: 0, revenue: 0n, refunded: 0n }
    sums.set(name, fresh)
    return fresh
  }

  function addWhole(key: string, { currency, total, refunded, lines }: Sale): void {
    const sum = at(key, currency)
    sum.orders++
    for (const { quantity } of lines) sum.quantity += quantity
    sum.revenue += total
    sum.refunded += refunded
  }

  function addLines({ currency, lines }: Sale): void {
    const met = new Set<string>()
    for (const { sku, name, quantity, unitAmount } of lines) {
      const sum = at(sku, currency)
      // An order counts once for a product, even where it lists it twice.
      if (!met.has(sku)) sum.orders++
      met.add(sku)
      sum.name = name
      sum.quantity += quantity
      sum.revenue += BigInt(quantity) * BigInt(unitAmount)
    }
  }

  return {
    add(sale: Sale): void {
      if (groupBy === 'product') addLines(sale)
      else addWhole(groupBy === 'day' ? sale.createdAt.toISOString().slice(0, 10) : sale.userId, sale)
    },
    /** How many keys there are so far. */
    size: () => sums.size,
    /** @returns the sums by key, then currency */
    list: (): Sum[] =>
      [...sums.values()]
        .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
        .map((sum) => ({ ...sum, revenue: String(sum.revenue), refunded: String(sum.refunded) })),
  }
}

const nameOf = ({ key, currency }: Pick<Sum, 'key' | 'currency'>) => `${key} ${currency}`
