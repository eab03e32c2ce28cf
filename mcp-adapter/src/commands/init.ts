import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadDocument } from '../document/load.ts'
import { ConfigError } from '../errors.ts'
import { type Candidate, chooseTools } from '../starter/choose.ts'
import { writeStarter } from '../starter/write.ts'
import { defineCommand } from './command.ts'
import { JSON_FLAG } from './flags.ts'
import { json, tell } from './io.ts'
import { columns, count, oneLine } from './text.ts'
import { CONFIG_FILE, given, wholeNumber, writeResult } from './values.ts'

const MOST_TOOLS = 15
/** What models may read of the starter list. */
const BUDGET = 3000

interface InitOptions {
  document: string
  out: string
  max: number
  force: boolean
  json: boolean
}

function row({ operation, score, chosen, reason }: Candidate): string[] {
  const { total, frequent, specific, safe, needed } = score
  const points = [total, frequent.points, specific.points, safe.points, needed.points].map(String)
  return [...points, oneLine(operation, 50), chosen ? 'chosen' : oneLine(reason ?? '', 60)]
}

export const init = defineCommand<InitOptions>({
  name: 'init',
  operands: 'OPENAPI',
  about:
    "Writes a starter curation file for an OpenAPI document (file or URL). Every operation is scored by the guide's " +
    'questions, is it frequent, specific, safe and needed, and the best are taken.',
  flags: {
    out: { type: 'string', value: 'FILE', about: `the file to write (default ${CONFIG_FILE})` },
    max: { type: 'string', value: 'N', about: `at most so many tools (default ${MOST_TOOLS}, which is also the most)` },
    force: { type: 'boolean', about: 'overwrites the file' },
    json: { ...JSON_FLAG, about: 'the scores as JSON' },
  },
  examples: ['init openapi.yaml', 'init openapi.yaml --out tools.yaml --max 8 --force --json'],
  read({ flags, rest }) {
    const [document, more] = rest
    if (document === undefined) throw new ConfigError('Name an OpenAPI document: handrail-mcp init openapi.json.')
    if (more !== undefined) throw new ConfigError(`Unexpected "${more}". See handrail-mcp init --help.`)
    return {
      document,
      out: given(flags.out) ?? CONFIG_FILE,
      max: wholeNumber('--max', given(flags.max) ?? String(MOST_TOOLS), [1, MOST_TOOLS]),
      force: flags.force === true,
      json: flags.json === true,
    }
  },
  async run({ document: source, out, max, force, json: asJson }, io) {
    if (!force && existsSync(out)) throw new ConfigError(`${out} exists. Give --force to overwrite it, or --out.`)
    const document = await loadDocument(source, { from: resolve(CONFIG_FILE) })
    const candidates = chooseTools(document, max, BUDGET)
    const chosen = candidates.filter((candidate) => candidate.chosen).length
    if (chosen === 0)
      throw new ConfigError(`${source} has no operation that can be a tool. See handrail-mcp list --openapi ${source}.`)
    // "wx": what was written since the look above is not overwritten either.
    writeResult(out, writeStarter(document, candidates, source, out), force ? 'w' : 'wx')
    if (asJson) {
      const operations = candidates.map(({ operation, chosen, reason, score }) => ({
        operation,
        chosen,
        ...(reason !== undefined && { reason }),
        ...score,
      }))
      io.out(json({ file: out, chosen, operations }))
      return 0
    }
    const head = ['SCORE', 'FREQUENT', 'SPECIFIC', 'SAFE', 'NEEDED', 'OPERATION', '']
    tell(
      io,
      `${columns([head, ...candidates.map(row)])}\n${out}: ${count(chosen, 'tool')} of ${count(candidates.length, 'operation')}\n` +
        `Next: handrail-mcp lint --config ${out}\n`,
    )
    return 0
  },
})
