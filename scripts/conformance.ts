/**
 * Runs the official MCP conformance suite against the adapter, for both protocol eras, and compares it with
 * mcp-adapter/test/conformance/baseline.yaml: an unlisted failure fails, and so does a listed one that passes now.
 *
 *   npm run conformance                  an adapter in front of a fixture API
 *   npm run conformance -- --mcp URL     an endpoint that runs already; HANDRAIL_TOKEN is its credential
 */
import { parseArgs } from 'node:util'
import { startCredentialProxy } from '../mcp-adapter/test/conformance/credential-proxy.ts'
import { judge, REVISIONS } from '../mcp-adapter/test/conformance/suite.ts'
import { startTarget } from '../mcp-adapter/test/conformance/target.ts'

const { values } = parseArgs({ options: { mcp: { type: 'string' } } })
const token = process.env.HANDRAIL_TOKEN ?? ''
if (values.mcp !== undefined && token === '') throw new Error('--mcp needs the credential in HANDRAIL_TOKEN')
const target = values.mcp === undefined ? await startTarget() : await startCredentialProxy(values.mcp, token)
let failed = false
try {
  for (const revision of REVISIONS) {
    const { passed, expected, unexpected, stale } = await judge(target.url, revision, values.mcp === undefined)
    console.log(
      `${revision}: ${passed} checks passed, ${expected.length} failed as listed, ${unexpected.length} failed unexpectedly`,
    )
    for (const name of unexpected) console.log(`  failed: ${name}`)
    for (const name of stale) console.log(`  listed, but passes: ${name}`)
    failed ||= unexpected.length + stale.length > 0 || passed === 0
  }
} finally {
  await target.close()
}
process.exitCode = failed ? 1 : 0
