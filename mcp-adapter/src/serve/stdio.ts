import type { Readable, Writable } from 'node:stream'
import type { Server } from '@modelcontextprotocol/server'
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import { anyone, type Identity } from '../auth/identity.ts'
import { credentialOf } from '../backend/backends.ts'
import { ConfigError, kindOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { type ApiUrls, type Catalog, loadTools } from '../tools/catalog.ts'
import { createUsageRecorder } from '../usage/record.ts'
import { keepUpToDate, warnOfLeftOut } from './live.ts'
import { placesOf } from './places.ts'
import { createServer, createServices, createSession } from './server.ts'

/** The servers of this connection: the SDK may try one before the one that stays. */
function createConnections(log: Log) {
  const servers = new Set<Server>()
  return {
    add(server: Server): Server {
      servers.add(server)
      const { onclose } = server
      server.onclose = () => {
        onclose?.()
        servers.delete(server)
      }
      return server
    },
    /** Tells the client that the list of tools is another one, in the way of its era. */
    announce() {
      for (const server of servers) {
        server.sendToolListChanged().catch((error: Error) => log.warn(kindOf(error), 'the client was not told'))
      }
    },
  }
}

/** Who this process calls for. Throws ConfigError when an API gets the caller's credential, and there is none. */
export function callerOf({ apis, callers }: Catalog, credential: string | undefined): string | Identity {
  if (credential !== undefined) return credential
  if (callers !== 'any' && apis.some((api) => credentialOf(api).usesCaller))
    throw new ConfigError('A credential is needed: set HANDRAIL_TOKEN, or HANDRAIL_TOKEN_FILE to a file that holds it.')
  return anyone
}

/**
 * Serves a curation file's tools over stdin and stdout, with one credential for its whole life. SIGHUP reads the file
 * anew. Resolves when stdin ends, or after `stop` (what is in flight is ended). Throws ConfigError.
 */
export async function runStdio(options: {
  configFile: string
  apiUrl?: ApiUrls
  /** Needed when an API gets the caller's. */
  credential?: string
  stateSecret?: string
  /** Whether a change of the curation or its documents is served without a restart. Default true. */
  reload?: boolean
  log: Log
  stop: AbortSignal
  /** As of AdapterOptions. */
  usageFile?: string
  /** Where the messages come from and go to. Default: this process's stdin and stdout. */
  streams?: { input: Readable; output: Writable }
}): Promise<void> {
  const { log, reload = true, stateSecret } = options
  const { input, output } = options.streams ?? { input: process.stdin, output: process.stdout }
  const since = Date.now()
  const catalog = await loadTools(options)
  const recorder = options.usageFile === undefined ? undefined : createUsageRecorder(options.usageFile, log)
  const services = createServices(catalog, { log, stateSecret, reloads: reload, recorder })
  warnOfLeftOut(services, catalog)
  const session = createSession(services, callerOf(catalog, options.credential), { lasting: true })
  const ended = new Promise<void>((resolve) => {
    input.once('end', resolve).once('close', resolve)
    options.stop.addEventListener('abort', () => resolve(), { once: true })
    if (options.stop.aborted) resolve()
  })
  const connections = createConnections(log)
  const handle = serveStdio((context) => connections.add(createServer(services, session, context.era)), {
    transport: new StdioServerTransport(input, output),
    onerror: (error) => log.warn(kindOf(error), 'MCP exchange'),
  })
  const admit = (next: Catalog) => void callerOf(next, options.credential)
  const { announce } = connections
  const reloader = reload ? keepUpToDate(services, options, { since, admit, announce }) : undefined
  const onHangUp = () => void reloader?.reload()
  if (reloader) process.on('SIGHUP', onHangUp)
  log.info({ ...placesOf(catalog), tools: catalog.tools.length }, 'MCP over stdio is up')
  await ended
  process.off('SIGHUP', onHangUp)
  reloader?.close()
  await handle.close()
  await Promise.all([services.backends.close(), recorder?.close()])
}
