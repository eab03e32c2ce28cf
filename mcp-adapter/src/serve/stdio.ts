import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createBackends } from '../backend/backends.ts'
import { kindOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { type ApiUrls, loadTools } from '../tools/catalog.ts'
import { createUsageRecorder } from '../usage/record.ts'
import { placesOf } from './places.ts'
import { createServer, createServices, createSession } from './server.ts'

/**
 * Serves a curation file's tools over this process's stdin and stdout, with one credential for its whole life.
 * Resolves when stdin ends, or after `stop` (what is in flight is ended). Throws ConfigError.
 */
export async function runStdio(options: {
  configFile: string
  apiUrl?: ApiUrls
  credential: string
  stateSecret?: string
  log: Log
  stop: AbortSignal
  /** As of AdapterOptions. */
  usageFile?: string
}): Promise<void> {
  const { log } = options
  const catalog = await loadTools(options)
  const backends = createBackends()
  const recorder = options.usageFile === undefined ? undefined : createUsageRecorder(options.usageFile, log)
  const services = createServices(catalog, backends, log, options.stateSecret, recorder)
  const session = createSession(services, options.credential, { lasting: true })
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
  await Promise.all([backends.close(), recorder?.close()])
}
