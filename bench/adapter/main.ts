/**
 * npm run bench:adapter [-- --quick]: one tool call through the adapter, through the SDK's stock serving, through a bare
 * Fastify route, and the request to the API alone. Each server is a process of its own; this one makes the load. Rounds
 * are interleaved, and figures are medians. Processor time per call says more than calls a second where other work
 * shares the machine. --wanted: the process fails where the ratios of issue 5 are not reached.
 */
import { parseArgs } from 'node:util'
import { type Contender, firstSeconds, measure, type Result, type Round } from './support/measure.ts'
import { start } from './support/process.ts'
import { call, direct, type Era, mcp } from './support/requests.ts'
import { median, row, table } from './support/table.ts'

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, wanted: { type: 'boolean', default: false } },
})
const ROUND: Round = values.quick
  ? { starts: 3, rounds: 1, warmCalls: 6000, ms: 1000 }
  : { starts: 5, rounds: 2, warmCalls: 12_000, ms: 2000 }
const FIRST_ROUNDS = values.quick ? 3 : 7
const ERAS: Era[] = ['2026-07-28', '2025-11-25']

const backend = await start('backend.ts')
const BENCH_API = `http://127.0.0.1:${backend.port}`
const isOrder = (status: number, body: string) => status === 200 && body.includes('LAMP-01')

const contender = (name: string, file: string, era: Era, env: Record<string, string> = {}): Contender => ({
  name,
  file,
  env: { BENCH_API, ...env },
  request: call(era),
  isRight: isOrder,
})

const tell = (what: string, ratio: number) => console.log(`${what}: ${ratio.toFixed(2)}`)

let isEnough = true
/** Prints a ratio, and remembers whether it is as wanted. */
function judge(what: string, ratio: number, wanted: number) {
  isEnough &&= ratio >= wanted
  console.log(`${what}: ${ratio.toFixed(2)} (wanted: at least ${wanted})`)
}
/** The median of what the rounds say: what shares the machine is the same for both within a round, not between rounds. */
function ratio(of: 'perSecond' | 'cpuMs', { runs }: Result, to: Result): number {
  return median(runs.map((run, round) => run[of] / (to.runs[round]?.[of] ?? Number.NaN)))
}

for (const era of ERAS) {
  const contenders = [
    contender('adapter', 'adapter.ts', era),
    contender('stock SDK', 'stock.ts', era),
    contender('bare route', 'bare.ts', era),
    { name: 'direct', running: backend, request: direct, isRight: isOrder },
  ]
  for (const inFlight of values.quick ? [16] : [1, 16, 64]) {
    const results = await measure(contenders, inFlight, ROUND)
    console.log(`\ntools/call, ${era}, ${inFlight} in flight`)
    table(results.map(row))
    const [adapter, stock, bare] = results as [Result, Result, Result]
    // What is wanted is wanted of 16 in flight; one caller alone spends most of its time on the wire and at the API.
    const say = inFlight === 16 ? judge : tell
    say('  calls per second, of stock SDK serving', ratio('perSecond', adapter, stock), 4)
    say('  calls per second, of the bare route', ratio('perSecond', adapter, bare), 0.75)
    console.log(`  processor time per call: stock SDK / adapter ${ratio('cpuMs', stock, adapter).toFixed(2)},`)
    console.log(`    bare route / adapter ${ratio('cpuMs', bare, adapter).toFixed(2)}`)
  }
}

console.log('\nThe adapter in other circumstances, tools/call, 2026-07-28, 16 in flight')
const variants = await measure(
  [
    contender('1 tool', 'adapter.ts', '2026-07-28'),
    contender('51 tools', 'adapter.ts', '2026-07-28', { BENCH_TOOLS: '51' }),
    contender('without log', 'adapter.ts', '2026-07-28', { BENCH_LOG: 'off' }),
    contender('rights asked with each call', 'adapter.ts', '2026-07-28', { BENCH_ACCESS: 'on' }),
    {
      ...contender('tools/list of 51', 'adapter.ts', '2026-07-28', { BENCH_TOOLS: '51' }),
      request: (index) => mcp('2026-07-28', 'tools/list', {}, index),
      isRight: (status, body) => status === 200 && body.includes('get_order_50'),
    },
    contender('stock SDK, 51 tools', 'stock.ts', '2026-07-28', { BENCH_TOOLS: '51' }),
  ],
  16,
  ROUND,
)
table(variants.map(row))
const [one, many] = variants as [Result, Result]
console.log(`  processor time per call, 51 tools of 1: ${ratio('cpuMs', many, one).toFixed(2)}`)

console.log('\nThe first second after start, 2026-07-28, 16 in flight')
const firsts = await firstSeconds(
  [
    contender('adapter', 'adapter.ts', '2026-07-28'),
    contender('stock SDK', 'stock.ts', '2026-07-28'),
    contender('bare route', 'bare.ts', '2026-07-28'),
  ],
  FIRST_ROUNDS,
)
table(firsts.map(({ name, calls }) => ({ name, 'calls in it': Math.round(median(calls)) })))
const bareCalls = firsts[2]?.calls ?? []
const shares = (firsts[0]?.calls ?? []).map((calls, round) => calls / (bareCalls[round] ?? Number.NaN))
judge('  of the bare route', median(shares), 0.6)

await backend.stop()
if (values.wanted && !isEnough) process.exitCode = 1
