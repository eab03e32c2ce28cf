import type { Operation } from '../document/read.ts'
import { ConfigError } from '../errors.ts'
import type { Api } from './api.ts'

/** The path of a URL without a "/" at its end. */
const pathOf = (url: URL) => url.pathname.replace(/\/+$/, '')

/**
 * The base path of an operation that has a server of its own (OpenAPI, `servers` of an operation or path), without a "/"
 * at its end; undefined when it is the API's. Such a server may be another part of the same API, and never another host:
 * a credential is for the API alone. Below the document's server, it is below the API as well, wherever that is. Throws
 * ConfigError when it is another host.
 */
export function basePathOf({ document, baseUrl }: Api, { server }: Operation): string | undefined {
  if (server === undefined) return undefined
  const api = new URL(baseUrl)
  // Relative to where the document came from; of a document from a file, only the path counts.
  const from = document.url ?? baseUrl
  if (!URL.canParse(server, from)) throw new ConfigError(`Its own server is not a URL: ${server}`)
  const own = new URL(server, from)
  const documented =
    document.server !== undefined && URL.canParse(document.server, from) ? new URL(document.server, from) : undefined
  const isHere = [api.origin, documented?.origin, new URL(from).origin].includes(own.origin)
  if (!isHere)
    throw new ConfigError(`Its own server is ${own.origin}, which is another host: credentials for the API stay there.`)
  const [path, root] = [pathOf(own), documented && pathOf(documented)]
  if (root === undefined || !`${path}/`.startsWith(`${root}/`)) return path
  return path === root ? undefined : pathOf(api) + path.slice(root.length)
}
