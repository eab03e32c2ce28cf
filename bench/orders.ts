// npm run bench:orders: createOrder over HTTP with all safeguards, beside the bare statements of the same transaction.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runBare } from './support/bare.ts'
import { compareEach, type Make } from './support/compare.ts'
import { runHttp } from './support/http.ts'
import { recordOrders } from './support/record.ts'
import type { Target } from './support/shop.ts'

const ORDERS = Number(process.env.BENCH_ORDERS ?? 3000)
const IN_FLIGHT = 16
const ROUNDS = 3
const WANTED = 0.4

interface Measured {
  perSecond: number
}

const best = (runs: Measured[]) => Math.max(...runs.map(({ perSecond }) => perSecond))
const show = (label: string, perSecond: number) =>
  console.log(`${label.padEnd(58)}${perSecond.toFixed(0).padStart(7)}/s`)

/** Both sides in turns, so that what else the machine does falls on both. */
async function compare(name: string, make: Make) {
  const http: Measured[] = []
  const bare: Measured[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const drops: (() => void | Promise<void>)[] = []
    const target = async (): Promise<Target> => {
      const dataDir = mkdtempSync(join(tmpdir(), 'handrail-bench-'))
      const { databaseUrl, drop } = await make()
      drops.push(drop, () => rmSync(dataDir, { recursive: true, force: true }))
      return { databaseUrl, dataDir }
    }
    try {
      const recorded = await recordOrders(await target(), ORDERS)
      bare.push(await runBare(await target(), recorded, IN_FLIGHT))
      http.push(await runHttp(await target(), ORDERS, IN_FLIGHT))
    } finally {
      for (const drop of drops) await drop()
    }
  }
  const ratio = best(http) / best(bare)
  console.log(`\n${name}, ${ORDERS} orders, ${IN_FLIGHT} in flight, best of ${ROUNDS}`)
  show('  the bare transaction, the same statements', best(bare))
  show('  createOrder over HTTP, all safeguards on', best(http))
  console.log(`  ratio ${ratio.toFixed(2)} (wanted: at least ${WANTED})`)
  return ratio
}

await compareEach(compare, WANTED)
