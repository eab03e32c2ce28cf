import { readFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import { compile } from '../checks/validation.ts'
import { ConfigError, messageOf } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Tool } from '../tools/tools.ts'
import { digestOf, sorted } from './canonical.ts'

/** What agents see of one tool, and what stands behind it. */
export interface LockedTool {
  /** Which of several APIs. */
  backend?: string
  operation: string
  /** Method and path. */
  request: string
  title: string
  description: string
  inputSchema: JsonObject
  outputSchema?: JsonObject
  hints: Record<string, boolean>
  confirm: boolean
  scopes: string[]
}

/** What agents see of a whole adapter. */
export interface Lock {
  /** What a model is told once, for all tools. */
  instructions?: string
  tools: Record<string, LockedTool>
}

const VERSION = 1
const HEAD =
  '# What agents see, as it was reviewed. Written by "handrail-mcp lock"; "handrail-mcp check" fails when it differs.\n'

function lockTool({ api, published, operation, confirm, scopes }: Tool): LockedTool {
  const { title, ...hints } = published.annotations
  return {
    ...(api.name !== '' && { backend: api.name }),
    operation: operation.id,
    request: `${operation.method} ${operation.path}`,
    title,
    description: published.description,
    hints: { ...hints },
    confirm,
    scopes: [...scopes].sort(),
    inputSchema: published.inputSchema,
    ...(published.outputSchema && { outputSchema: published.outputSchema }),
  }
}

/** What agents see now. */
export function createLock(tools: readonly Tool[], instructions: string | undefined): Lock {
  const entries = tools.map((tool): [string, LockedTool] => [tool.name, lockTool(tool)])
  return {
    ...(instructions !== undefined && { instructions }),
    tools: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** A lock as the text of its file: YAML, so that people can read descriptions; the same content is the same text. */
export function writeLock({ instructions, tools }: Lock): string {
  const entries = Object.entries(tools).map(([name, tool]) => {
    const { inputSchema, outputSchema, ...said } = tool
    const schemas = { inputSchema: sorted(inputSchema), ...(outputSchema && { outputSchema: sorted(outputSchema) }) }
    return [name, { ...said, hints: sorted(said.hints), ...schemas, digest: digestOf(tool) }]
  })
  const content = {
    version: VERSION,
    ...(instructions !== undefined && { instructions }),
    tools: Object.fromEntries(entries),
  }
  return HEAD + stringify(content, { lineWidth: 0, aliasDuplicateObjects: false })
}

const isFile = compile({
  type: 'object',
  required: ['version', 'tools'],
  properties: {
    version: { const: VERSION },
    instructions: { type: 'string' },
    tools: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: [
          'operation',
          'request',
          'title',
          'description',
          'inputSchema',
          'hints',
          'confirm',
          'scopes',
          'digest',
        ],
        properties: {
          backend: { type: 'string' },
          operation: { type: 'string' },
          request: { type: 'string' },
          title: { type: 'string' },
          description: { type: 'string' },
          inputSchema: { type: 'object' },
          outputSchema: { type: 'object' },
          hints: { type: 'object', additionalProperties: { type: 'boolean' } },
          confirm: { type: 'boolean' },
          scopes: { type: 'array', items: { type: 'string' } },
          digest: { type: 'string' },
        },
      },
    },
  },
})

/** Reads a lock file. Throws ConfigError: none there, not a lock, or an entry that was changed by hand. */
export function readLock(file: string): Lock {
  let content: unknown
  try {
    content = parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const none = (error as { code?: unknown } | null)?.code === 'ENOENT'
    throw new ConfigError(
      none ? `There is no lock file ${file}. Write one with handrail-mcp lock.` : `${file}: ${messageOf(error)}`,
    )
  }
  const [wrong] = isFile(content)
  if (wrong) throw new ConfigError(`${file} is not a lock file: ${wrong.instancePath || '/'} ${wrong.message}`)
  const { instructions, tools } = content as { instructions?: string; tools: Record<string, Json> }
  const entries = Object.entries(tools).map(([name, entry]): [string, LockedTool] => {
    const { digest, ...tool } = isObject(entry) ? entry : {}
    if (digest !== digestOf(tool))
      throw new ConfigError(`${file}: the entry "${name}" was changed by hand. Write it with handrail-mcp lock.`)
    return [name, tool as unknown as LockedTool]
  })
  return { ...(instructions !== undefined && { instructions }), tools: Object.fromEntries(entries) }
}
