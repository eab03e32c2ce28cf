import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Pool } from 'undici'
import { startProcess } from '../../scripts/support/running-service.ts'
import { timed } from './bare.ts'
import { openShop, orderBody, PEPPER, type Target } from './shop.ts'

/** Places orders over HTTP at the built service, which runs as a process of its own with everything switched on. */
export async function runHttp(target: Target, orders: number, inFlight: number, env: Record<string, string> = {}) {
  const { storage, key } = await openShop(target)
  await storage.close()
  writeFileSync(join(target.dataDir, 'key-secret'), PEPPER, { mode: 0o600 })
  const service = await startProcess(target.dataDir, {
    HANDRAIL_REQUESTS_PER_MINUTE: '100000000',
    HANDRAIL_QUOTA_PER_MINUTE: '100000000',
    HANDRAIL_AGENT_QUOTA_PER_MINUTE: '100000000',
    HANDRAIL_CONCURRENT_PER_CALLER: '1000',
    ...(target.databaseUrl && { DATABASE_URL: target.databaseUrl }),
    ...env,
  })
  const pool = new Pool(service.api, { connections: inFlight })
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const warm = Math.floor(orders / 10)
  const perSecond = await timed(orders - warm, warm, inFlight, async (index) => {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: '/api/v1/orders',
      headers: { ...headers, 'idempotency-key': randomUUID() },
      body: JSON.stringify(orderBody(index)),
    })
    const text = await body.text()
    if (statusCode !== 201) throw new Error(`an order was answered with ${statusCode}: ${text}`)
  })
  await pool.close()
  await service.stop()
  return { perSecond }
}
