import type { Command } from './command.ts'
import { columns, wrapped } from './text.ts'

const PROGRAM = 'handrail-mcp'
const WIDTH = 110

/** Names on the left, words on the right, as wide as the longest name. */
function described(rows: [string, string][]): string {
  const left = Math.min(Math.max(...rows.map(([name]) => name.length)), 28) + 2
  return rows
    .map(([name, about]) => {
      const [first = '', ...more] = wrapped(about, WIDTH - left - 2)
      const start =
        name.length + 2 > left ? `  ${name}\n  ${' '.repeat(left)}${first}` : `  ${name.padEnd(left)}${first}`
      return [start, ...more.map((line) => `  ${' '.repeat(left)}${line}`)].join('\n')
    })
    .join('\n')
}

const firstSentence = (text: string) => text.split('. ', 1)[0]?.replace(/\.$/, '') ?? text

/** The first line of a command: `handrail-mcp show TOOL [--config FILE]`. */
function usageOf({ name, operands, flags }: Command): string {
  const known = Object.entries(flags).map(([flag, { value }]) => `[--${flag}${value === undefined ? '' : ` ${value}`}]`)
  return [PROGRAM, name, ...(operands === undefined ? [] : [operands]), ...known].join(' ')
}

/** What `handrail-mcp --help` says: every command, with what each is for. */
export function overview(commands: readonly Command[]): string {
  return `Shows a curated part of any OpenAPI backend to agents, as MCP tools.

  ${PROGRAM} serve --config tools.yaml
  ${PROGRAM} COMMAND --help

Commands
${columns(commands.map(({ name, about }) => [`  ${name}`, firstSentence(about)]))}

Exit codes: 0 done, 1 it failed or found something, 2 the command line or the configuration is wrong.
Results go to stdout, everything else to stderr. --version tells the version.
`
}

/** What `handrail-mcp COMMAND --help` says. */
export function helpOf(command: Command): string {
  const flags = Object.entries(command.flags).map(([name, { value, about }]): [string, string] => [
    `--${name}${value === undefined ? '' : ` ${value}`}`,
    about,
  ])
  const parts = [
    wrapped(usageOf(command), WIDTH).join('\n    '),
    wrapped(command.about, WIDTH).join('\n'),
    `Options\n${described([...flags, ['--help', 'this text']])}`,
    ...(command.environment ? [`Environment\n${described(command.environment)}`] : []),
    `Examples\n${command.examples.map((line) => `  ${PROGRAM} ${line}`).join('\n')}`,
  ]
  return `${parts.join('\n\n')}\n`
}
