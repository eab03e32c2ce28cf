import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'

export const SUITE = '@modelcontextprotocol/conformance@0.2.0-alpha.12'
export const REVISIONS = ['2026-07-28', '2025-11-25']

interface Check {
  id: string
  status: string
  errorMessage?: string
}

/** Checks that fail for a known reason: by revision and reason, `scenario/check`. */
type Baseline = Record<string, Record<string, string[]>>

export interface Verdict {
  passed: number
  expected: string[]
  /** Failures that the baseline does not know: `scenario/check: message`. */
  unexpected: string[]
  /** What the baseline lists and what passes now: the list must be shortened. */
  stale: string[]
}

export const baseline = parse(readFileSync(new URL('./baseline.yaml', import.meta.url), 'utf8')) as Baseline

/** `server-tools-list-2026-…Z` is the scenario `tools-list`. */
function scenarioOf(folder: string): string {
  return folder.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '')
}

/** Runs the suite for one revision and returns its checks by scenario. Throws when it did not get to write any. */
async function runSuite(url: string, revision: string): Promise<Map<string, Check[]>> {
  const output = mkdtempSync(join(tmpdir(), 'handrail-conformance-'))
  try {
    const preload = new URL('./glob-sync.mjs', import.meta.url).href
    const child = spawn('npx', ['--yes', SUITE, 'server', '--url', url, '--requirements', revision, '-o', output], {
      env: { ...process.env, NODE_OPTIONS: `--import ${preload}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    }
    await once(child, 'close')
    const folders = readdirSync(output)
    if (folders.length === 0) throw new Error(`The conformance suite did not run:\n${said.slice(-2000)}`)
    return new Map(
      folders.map((folder) => [
        scenarioOf(folder),
        JSON.parse(readFileSync(join(output, folder, 'checks.json'), 'utf8')) as Check[],
      ]),
    )
  } finally {
    rmSync(output, { recursive: true, force: true })
  }
}

const WITHOUT_DIAGNOSTICS =
  /Unknown tool: test_|does not list the diagnostic tool|exposes no tool with x-mcp-header|Tool 'json_schema_2020_12_tool' not found/

/**
 * Runs one revision's requirements against an endpoint and compares them with the baseline, check by check. An
 * endpoint other than our target has none of the suite's diagnostic tools (`diagnostics: false`): checks that ask for
 * one are then expected to fail.
 */
export async function judge(url: string, revision: string, diagnostics: boolean): Promise<Verdict> {
  const known = Object.values(baseline[revision] ?? {}).flat()
  const verdict: Verdict = { passed: 0, expected: [], unexpected: [], stale: [] }
  for (const [scenario, checks] of await runSuite(url, revision)) {
    for (const { id, status, errorMessage } of checks) {
      const name = `${scenario}/${id}`
      if (status === 'SUCCESS') verdict.passed += 1
      if (status !== 'FAILURE') continue
      const isKnown = known.includes(name) || (!diagnostics && WITHOUT_DIAGNOSTICS.test(errorMessage ?? ''))
      if (isKnown) verdict.expected.push(name)
      else verdict.unexpected.push(`${name}: ${errorMessage ?? ''}`)
    }
  }
  verdict.stale = known.filter((name) => !verdict.expected.includes(name))
  return verdict
}
