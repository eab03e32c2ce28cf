import type { Io } from './io.ts'

/** What the environment holds. */
export type Environment = Record<string, string | undefined>

/** A flag of a command. Flags of one name mean the same in every command. */
export interface Flag {
  type: 'string' | 'boolean'
  /** It may be given several times. */
  multiple?: true
  /** How its value is shown: FILE, N, URL. */
  value?: string
  about: string
}

/** What the command line says, before the command has judged it. */
export interface Given {
  flags: Record<string, string | boolean | string[] | undefined>
  /** What stands after the command's name. */
  rest: string[]
}

/**
 * One command. `read` turns what is given into options and throws ConfigError; `run` does the work and resolves to the
 * exit code: 0 done, 1 it failed or found something. A ConfigError of either is exit code 2.
 */
interface CommandDefinition<Options extends object> {
  name: string
  /** What stands after the name: `TOOL [key=value ...]`. */
  operands?: string
  about: string
  flags: Record<string, Flag>
  /** Environment variables and what they mean. */
  environment?: [name: string, about: string][]
  /** Command lines without the program's name. */
  examples: string[]
  read(given: Given, env: Environment): Options
  run(options: Options, io: Io): Promise<number>
}

/** A command whose options are known, ready to be run. */
export interface ReadyCommand {
  name: string
  run(io: Io): Promise<number>
}

/** A command of the table: the type of its options is nobody else's business. */
export interface Command extends Omit<CommandDefinition<object>, 'read' | 'run'> {
  prepare(given: Given, env: Environment): ReadyCommand
}

/** Puts a command into the form that the table holds. */
export function defineCommand<Options extends object>(definition: CommandDefinition<Options>): Command {
  const { read, run, ...described } = definition
  return {
    ...described,
    prepare(given, env) {
      const options = read(given, env)
      return { ...options, name: definition.name, run: (io) => run(options, io) }
    },
  }
}
