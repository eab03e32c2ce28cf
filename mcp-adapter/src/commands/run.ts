import { ConfigError, messageOf } from '../errors.ts'
import type { Environment } from './command.ts'
import { readCommand } from './config.ts'
import { type Io, printable } from './io.ts'

/**
 * Runs one command line. Resolves to the exit code: 0 done, 1 it failed or found something, 2 the command line or the
 * configuration is wrong. Never throws.
 */
export async function run(argv: string[], env: Environment, io: Io): Promise<number> {
  try {
    return await readCommand(argv, env).run(io)
  } catch (error) {
    io.error(printable(`handrail-mcp: ${messageOf(error)}\n`))
    return error instanceof ConfigError ? 2 : 1
  }
}
