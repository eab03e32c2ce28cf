import { existsSync, readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import t from 'tap'
import type { ApiDocument } from '../src/document/read.ts'
import { messageOf } from '../src/errors.ts'
import { createApi } from '../src/tools/api.ts'
import { snakeCase } from '../src/tools/naming.ts'
import { buildTool } from '../src/tools/tools.ts'
import { loadFrom } from './fixtures/documents.ts'

const data = process.env.HANDRAIL_SHARED_DATA ?? new URL('../../../shared/data', import.meta.url).pathname
const folder = `${data}/openapi`
const names = existsSync(folder)
  ? [
      ...readdirSync(folder).filter((name) => /\.(swagger2|3\.\d)\.(json|yaml)$/.test(name)),
      'multi-file/petstore-separate/spec/swagger.json',
    ]
  : []

const ajv = new Ajv2020({ strict: false, logger: false })
addFormats.default(ajv)
const compiled = new Set<string>()

/** Throws when the schema cannot be compiled. Most are those of other tools, too. */
function compile(schema: object | undefined): void {
  const text = JSON.stringify(schema ?? {})
  if (compiled.has(text)) return
  compiled.add(text)
  ajv.compile(schema ?? {})
}

/** Makes a tool of every operation; one that cannot be is told by its reason. */
function toolsOf(document: ApiDocument): { tools: number; leftOut: string[] } {
  const api = createApi(document, 'http://127.0.0.1')
  const leftOut = api.document.leftOut.map(({ operation, reason }) => `${operation}: ${reason}`)
  let tools = 0
  for (const operation of api.document.operations.values()) {
    const name = snakeCase(operation.id).slice(0, 64)
    try {
      const tool = buildTool(api, operation, { operation: operation.id, name })
      for (const schema of [tool.input.schema, tool.published.inputSchema, tool.published.outputSchema]) compile(schema)
      tools += 1
    } catch (error) {
      if ((error as Error).name !== 'ConfigError') throw error
      leftOut.push(`${operation.id}: ${messageOf(error)}`)
    }
  }
  return { tools, leftOut }
}

/** What must be a tool: everything, but for what the table says. */
const LEFT_OUT: Record<string, number> = {}

t.test('every document of others loads: each operation is a valid tool or has a told reason', async (t) => {
  if (names.length === 0) {
    t.comment(`skipped: no documents at ${folder}`)
    return
  }
  for (const name of names) {
    const document = await loadFrom(folder, name, { references: ['multi-file/petstore-separate/common'] })
    const { tools, leftOut } = toolsOf(document)
    t.comment(
      `${basename(name)}: ${tools} tools, ${leftOut.length} left out${leftOut.map((line) => `\n  ${line}`).join('')}`,
    )
    t.equal(leftOut.length, LEFT_OUT[name] ?? 0, name)
    t.equal(tools, document.operations.size, name)
    t.ok(tools > 0 || name.startsWith('webhook'), name)
  }
})
