import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import t from 'tap'
import type { ApiDocument } from '../src/document/read.ts'
import { messageOf } from '../src/errors.ts'
import { PROFILES, publishFor } from '../src/profiles/profiles.ts'
import { createApi } from '../src/tools/api.ts'
import { snakeCase } from '../src/tools/naming.ts'
import { buildTool } from '../src/tools/tools.ts'
import { loadFrom } from './fixtures/documents.ts'
import { HOSTS } from './fixtures/hosts.ts'
import { sharedData } from './shared-data.ts'

const folder = sharedData('openapi')
const names = folder
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

/** Makes a tool of every operation; one that cannot be is told by its reason, and so is what a host would refuse. */
function toolsOf(document: ApiDocument) {
  const api = createApi(document, 'http://127.0.0.1')
  const leftOut = api.document.leftOut.map(({ operation, reason }) => `${operation}: ${reason}`)
  const refused: string[] = []
  let tools = 0
  for (const operation of api.document.operations.values()) {
    const name = snakeCase(operation.id).slice(0, 64)
    try {
      const tool = buildTool(api, operation, { operation: operation.id, name })
      for (const schema of [tool.input.schema, tool.published.inputSchema, tool.published.outputSchema]) compile(schema)
      for (const profile of PROFILES)
        for (const said of HOSTS[profile](publishFor(profile, tool)))
          refused.push(`${profile} ${operation.id}: ${said}`)
      tools += 1
    } catch (error) {
      if ((error as Error).name !== 'ConfigError') throw error
      leftOut.push(`${operation.id}: ${messageOf(error)}`)
    }
  }
  return { tools, leftOut, refused }
}

/** What must be a tool: everything, but for what the table says. */
const LEFT_OUT: Record<string, number> = {}

t.test(
  'every document of others loads: each operation is a tool that every host takes',
  { skip: folder ? false : 'no shared data' },
  async (t) => {
    for (const name of names) {
      const document = await loadFrom(folder as string, name, { references: ['multi-file/petstore-separate/common'] })
      const { tools, leftOut, refused } = toolsOf(document)
      t.comment(
        `${basename(name)}: ${tools} tools, ${leftOut.length} left out${leftOut.map((line) => `\n  ${line}`).join('')}`,
      )
      t.equal(leftOut.length, LEFT_OUT[name] ?? 0, name)
      t.equal(tools, document.operations.size, name)
      t.same(refused, [], `${name}: each profile is what its host takes`)
      t.ok(tools > 0 || name.startsWith('webhook'), name)
    }
  },
)
