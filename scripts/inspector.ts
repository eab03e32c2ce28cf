/**
 * Lists our tools with the MCP Inspector, strictly, and calls one, in both protocol eras. Any finding fails.
 *
 *   npm run inspector                  our tools.yaml in front of a fixture API
 *   npm run inspector -- --mcp URL     an endpoint that runs already; HANDRAIL_TOKEN is its credential
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadTools, startAdapter } from '../mcp-adapter/src/index.ts'
import { startBackend } from '../mcp-adapter/test/fixtures/backend.ts'

const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0'
const silent = { info() {}, warn() {}, error() {} }
const configFile = new URL('../mcp-adapter/tools.yaml', import.meta.url).pathname

/** Our tools in front of an API that knows one caller, who may do everything. */
async function startFixture() {
  const { tools } = await loadTools({ configFile })
  const actions = [...new Set(tools.flatMap((tool) => tool.action ?? []))]
  const me = { userId: 'ada', kind: 'person', agentId: null, role: 'admin', scopes: ['*'], actions }
  const backend = await startBackend({ 'GET /api/v1/me': () => ({ body: me }) })
  const adapter = await startAdapter({ configFile, apiUrl: backend.url, port: 0, log: silent })
  const close = async () => {
    await adapter.close()
    await backend.close()
  }
  return { url: adapter.url, token: 'token-ada', close }
}

interface Outcome {
  failed: boolean
  stdout: string
  stderr: string
}

/** Runs the Inspector's command line; its catalog is a file that does not outlive the run. */
async function inspect(url: string, token: string, era: string, args: string[]): Promise<Outcome> {
  const home = mkdtempSync(join(tmpdir(), 'handrail-inspector-'))
  const options = ['--transport', 'http', '--protocol-era', era, '--header', `Authorization: Bearer ${token}`]
  const env = { ...process.env, MCP_CATALOG_PATH: join(home, 'catalog.json') }
  const outcome = await new Promise<Outcome>((resolve) => {
    execFile(
      'npx',
      ['--yes', INSPECTOR, '--cli', url, ...options, ...args],
      { env, timeout: 300_000 },
      (error, stdout, stderr) => {
        resolve({ failed: error !== null, stdout, stderr: stderr.replaceAll(/^npm warn.*\n/gm, '') })
      },
    )
  })
  rmSync(home, { recursive: true, force: true })
  return outcome
}

const { values } = parseArgs({ options: { mcp: { type: 'string' } } })
const token = process.env.HANDRAIL_TOKEN ?? ''
if (values.mcp !== undefined && token === '') throw new Error('--mcp needs the credential in HANDRAIL_TOKEN')
const target = values.mcp === undefined ? await startFixture() : { url: values.mcp, token, close: async () => {} }
let failed = false
try {
  for (const era of ['modern', 'legacy']) {
    const list = await inspect(target.url, target.token, era, ['--method', 'tools/list', '--strict'])
    const call = await inspect(target.url, target.token, era, [
      '--method',
      'tools/call',
      '--tool-name',
      'get_current_caller',
    ])
    const tools = list.failed ? 0 : (JSON.parse(list.stdout) as { tools: unknown[] }).tools.length
    const isError = call.failed || (JSON.parse(call.stdout) as { isError?: boolean }).isError === true
    // The list must be complete and the Inspector silent: it reports findings on stderr.
    const clean = !list.failed && !isError && tools > 0 && list.stderr.trim() === ''
    console.log(
      `${era}: ${tools} tools listed, ${clean ? 'no finding' : 'with findings'}; call ${isError ? 'failed' : 'succeeded'}`,
    )
    if (!clean) console.log(list.stderr, call.stderr)
    failed ||= !clean
  }
} finally {
  await target.close()
}
process.exitCode = failed ? 1 : 0
