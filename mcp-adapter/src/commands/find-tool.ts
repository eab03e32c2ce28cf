import { ConfigError } from '../errors.ts'
import { didYouMean } from '../nearest.ts'
import type { Tool } from '../tools/tools.ts'

/** The tool of a name. Throws ConfigError with the nearest name there is. */
export function findTool(tools: readonly Tool[], name: string): Tool {
  const found = tools.find((tool) => tool.name === name)
  if (found) return found
  const names = tools.map((tool) => tool.name)
  throw new ConfigError(`There is no tool "${name}".${didYouMean(name, names)} See handrail-mcp list.`)
}

/** The one name that a command takes. Throws ConfigError when there is none, or more. */
export function readToolName(command: string, rest: string[]): string {
  const [name, more] = rest
  if (name === undefined) throw new ConfigError(`Name a tool: handrail-mcp ${command} TOOL. See handrail-mcp list.`)
  if (more !== undefined) throw new ConfigError(`Unexpected "${more}". See handrail-mcp ${command} --help.`)
  return name
}
