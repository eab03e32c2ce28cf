/**
 * Lists tools with the MCP Inspector, strictly, and calls one, in both protocol eras: of our own backend over HTTP, and of
 * a stranger's API with a stranger's curation over HTTP and stdio. Any finding fails.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SHOP_CURATION, SHOP_KEY, serveBookshop } from '../mcp-adapter/test/fixtures/bookshop/served.ts'
import { startProcess } from './support/running-service.ts'

const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0'
const ERAS = ['modern', 'legacy']
const COMMAND = fileURLToPath(new URL('../mcp-adapter/bin/handrail-mcp.js', import.meta.url))

interface Outcome {
  failed: boolean
  stdout: string
  stderr: string
}

/** Where the Inspector finds a server, and a call that must succeed. */
interface Target {
  name: string
  /** The Inspector's options, and what it connects to behind `--`. */
  options: string[]
  server: string[]
  call: string[]
}

const overHttp = (url: string, token: string) => ({
  options: ['--transport', 'http', '--header', `Authorization: Bearer ${token}`],
  server: [url],
})

/** Lines that are no finding: npm's own, and what the adapter logs of its start on stdio. */
const NOISE = /^(npm warn.*|\{"level":"info".*\})\n/gm

/** Runs the Inspector's command line; its catalog is a file that does not outlive the run. */
async function inspect({ options, server }: Target, era: string, args: string[]): Promise<Outcome> {
  const home = mkdtempSync(join(tmpdir(), 'handrail-inspector-'))
  const env = { ...process.env, MCP_CATALOG_PATH: join(home, 'catalog.json') }
  const line = ['--yes', INSPECTOR, '--cli', ...options, '--protocol-era', era, ...args, '--', ...server]
  const outcome = await new Promise<Outcome>((resolve) => {
    execFile('npx', line, { env, timeout: 300_000 }, (error, stdout, stderr) => {
      resolve({ failed: error !== null, stdout, stderr: stderr.replaceAll(NOISE, '') })
    })
  })
  rmSync(home, { recursive: true, force: true })
  return outcome
}

/** Lists and calls in one era, and says what came of it. The list must be complete and the Inspector silent. */
async function isClean(target: Target, era: string): Promise<boolean> {
  const list = await inspect(target, era, ['--method', 'tools/list', '--strict'])
  const call = await inspect(target, era, ['--method', 'tools/call', ...target.call])
  const tools = list.failed ? 0 : (JSON.parse(list.stdout) as { tools: unknown[] }).tools.length
  const isError = call.failed || (JSON.parse(call.stdout) as { isError?: boolean }).isError === true
  // It reports findings on stderr.
  const clean = !list.failed && !isError && tools > 0 && list.stderr.trim() === ''
  const found = clean ? 'no finding' : 'with findings'
  console.log(`${target.name}, ${era}: ${tools} tools listed, ${found}; call ${isError ? 'failed' : 'succeeded'}`)
  if (!clean) console.log(list.stderr, call.stderr)
  return clean
}

const dataDir = mkdtempSync(join(tmpdir(), 'handrail-inspector-'))
const service = await startProcess(dataDir, { LOG_LEVEL: 'warn' })
const served = await serveBookshop()
const search = ['--tool-name', 'search_books', '--tool-arg', 'q=engine']
const targets: Target[] = [
  { name: 'our backend', ...overHttp(service.mcp, service.keys.admin), call: ['--tool-name', 'get_current_caller'] },
  { name: "a stranger's API", ...overHttp(served.url, SHOP_KEY), call: search },
  {
    name: "a stranger's API over stdio",
    options: ['-e', `HANDRAIL_TOKEN=${SHOP_KEY}`],
    server: [process.execPath, COMMAND, 'stdio', '--config', SHOP_CURATION, '--api', served.shop.url],
    call: search,
  },
]
let failed = false
try {
  for (const target of targets) for (const era of ERAS) failed = !(await isClean(target, era)) || failed
} finally {
  await served.close()
  await service.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
process.exitCode = failed ? 1 : 0
