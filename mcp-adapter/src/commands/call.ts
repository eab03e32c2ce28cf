import { isUtf8 } from 'node:buffer'
import { prepareCall } from '../calls/prepare.ts'
import { question } from '../calls/question.ts'
import { ConfigError } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Log } from '../log.ts'
import { describe, ProblemResult } from '../results/problem.ts'
import type { CallResult, Content } from '../results/result.ts'
import { type ApiUrls, type Catalog, loadTools } from '../tools/catalog.ts'
import { isDryRun } from '../tools/safety.ts'
import type { Tool } from '../tools/tools.ts'
import { checkArguments } from '../tools/validate-arguments.ts'
import { readArguments } from './arguments.ts'
import { defineCommand } from './command.ts'
import { readCredential } from './credential.ts'
import { findTool } from './find-tool.ts'
import { API, API_ENVIRONMENT, CONFIG, JSON_FLAG, TOKEN_ENVIRONMENT } from './flags.ts'
import { type Io, json, tell } from './io.ts'
import { stopSignal } from './signals.ts'
import { given, readApiUrl, readConfigFile } from './values.ts'

interface CallCommand {
  configFile: string
  apiUrl?: ApiUrls
  tool: string
  items: string[]
  /** JSON, or `-` for stdin. */
  args?: string
  yes: boolean
  /** Needed when the API gets the caller's. */
  credential?: string
  json: boolean
}

/**
 * What goes wrong is in the result already, and a log would say it twice. But why an API gave no answer is no matter for
 * a model, and so is in the log alone: it is what the person at the terminal has to know.
 */
function causeLog(): Log & { cause?: string } {
  const note = (fields: object) => {
    if ('cause' in fields) log.cause = String(fields.cause)
  }
  const log: Log & { cause?: string } = { info: note, warn: note, error: note }
  return log
}

async function argumentsOf(options: CallCommand, tool: Tool, io: Io): Promise<JsonObject> {
  let base: unknown = {}
  if (options.args !== undefined) {
    const text = options.args === '-' ? await io.input() : options.args
    try {
      base = JSON.parse(text)
    } catch {
      // The parser's message quotes the text, which may hold anything.
      throw new ConfigError('--args is not JSON.')
    }
    if (!isObject(base)) throw new ConfigError('--args must be a JSON object.')
  }
  return readArguments(tool.input.schema, options.items, base as JsonObject)
}

/** Whether the call may go on: the person at the terminal is asked where the tool asks for it. */
async function confirmed(tool: Tool, args: JsonObject, yes: boolean, io: Io): Promise<boolean> {
  if (!tool.confirm || isDryRun(tool, args) || yes) return true
  if (!io.ask) {
    io.error(
      `handrail-mcp: ${tool.name} asks a person first, and nobody is at the terminal. Nothing was sent. Give --yes.\n`,
    )
    return false
  }
  const answer = await io.ask(`${question(tool, args)}\nType "yes" to do it: `)
  if (/^y(es)?$/i.test(answer.trim())) return true
  io.error('handrail-mcp: Nothing was sent.\n')
  return false
}

/** A block of a result as a terminal shows it. */
function shown(block: Content): string {
  if (block.type === 'text') return block.text
  if (block.type === 'resource') {
    const { uri, ...content } = block.resource
    return 'text' in content ? String(content.text) : `[${uri}]`
  }
  if (block.type === 'resource_link') return `${block.name}: ${block.uri}`
  return `[${block.type} ${block.mimeType}, ${Math.floor((block.data.length * 3) / 4)} bytes]`
}

/** A body as text; bytes that are none by their number. */
function shownBody(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : isUtf8(body) ? Buffer.from(body).toString('utf8') : `(${body.length} bytes)`
}

/** Prints the HTTP request that a call means. The credential is not in it. Throws ProblemResult. */
function showRequest(tool: Tool, args: JsonObject, options: CallCommand, io: Io): number {
  const wrong = checkArguments(tool.checkArguments, args)
  if (wrong) throw new ProblemResult(wrong)
  const { method, path, headers, body } = prepareCall(tool, args).request
  const url = tool.api.baseUrl.replace(/\/+$/, '') + path
  if (options.json) {
    io.out(json({ method, url, headers, ...(body !== undefined && { body: shownBody(body) }) }))
    return 0
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  tell(io, `${[`${method} ${url}`, ...lines, '(the credential is withheld)'].join('\n')}\n`)
  if (body !== undefined) tell(io, `\n${shownBody(body)}\n`)
  return 0
}

async function send(catalog: Catalog, tool: Tool, args: JsonObject, options: CallCommand, io: Io): Promise<number> {
  if (!checkArguments(tool.checkArguments, args) && !(await confirmed(tool, args, options.yes, io))) return 1
  const [{ createServices, createSession }, { callTool }, { callerOf }] = await Promise.all([
    import('../serve/server.ts'),
    import('../serve/requests.ts'),
    import('../serve/stdio.ts'),
  ])
  const who = callerOf(catalog, options.credential)
  const log = causeLog()
  const services = createServices(catalog, { log, reloads: false })
  try {
    const session = createSession(services, who)
    const asked = { era: 'modern', signal: stopSignal(), canAsk: false } as const
    const result = (await callTool(services, session, asked, { name: tool.name, args })) as CallResult
    if (options.json) io.out(json(result))
    else tell(io, `${result.content.map(shown).join('\n')}\n`)
    if (log.cause !== undefined) io.error(`handrail-mcp: no answer from ${tool.api.baseUrl}: ${log.cause}\n`)
    return result.isError ? 1 : 0
  } finally {
    await services.backends.close()
  }
}

export const call = defineCommand<CallCommand & { dryRun: boolean }>({
  name: 'call',
  operands: 'TOOL [name=text] [name:=json] [name=@file] [a.b=text]',
  about:
    'Calls a tool as you, the way an agent would, and prints its result. A value is typed by the input schema: 5 is a ' +
    'number for an integer, and text for a string. A name that is given again is the next item of a list. Exit code 1 ' +
    'when the result is an error.',
  flags: {
    config: CONFIG,
    api: API,
    args: {
      type: 'string',
      value: 'JSON',
      about: 'the arguments as a JSON object, or - for stdin; name=text goes over it',
    },
    yes: { type: 'boolean', about: 'you confirm the call: nobody is asked' },
    'dry-run': { type: 'boolean', about: 'prints the HTTP request without sending it; needs no credential' },
    json: { ...JSON_FLAG, about: 'the whole result (MCP, CallToolResult) as JSON' },
  },
  environment: [API_ENVIRONMENT, ...TOKEN_ENVIRONMENT],
  examples: [
    'call list_orders --config tools.yaml limit=5',
    'call create_order --config tools.yaml items:=\'[{"sku":"LAMP","quantity":1}]\' --dry-run',
  ],
  read(line, env) {
    const { flags } = line
    const [tool, ...items] = line.rest
    if (tool === undefined) throw new ConfigError('Name a tool: handrail-mcp call TOOL. See handrail-mcp list.')
    const configFile = readConfigFile(line)
    const apiUrl = readApiUrl(line, env)
    const args = given(flags.args)
    const credential = readCredential(env)
    return {
      configFile,
      ...(apiUrl !== undefined && { apiUrl }),
      tool,
      items,
      ...(args !== undefined && { args }),
      yes: flags.yes === true,
      dryRun: flags['dry-run'] === true,
      ...(credential !== undefined && { credential }),
      json: flags.json === true,
    }
  },
  async run(options, io) {
    const catalog = await loadTools(options)
    const tool = findTool(catalog.tools, options.tool)
    const args = await argumentsOf(options, tool, io)
    if (!options.dryRun) return send(catalog, tool, args, options, io)
    try {
      return showRequest(tool, args, options, io)
    } catch (error) {
      if (!(error instanceof ProblemResult)) throw error
      io.error(`handrail-mcp: ${describe(error.problem as unknown as Record<string, Json>)}\n`)
      return 1
    }
  },
})
