import { dirname, resolve } from 'node:path'
import type { Api } from './api.ts'

/** What a catalog was made of. */
export interface Sources {
  /** Absolute paths. */
  files: string[]
  urls: string[]
}

/** The files and URLs behind a catalog: its curation file, and each API's document with all that it is made of. */
export function sourcesOf(configFile: string, apis: readonly Api[]): Sources {
  const named = apis.flatMap(({ section, document }) => [
    section.openapi,
    ...(section.overlays ?? []),
    ...(document.places ?? []),
  ])
  const isUrl = (source: string) => /^https?:\/\//.test(source)
  const folder = dirname(resolve(configFile))
  const files = named.filter((source) => !isUrl(source)).map((source) => resolve(folder, source))
  return { files: [...new Set([resolve(configFile), ...files])], urls: [...new Set(named.filter(isUrl))] }
}
