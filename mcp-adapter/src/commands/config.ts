import { parseArgs } from 'node:util'
import { ConfigError, messageOf } from '../errors.ts'
import { didYouMean } from '../nearest.ts'
import { version } from '../version.ts'
import type { Command, Environment, Given, ReadyCommand } from './command.ts'
import { helpOf, overview } from './help.ts'
import { COMMANDS } from './table.ts'

const OWN = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } } as const

/** Every flag of every command: one name has one type, so that the command may stand anywhere on the line. */
const FLAGS = Object.fromEntries(
  COMMANDS.flatMap(({ flags }) =>
    Object.entries(flags).map(([name, { type, multiple = false }]) => [name, { type, multiple }]),
  ),
)

function parse(argv: string[]) {
  try {
    return parseArgs({ args: argv, allowPositionals: true, options: { ...FLAGS, ...OWN } })
  } catch (error) {
    const unknown = /Unknown option '-*([^']+)'/.exec(messageOf(error))?.[1]
    if (unknown === undefined) throw new ConfigError(messageOf(error))
    const known = [...Object.keys(FLAGS), ...Object.keys(OWN)]
    throw new ConfigError(`Unknown option --${unknown}.${didYouMean(unknown, known)} See handrail-mcp --help.`)
  }
}

function commandOf(name: string | undefined): Command {
  if (name === undefined) throw new ConfigError('Say what to do: handrail-mcp COMMAND. See handrail-mcp --help.')
  const found = COMMANDS.find((command) => command.name === name)
  if (found) return found
  const names = COMMANDS.map((command) => command.name)
  throw new ConfigError(`Unknown command "${name}".${didYouMean(name, names)} See handrail-mcp --help.`)
}

const telling = (name: string, text: string): ReadyCommand => ({
  name,
  async run(io) {
    io.out(text)
    return 0
  },
})

/** What the command line and the environment ask for. Throws ConfigError, which never quotes a credential. */
export function readCommand(argv: string[], env: Environment): ReadyCommand {
  const { values, positionals } = parse(argv)
  const [name, ...rest] = positionals
  const flags = values as Given['flags']
  if (flags.help) return telling('help', name === undefined ? overview(COMMANDS) : helpOf(commandOf(name)))
  if (flags.version) return telling('version', `${version}\n`)
  const command = commandOf(name)
  for (const flag of Object.keys(flags)) {
    if (Object.hasOwn(command.flags, flag)) continue
    const owners = COMMANDS.filter((other) => Object.hasOwn(other.flags, flag)).map((other) => other.name)
    throw new ConfigError(`--${flag} belongs to ${owners.join(', ')}. See handrail-mcp ${command.name} --help.`)
  }
  return command.prepare({ flags, rest }, env)
}
