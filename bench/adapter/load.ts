// npm run bench:load: from the start of the adapter to its first tools/list, with 15 tools chosen out of a document of 4 MB.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { largeDocument, OPERATIONS } from '../../mcp-adapter/test/fixtures/large-document.ts'
import { ROOT } from '../../src/root.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5)
const TOOLS = 15
const WANTED = { ms: 1000, mb: 150 }

/** Peak resident memory of a process and the processor time it took so far (proc(5)). */
function usageOf(pid: number): { mb: number; cpuMs: number } {
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  // utime and stime, in ticks of 10 ms.
  return { mb: Number(peak) / 1024, cpuMs: (Number(fields[11]) + Number(fields[12])) * 10 }
}

async function measure(config: string) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(ROOT, 'mcp-adapter/bin/handrail-mcp.js'), 'stdio', '--config', config],
    env: { PATH: process.env.PATH ?? '', HANDRAIL_TOKEN: 'none' },
    stderr: 'ignore',
  })
  const client = new Client({ name: 'bench', version: '1.0.0' })
  const start = performance.now()
  await client.connect(transport)
  const { tools } = await client.listTools()
  const ms = performance.now() - start
  if (tools.length !== TOOLS) throw new Error(`${tools.length} tools`)
  const usage = usageOf(transport.pid as number)
  await client.close()
  return { ms, ...usage }
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number

const folder = mkdtempSync(join(tmpdir(), 'handrail-bench-'))
try {
  const document = join(folder, 'large.json')
  writeFileSync(document, JSON.stringify(largeDocument(), null, 1))
  const every = Math.floor(OPERATIONS / TOOLS)
  const chosen = Array.from({ length: TOOLS }, (_, i) => `  - operation: operation${i * every}`)
  const config = join(folder, 'tools.yaml')
  writeFileSync(config, `server: {name: large}\nbackend: {openapi: large.json}\ntools:\n${chosen.join('\n')}\n`)
  const runs: Awaited<ReturnType<typeof measure>>[] = []
  for (let round = 0; round < ROUNDS; round++) runs.push(await measure(config))
  const [ms, cpuMs, mb] = (['ms', 'cpuMs', 'mb'] as const).map((key) => median(runs.map((run) => run[key])))
  const size = (statSync(document).size / 1e6).toFixed(1)
  console.log(`${TOOLS} tools out of ${OPERATIONS} operations, ${size} MB, median of ${ROUNDS} starts:`)
  console.log(
    `first tools/list after ${ms?.toFixed(0)} ms (${cpuMs} ms of processor time), peak memory ${mb?.toFixed(0)} MB`,
  )
  const isGood = (ms ?? Number.NaN) < WANTED.ms && (mb ?? Number.NaN) < WANTED.mb
  console.log(`wanted: under ${WANTED.ms} ms and ${WANTED.mb} MB: ${isGood ? 'kept' : 'missed'}`)
  if (!isGood) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}
