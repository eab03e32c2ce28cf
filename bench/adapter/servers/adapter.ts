import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serving } from '../support/child.ts'

/**
 * The adapter as it is built, with its log. BENCH_TOOLS: so many tools of the same kind. BENCH_ACCESS: rights are asked
 * of the API with each request. BENCH_LOG=off: without a log.
 */
// As it is built and shipped: what tsx makes of the sources is slower.
const { startAdapter } = (await import(
  new URL('../../../mcp-adapter/dist/index.js', import.meta.url).href
)) as typeof import('@handrail/mcp-adapter')
const document = readFileSync(new URL('../fixture/api.yaml', import.meta.url), 'utf8')
const tools = Number(process.env.BENCH_TOOLS ?? 1)
const folder = mkdtempSync(join(tmpdir(), 'handrail-bench-'))
const path = document.slice(document.indexOf('  /orders/'), document.indexOf('  /me:'))
const more = Array.from({ length: tools - 1 }, (_, index) =>
  path.replace('/orders/', `/orders-${index}/`).replace('getOrder', `getOrder_${index + 1}`),
)
writeFileSync(join(folder, 'api.yaml'), document.replace('  /me:', `${more.join('')}  /me:`))
const names = ['getOrder', ...more.map((_, index) => `getOrder_${index + 1}`)]
const access =
  process.env.BENCH_ACCESS === undefined
    ? []
    : ['access: { operation: getCaller, actions: /actions, extension: x-action }']
writeFileSync(
  join(folder, 'tools.yaml'),
  ['server: { name: bench }', 'backend: { openapi: api.yaml }', ...access, 'tools:']
    .concat(names.map((name) => `  - operation: ${name}`))
    .join('\n'),
)
const silent = { info() {}, warn() {}, error() {} }
const adapter = await startAdapter({
  configFile: join(folder, 'tools.yaml'),
  apiUrl: process.env.BENCH_API ?? '',
  port: 0,
  ...(process.env.BENCH_LOG === 'off' && { log: silent }),
})
rmSync(folder, { recursive: true })
serving(adapter.port)
