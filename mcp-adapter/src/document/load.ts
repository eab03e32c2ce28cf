import { ConfigError } from '../errors.ts'
import { isObject, type JsonObject } from '../json.ts'
import { keepRefusals } from './lookup.ts'
import { createFileBundle } from './one-document.ts'
import { type ApiDocument, isSwagger, type LeftOut, readDocument } from './read.ts'
import type { ServerChoice } from './servers.ts'
import { isUrl, openSources, type SourceOptions } from './sources.ts'

interface LoadOptions extends SourceOptions {
  /** Which server of the document is used. */
  server?: ServerChoice
  /**
   * Changes the document as its author wrote it (an Overlay), after the files that it refers to were brought into it.
   * References to files that this adds are followed as well.
   */
  transform?: (parsed: JsonObject) => JsonObject
}

/**
 * Loads a document, JSON or YAML, from an http(s) URL or from a file, with the files that it refers to. No credential is
 * sent for it. Throws ConfigError: what is wrong with the document as a whole; what is wrong with one operation leaves
 * that one out.
 */
export async function loadDocument(source: string, options: LoadOptions): Promise<ApiDocument> {
  const sources = await openSources(source, options)
  try {
    let root = sources.document
    if (!isObject(root)) throw new ConfigError(`${sources.main} is not an OpenAPI document`)
    const files = createFileBundle(sources)
    await files.bundle(root)
    if (options.transform) {
      root = options.transform(root)
      await files.bundle(root)
    }
    let leftOut: LeftOut[] = []
    if (isSwagger(root)) {
      const { upgradeSwagger } = await import('./swagger.ts')
      const upgraded = upgradeSwagger(root, files.refusals)
      root = upgraded.root
      leftOut = upgraded.leftOut
    }
    keepRefusals(root, files.refusals)
    const url = isUrl(sources.main) ? sources.main : undefined
    const document = readDocument(root, sources.main, url, options.server)
    return { ...document, places: sources.places(), leftOut: [...leftOut, ...document.leftOut] }
  } finally {
    await sources.close()
  }
}
