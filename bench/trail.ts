// npm run bench:trail: orders a second with the audit trail's chain and seals made in the background, and without.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSealer } from '../src/audit/sealer.ts'
import { openSeals } from '../src/audit/seals.ts'
import { openApp } from './support/app.ts'
import { timed } from './support/bare.ts'
import { compareEach, type Make } from './support/compare.ts'
import { orderBody } from './support/shop.ts'

const ORDERS = Number(process.env.BENCH_ORDERS ?? 2000)
const IN_FLIGHT = 16
const ROUNDS = 3
const WANTED = 0.9

async function run(databaseUrl: string | undefined, sealing: boolean): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), 'handrail-bench-'))
  const { app, storage, key } = await openApp({ databaseUrl, dataDir })
  const report = (error: unknown) => console.error(error)
  const folders = { folder: join(dataDir, 'seals'), keysFolder: join(dataDir, 'seal-keys') }
  const sealer = createSealer(storage, await openSeals(folders, report), { report })
  if (sealing) sealer.start()
  const headers = { authorization: `Bearer ${key}` }
  const perSecond = await timed(ORDERS, ORDERS / 10, IN_FLIGHT, async (index) => {
    const request = { method: 'POST', url: '/api/v1/orders', payload: orderBody(index) } as const
    const { statusCode } = await app.inject({ ...request, headers: { ...headers, 'idempotency-key': randomUUID() } })
    if (statusCode !== 201) throw new Error(`an order was answered with ${statusCode}`)
  })
  if (sealing) await sealer.close()
  await app.close()
  await storage.close()
  rmSync(dataDir, { recursive: true, force: true })
  return perSecond
}

/** In turns, so that what else the machine does falls on both. */
async function compare(name: string, make: Make) {
  const best = { with: 0, without: 0 }
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of ['without', 'with'] as const) {
      const { databaseUrl, drop } = await make()
      best[side] = Math.max(best[side], await run(databaseUrl, side === 'with'))
      await drop()
    }
  }
  const ratio = best.with / best.without
  console.log(`\n${name}, ${ORDERS} orders, ${IN_FLIGHT} in flight, best of ${ROUNDS}`)
  console.log(`  without the chain ${best.without.toFixed(0).padStart(7)}/s`)
  console.log(`  with the chain    ${best.with.toFixed(0).padStart(7)}/s`)
  console.log(`  ratio ${ratio.toFixed(2)} (wanted: at least ${WANTED})`)
  return ratio
}

await compareEach(compare, WANTED)
