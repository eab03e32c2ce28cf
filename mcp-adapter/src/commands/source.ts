import { resolve } from 'node:path'
import { loadDocument } from '../document/load.ts'
import type { LeftOut } from '../document/read.ts'
import { ConfigError } from '../errors.ts'
import { allTools } from '../tools/all.ts'
import { loadTools } from '../tools/catalog.ts'
import type { Tool } from '../tools/tools.ts'
import type { Given } from './command.ts'
import { given } from './values.ts'

/** Where the tools come from that a command speaks of: a curation file, or a bare document. */
export type Source = { configFile: string } | { openapi: string }

/** Reads `--config` or `--openapi`. Throws ConfigError unless exactly one of them is there. */
export function readSource({ flags }: Given): Source {
  const configFile = given(flags.config)
  const openapi = given(flags.openapi)
  if (configFile !== undefined && openapi !== undefined)
    throw new ConfigError('Give either --config or --openapi: a curation file names its documents itself.')
  if (openapi !== undefined) return { openapi }
  if (configFile !== undefined) return { configFile }
  throw new ConfigError('--config is missing: the curation file, for example tools.yaml. Or give --openapi.')
}

/** The tools of a source, and what of a document or of a rule of the curation could not be one. Throws ConfigError. */
export async function loadSource(source: Source): Promise<{ tools: Tool[]; leftOut: LeftOut[] }> {
  if ('openapi' in source) return allTools(await loadDocument(source.openapi, { from: resolve('tools.yaml') }))
  return loadTools(source)
}
