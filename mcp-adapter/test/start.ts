import { type AdapterOptions, startAdapter } from '../src/index.ts'
import { startBackend } from './fixtures/backend.ts'
import { fixture, memoryLog } from './support.ts'

type Routes = Parameters<typeof startBackend>[0]

/** A fixture API and an adapter in front of it, both gone at the end of the test. */
export async function start(
  test: { teardown(end: () => Promise<void>): void },
  routes?: Routes,
  options: Partial<AdapterOptions> = {},
  who?: Parameters<typeof startBackend>[1],
) {
  const backend = await startBackend(routes, who)
  const { log, lines } = memoryLog()
  const adapter = await startAdapter({
    configFile: fixture('tools.yaml'),
    apiUrl: backend.url,
    port: 0,
    log,
    ...options,
  })
  test.teardown(async () => {
    await adapter.close()
    await backend.close()
  })
  return { backend, adapter, lines }
}
