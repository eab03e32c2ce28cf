/**
 * Lists our tools with the MCP Inspector, strictly, and calls one, in both protocol eras, against our own backend. Any
 * finding fails.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProcess } from './support/running-service.ts'

const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0'

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

const dataDir = mkdtempSync(join(tmpdir(), 'handrail-inspector-'))
const service = await startProcess(dataDir, { LOG_LEVEL: 'warn' })
const target = { url: service.mcp, token: service.keys.admin }
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
  await service.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
process.exitCode = failed ? 1 : 0
