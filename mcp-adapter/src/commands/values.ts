import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { ConfigError, messageOf } from '../errors.ts'
import type { ApiUrls } from '../tools/catalog.ts'
import type { Environment, Given } from './command.ts'

/** A setting that is there; an empty one is not. */
export const given = (value: Given['flags'][string]) => (typeof value !== 'string' || value === '' ? undefined : value)

/** A list whose parts are separated by commas. */
export const list = (value: string | undefined) => (value ?? '').split(',').flatMap((name) => given(name.trim()) ?? [])

/** A whole number of a setting; `place` says where it is set. Throws ConfigError that names setting and range. */
export function wholeNumber(setting: string, value: string, [least, most]: [number, number], place?: string): number {
  if (/^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value)
  const where = place === undefined ? '' : ` (${place})`
  throw new ConfigError(`${setting} must be a number from ${least} to ${most}, not "${value}"${where}.`)
}

/** The text of a file that a setting names. Throws ConfigError. */
export function readText(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`${setting}: ${messageOf(error)}`)
  }
}

/** What `init` writes, and what every other command reads, unless it is told otherwise. */
export const CONFIG_FILE = 'tools.yaml'

/** The curation file. Throws ConfigError when none is given and none is here. `instead` is what else may be given. */
export function readConfigFile({ flags }: Given, instead = ''): string {
  const file = given(flags.config)
  if (file !== undefined) return file
  if (existsSync(CONFIG_FILE)) return CONFIG_FILE
  throw new ConfigError(
    `--config is missing: the curation file. There is no ${CONFIG_FILE} here; handrail-mcp init makes one.${instead}`,
  )
}

/** Refuses what stands after a command that takes nothing more. */
export function nothingElse({ rest }: Given): void {
  if (rest.length > 0) throw new ConfigError(`Unexpected "${rest[0]}". See handrail-mcp --help.`)
}

/**
 * Where the APIs are, by `--api` or HANDRAIL_API_URL: the URL of the only one, or NAME=URL for each of several. Undefined
 * when neither is set. Throws ConfigError.
 */
export function readApiUrl({ flags: { api } }: Given, env: Environment): ApiUrls | undefined {
  const flag = Array.isArray(api) ? api.filter((each) => each !== '') : []
  const urls = flag.length > 0 ? flag : list(env.HANDRAIL_API_URL)
  const [first, ...more] = urls
  if (first === undefined) return undefined
  const named = urls.map((each) => /^([a-z][a-z0-9_-]*)=(.+)$/.exec(each) ?? [])
  if (more.length === 0 && named[0]?.[1] === undefined) return first
  const wrong = urls.find((_, i) => named[i]?.[1] === undefined)
  if (wrong !== undefined) throw new ConfigError(`Say which API is at ${wrong}: --api NAME=URL for each of several.`)
  return Object.fromEntries(named.map(([, name, url]) => [name, url] as [string, string]))
}

/** The usage file, by `--usage` or MCP_USAGE_FILE. Undefined when neither is set. */
export const readUsageFile = ({ flags }: Given, env: Environment) => given(flags.usage) ?? given(env.MCP_USAGE_FILE)

/** Writes what a command makes; `wx` keeps a file that is there. Throws ConfigError that names the file. */
export function writeResult(file: string, text: string, flag: 'w' | 'wx' = 'w'): void {
  try {
    writeFileSync(file, text, { flag })
  } catch (error) {
    throw new ConfigError(`Cannot write ${file}: ${messageOf(error)}`)
  }
}
