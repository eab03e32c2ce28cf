/**
 * Runs the official MCP conformance suite against the adapter, for both protocol eras: in front of our own backend,
 * in front of a stranger's API with a stranger's curation, and in front of a small API that has some of the suite's
 * diagnostic tools. Every outcome is compared with mcp-adapter/test/conformance/baseline.yaml: an unlisted failure
 * fails, and so does a listed one that passes now.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCredentialProxy } from '../mcp-adapter/test/conformance/credential-proxy.ts'
import { judge, REVISIONS } from '../mcp-adapter/test/conformance/suite.ts'
import { startTarget, startThirdParty } from '../mcp-adapter/test/conformance/target.ts'
import { startProcess } from './support/running-service.ts'

/** Our backend and adapter as one process, behind a proxy that adds the credential that the suite does not send. */
async function startOurs() {
  const dataDir = mkdtempSync(join(tmpdir(), 'handrail-conformance-'))
  const service = await startProcess(dataDir, { LOG_LEVEL: 'warn' })
  const proxy = await startCredentialProxy(service.mcp, service.keys.admin)
  return {
    url: proxy.url,
    async close() {
      await proxy.close()
      await service.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

const TARGETS = [
  { name: 'our backend', start: startOurs, diagnostics: false },
  { name: "a stranger's document", start: startThirdParty, diagnostics: false },
  { name: 'diagnostic tools', start: startTarget, diagnostics: true },
]

let failed = false
for (const { name, start, diagnostics } of TARGETS) {
  const target = await start()
  try {
    for (const revision of REVISIONS) {
      const { passed, expected, unexpected, stale } = await judge(target.url, revision, diagnostics)
      const counts = `${passed} checks passed, ${expected.length} failed as listed, ${unexpected.length} failed unexpectedly`
      console.log(`${name}, ${revision}: ${counts}`)
      for (const each of unexpected) console.log(`  failed: ${each}`)
      for (const each of stale) console.log(`  listed, but passes: ${each}`)
      failed ||= unexpected.length + stale.length > 0 || passed === 0
    }
  } finally {
    await target.close()
  }
}
process.exitCode = failed ? 1 : 0
