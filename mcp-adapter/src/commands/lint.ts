import { type LintFinding, lint, RULES } from '../lint/lint.ts'
import { curationPlaces, documentPlaces } from '../lint/places.ts'
import { costOf, costOfList } from '../tools/cost.ts'
import { defineCommand } from './command.ts'
import { CONFIG, JSON_FLAG, OPENAPI } from './flags.ts'
import { json, tell } from './io.ts'
import { loadSource, readSource, type Source } from './source.ts'
import { columns, count, oneLine } from './text.ts'
import { given, nothingElse, wholeNumber } from './values.ts'

const BUDGET = '3000'

interface LintOptions {
  source: Source
  budget: number
  maxWarnings?: number
  notes: boolean
  rules: boolean
  json: boolean
}

const asText = ({ where, level, rule, tool, message }: LintFinding) =>
  `${where}: ${level}: ${tool === undefined ? '' : `${tool} `}${oneLine(message, 300)} (${rule})\n`

export const lintCommand = defineCommand<LintOptions>({
  name: 'lint',
  about:
    'Judges the tools: wording, names, arguments, what they do, and what they cost a model. Exit code 1 when there is ' +
    'an error, or more warnings than allowed.',
  flags: {
    config: CONFIG,
    openapi: OPENAPI,
    budget: { type: 'string', value: 'N', about: `tokens that models may read of the list (default ${BUDGET})` },
    'max-warnings': { type: 'string', value: 'N', about: 'so many warnings are allowed (default: any number)' },
    notes: { type: 'boolean', about: 'shows the notes too; they never fail' },
    rules: { type: 'boolean', about: 'lists the rules and ends' },
    json: JSON_FLAG,
  },
  examples: ['lint --config tools.yaml', 'lint --config tools.yaml --max-warnings 0 --json', 'lint --rules'],
  read(line) {
    nothingElse(line)
    const { flags } = line
    const most = given(flags['max-warnings'])
    const rules = flags.rules === true
    return {
      source: rules ? { openapi: '' } : readSource(line),
      budget: wholeNumber('--budget', given(flags.budget) ?? BUDGET, [1, 1_000_000]),
      ...(most !== undefined && { maxWarnings: wholeNumber('--max-warnings', most, [0, 1_000_000]) }),
      notes: flags.notes === true,
      rules,
      json: flags.json === true,
    }
  },
  async run(options, io) {
    if (options.rules) {
      const rules = RULES.map(({ id, level, about }) => ({ id, level, about }))
      if (options.json) io.out(json(rules))
      else tell(io, `${columns(rules.map(({ id, level, about }) => [id, level, about]))}\n`)
      return 0
    }
    const { tools } = await loadSource(options.source)
    const places = 'configFile' in options.source ? curationPlaces(options.source.configFile) : documentPlaces
    const findings = lint({ tools, budget: options.budget }, places)
    const cost = costOfList(tools.map((tool) => tool.published))
    const of = (level: string) => findings.filter((finding) => finding.level === level).length
    const failed = of('error') > 0 || of('warning') > (options.maxWarnings ?? Number.POSITIVE_INFINITY)
    if (options.json) {
      const perTool = tools.map(({ name, published }) => ({ name, tokens: costOf(published) }))
      io.out(json({ failed, tokens: cost, budget: options.budget, tools: perTool, findings }))
      return failed ? 1 : 0
    }
    for (const finding of findings) if (finding.level !== 'note' || options.notes) tell(io, asText(finding))
    const notes = options.notes || of('note') === 0 ? '' : ' (--notes shows them)'
    tell(
      io,
      `${count(tools.length, 'tool')}, ${count(cost.read, 'token')} of ${count(options.budget, 'token')} for models, ` +
        `${count(cost.all, 'token')} with output schemas. ${count(of('error'), 'error')}, ` +
        `${count(of('warning'), 'warning')}, ${count(of('note'), 'note')}${notes}.\n`,
    )
    return failed ? 1 : 0
  },
})
