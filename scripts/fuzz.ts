// npm run fuzz: bad requests over REST and MCP, made from the published documents. No 5xx, no hang, flat memory.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import type { Document } from '../api/openapi.ts'
import { emptyDatabase, serverRuns } from '../bench/support/server.ts'
import { ROOT } from '../src/root.ts'
import { type Answered, judgeMcp, judgeRest } from '../test/support/fuzz/judge.ts'
import { badMessages, type ListedTool } from '../test/support/fuzz/mcp.ts'
import { badRequests } from '../test/support/fuzz/rest.ts'
import { countOf } from './support/arguments.ts'
import { createSender, residentMiB, type Sent, sendBytes } from './support/fuzz-run.ts'
import { startProcess } from './support/running-service.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
  },
})
const REQUESTS = countOf('requests', values.requests)
const SEED = Number(values.seed)
const IN_FLIGHT = 16
/** Of the requests: the rest goes to MCP, and one in a hundred is not even HTTP. */
const REST_SHARE = 0.7
const BATCH = 500
/** The service warms up in the first fifth; from then on it may grow by this share. */
const GROWTH = 0.25
const HEAP_MIB = 256
const MOST_SHOWN = 20

interface Probe extends Sent {
  what: string
  judge(answer: Answered): string | undefined
}

const document: Document = JSON.parse(readFileSync(join(ROOT, 'openapi', 'v1.json'), 'utf8'))
const dataDir = mkdtempSync(join(tmpdir(), 'handrail-fuzz-'))
const database = (await serverRuns()) ? await emptyDatabase() : { databaseUrl: undefined, drop: async () => {} }
const service = await startProcess(dataDir, {
  // With much room V8 hardly collects anything: with little, what grows is what is held.
  NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}`,
  HANDRAIL_REQUESTS_PER_MINUTE: '100000000',
  HANDRAIL_QUOTA_PER_MINUTE: '100000000',
  HANDRAIL_AGENT_QUOTA_PER_MINUTE: '100000000',
  LOG_LEVEL: 'error',
  ...(database.databaseUrl && { DATABASE_URL: database.databaseUrl }),
})
const keys = Object.values(service.keys)
const rest = createSender(service.api, IN_FLIGHT)
const mcp = createSender(new URL(service.mcp).origin, IN_FLIGHT)

async function list(path: string, id: string): Promise<string[]> {
  const headers = { authorization: `Bearer ${service.keys.admin}` }
  const { body } = await rest.send({ method: 'GET', path: `/api/v1/${path}`, headers })
  return JSON.parse(body).items.map((item: Record<string, string>) => item[id])
}

async function listTools(): Promise<ListedTool[]> {
  const { body } = await mcp.send({
    method: 'POST',
    path: '/mcp',
    headers: {
      authorization: `Bearer ${service.keys.admin}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
  return JSON.parse(/^data: (.*)$/m.exec(body)?.[1] ?? body).result.tools
}

const [orders, users, skus] = await Promise.all([list('orders', 'id'), list('users', 'id'), list('products', 'sku')])
const known = {
  orderId: orders,
  order_id: orders,
  userId: users,
  user_id: users,
  sku: skus,
  channel: ['support', 'events'],
}
const requests = badRequests(document, keys, known)
const messages = badMessages(await listTools(), keys, known)
const judges = new Map(['GET', 'HEAD'].map((method) => [method, judgeRest(document, method)]))

/** A batch of its own seed: what goes wrong in it can be repeated. */
function batch(number: number): Probe[] {
  const count = Math.round(BATCH * REST_SHARE)
  const judge = (method: string) => judges.get(method === 'HEAD' ? 'HEAD' : 'GET') as Probe['judge']
  return [
    ...fc
      .sample(requests, { seed: SEED + number, numRuns: count })
      .map((each) => ({ ...each, what: each.operationId, judge: judge(each.method) })),
    ...fc
      .sample(messages, { seed: SEED + number, numRuns: BATCH - count })
      .map((each) => ({ ...each, method: 'POST', path: '/mcp', judge: judgeMcp })),
  ]
}

const statuses = new Map<string, number>()
const count = (name: string) => statuses.set(name, (statuses.get(name) ?? 0) + 1)
const wrong: string[] = []
let slowest = 0

async function run(probe: Probe): Promise<void> {
  const started = performance.now()
  const side = probe.path === '/mcp' ? mcp : rest
  try {
    const answer = await side.send(probe)
    count(`${side === mcp ? 'MCP ' : 'REST'} ${answer.status}`)
    const found = probe.judge(answer)
    if (found) tell(probe, found)
  } catch (error) {
    tell(probe, `no answer: ${(error as Error).message}`)
  }
  slowest = Math.max(slowest, performance.now() - started)
}

function tell({ what, method, path, headers, body }: Probe, found: string): void {
  const { authorization: _, ...shown } = headers
  wrong.push(
    `${what}: ${found}\n    ${method} ${path.slice(0, 300)} ${JSON.stringify(shown).slice(0, 300)}\n    ${String(body).slice(0, 400)}`,
  )
}

console.log(`${REQUESTS} requests, seed ${SEED}, ${database.databaseUrl ? 'Postgres' : 'the embedded database'}`)
const started = performance.now()
const memory: number[] = []
let done = 0
for (let number = 0; done < REQUESTS; number++) {
  const probes = batch(number)
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      for (let probe = probes.pop(); probe; probe = probes.pop()) await run(probe)
    }),
  )
  for (let each = 0; each < BATCH / 100; each++) {
    const line = await sendBytes(each % 2 ? service.api : service.mcp, number + each)
    if (/^HTTP\/1.1 5(?!05)/.test(line)) wrong.push(`not HTTP: answered with ${line}`)
    count('not HTTP')
  }
  done += BATCH
  memory.push(residentMiB(service.child.pid as number) ?? 0)
  if (service.child.exitCode !== null) wrong.push(`the service ended: ${service.output().slice(-500)}`)
  if (service.child.exitCode !== null || wrong.length > MOST_SHOWN) break
  if (number % 20 === 19) console.log(`  ${done} sent, ${memory.at(-1)?.toFixed(0)} MiB, ${wrong.length} wrong`)
}

const warm = memory.slice(Math.ceil(memory.length / 5))
const third = Math.max(1, Math.floor(warm.length / 3))
const mean = (of: number[]) => of.reduce((sum, each) => sum + each, 0) / Math.max(1, of.length)
const growth = mean(warm.slice(-third)) / mean(warm.slice(0, third)) - 1
console.log(
  `${done} requests in ${Math.round((performance.now() - started) / 1000)} s, the slowest ${slowest.toFixed(0)} ms`,
)
for (const [name, times] of [...statuses].sort()) console.log(`  ${name.padEnd(12)}${String(times).padStart(8)}`)
console.log(
  `  memory ${warm[0]?.toFixed(0)} MiB when warm, ${warm.at(-1)?.toFixed(0)} at the end, ${(growth * 100).toFixed(0)} % more in the last third than in the first`,
)
if (done >= 20_000 && growth > GROWTH) wrong.push(`memory grew by ${(growth * 100).toFixed(0)} %`)
for (const each of wrong.slice(0, MOST_SHOWN)) console.log(`  WRONG: ${each}`)
console.log(wrong.length === 0 ? 'Every answer was one.' : `${wrong.length} wrong`)
await Promise.all([rest.close(), mcp.close()])
await service.stop()
await database.drop()
rmSync(dataDir, { recursive: true, force: true })
process.exitCode = wrong.length === 0 ? 0 : 1
