import { resolve } from 'node:path'
import { loadDocument } from '../document/load.ts'
import type { LeftOut } from '../document/read.ts'
import { ConfigError } from '../errors.ts'
import { allTools } from '../tools/all.ts'
import { loadTools } from '../tools/catalog.ts'
import type { Tool } from '../tools/tools.ts'
import type { Given } from './command.ts'
import { given, readConfigFile } from './values.ts'

/** Where the tools come from that a command speaks of: a curation file, or a bare document. */
export type Source = { configFile: string } | { openapi: string }

/** Reads `--config` or `--openapi`. Throws ConfigError when both are there, or neither and no `tools.yaml`. */
export function readSource(line: Given): Source {
  const { flags } = line
  const configFile = given(flags.config)
  const openapi = given(flags.openapi)
  if (configFile !== undefined && openapi !== undefined)
    throw new ConfigError('Give either --config or --openapi: a curation file names its documents itself.')
  if (openapi !== undefined) return { openapi }
  return { configFile: readConfigFile(line, ' Or give --openapi.') }
}

/** The tools of a source, and what of a document or of a rule of the curation could not be one. Throws ConfigError. */
export async function loadSource(source: Source): Promise<{ tools: Tool[]; leftOut: LeftOut[] }> {
  if ('openapi' in source) return allTools(await loadDocument(source.openapi, { from: resolve('tools.yaml') }))
  return loadTools(source)
}
