import { randomUUID } from 'node:crypto'
import type { Sql } from '../../src/storage/sql.ts'
import { openApp } from './app.ts'
import { orderBody, type Target } from './shop.ts'

export interface Statement {
  text: string
  values: unknown[]
}

/** Places orders through the service and writes down what each transaction sent to the database. */
export async function recordOrders(target: Target, orders: number): Promise<Statement[][]> {
  const recorded: Statement[][] = []
  const { app, storage, key } = await openApp(target, (real) => ({
    ...real,
    transaction: (work) =>
      real.transaction((db, sql) => {
        const statements: Statement[] = []
        recorded.push(statements)
        const listening: Sql = (text, values = []) => {
          statements.push({ text, values })
          return sql(text, values)
        }
        return work(db, listening)
      }),
  }))
  for (let index = 0; index < orders; index++) {
    const { statusCode } = await app.inject({
      method: 'POST',
      url: '/api/v1/orders',
      headers: { authorization: `Bearer ${key}`, 'idempotency-key': randomUUID() },
      payload: orderBody(index),
    })
    if (statusCode !== 201) throw new Error(`an order was answered with ${statusCode}`)
  }
  await app.close()
  await storage.close()
  return recorded
}
