import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { anyone, type Identity } from '../auth/identity.ts'
import { type Backends, createBackends } from '../backend/backends.ts'
import { ConfigError, kindOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { type ApiUrls, type Catalog, loadTools } from '../tools/catalog.ts'
import { placesOf } from './places.ts'
import { createServer, createServices, createSession } from './server.ts'

/** Who this process calls for. Throws ConfigError when an API gets the caller's credential, and there is none. */
function callerOf({ apis, callers }: Catalog, backends: Backends, credential: string | undefined): string | Identity {
  if (credential !== undefined) return credential
  if (callers !== 'any' && apis.some((api) => backends.of(api).credential.usesCaller))
    throw new ConfigError(
      'stdio needs a credential: set HANDRAIL_TOKEN, or HANDRAIL_TOKEN_FILE to a file that holds it.',
    )
  return anyone
}

/**
 * Serves a curation file's tools over this process's stdin and stdout, with one credential for its whole life.
 * Resolves when stdin ends, or after `stop` (what is in flight is ended). Throws ConfigError.
 */
export async function runStdio(options: {
  configFile: string
  apiUrl?: ApiUrls
  /** Needed when an API gets the caller's. */
  credential?: string
  stateSecret?: string
  log: Log
  stop: AbortSignal
}): Promise<void> {
  const { log } = options
  const catalog = await loadTools(options)
  const backends = createBackends()
  backends.open(catalog.apis)
  const services = createServices(catalog, backends, log, options.stateSecret)
  const session = createSession(services, callerOf(catalog, backends, options.credential), { lasting: true })
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve).once('close', resolve)
    options.stop.addEventListener('abort', () => resolve(), { once: true })
    if (options.stop.aborted) resolve()
  })
  const handle = serveStdio((context) => createServer(services, session, context.era), {
    onerror: (error) => log.warn(kindOf(error), 'MCP exchange'),
  })
  log.info({ ...placesOf(catalog), tools: catalog.tools.length }, 'MCP over stdio is up')
  await ended
  await handle.close()
  await backends.close()
}
