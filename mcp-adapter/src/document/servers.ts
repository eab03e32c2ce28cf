import { ConfigError } from '../errors.ts'
import { isObject, type Json } from '../json.ts'
import { didYouMean } from '../nearest.ts'

/** Which of a document's servers, and the values of its variables (`backend.server`). */
export interface ServerChoice {
  index?: number
  variables?: Record<string, string>
}

function checkVariables(declared: Record<string, Json>, given: Record<string, string>): void {
  for (const [name, value] of Object.entries(given)) {
    const variable = Object.hasOwn(declared, name) ? declared[name] : undefined
    if (!isObject(variable))
      throw new ConfigError(
        `backend.server: the server has no variable "${name}".${didYouMean(name, Object.keys(declared))}`,
      )
    const allowed = Array.isArray(variable.enum) ? variable.enum.map(String) : undefined
    if (allowed && !allowed.includes(value))
      throw new ConfigError(
        `backend.server: "${name}" is one of ${allowed.join(', ')}, not "${value}".${didYouMean(value, allowed)}`,
      )
  }
}

/**
 * The URL of one server of a list, its variables filled in with what was chosen or their defaults; absolute, or
 * relative to the document. Undefined when there is none, or a variable has no value. `isChosen`: the choice was made
 * for this list, and what is wrong with it throws ConfigError; a list of a path or an operation takes of it what fits.
 */
export function serverUrl(servers: Json | undefined, choice: ServerChoice = {}, isChosen = false): string | undefined {
  const list = Array.isArray(servers) ? servers : []
  const server = list[isChosen ? (choice.index ?? 0) : 0]
  if (isChosen && choice.index !== undefined && server === undefined)
    throw new ConfigError(`backend.server: the document has ${list.length} servers, and none of index ${choice.index}`)
  if (!isObject(server) || typeof server.url !== 'string') return undefined
  const declared = isObject(server.variables) ? server.variables : {}
  const given = choice.variables ?? {}
  if (isChosen) checkVariables(declared, given)
  let isComplete = true
  const url = server.url.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => {
    const variable = Object.hasOwn(declared, name) ? declared[name] : undefined
    const value = Object.hasOwn(given, name) ? given[name] : isObject(variable) ? variable.default : undefined
    if (typeof value === 'object' || value === undefined) isComplete = false
    return String(value)
  })
  return isComplete ? url : undefined
}
