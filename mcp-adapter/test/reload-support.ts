import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AdapterOptions, startAdapter } from '../src/index.ts'
import { startBackend } from './fixtures/backend.ts'
import { memoryLog } from './support.ts'

type Test = { teardown(end: () => Promise<void>): void }
type Routes = Parameters<typeof startBackend>[0]

const anything = { 200: { description: 'Done', content: { 'application/json': { schema: { type: 'object' } } } } }
export const get = (operationId: string) => ({ get: { operationId, responses: anything } })

export const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  servers: [{ url: '/api/v1' }],
  paths: { '/orders': get('listOrders'), '/users/ada': get('getAda') },
}

export const curation = (api: string, tools: object[], more: object = {}) => ({
  server: { name: 'moving' },
  backend: { openapi: 'api.json', url: api },
  tools,
  ...more,
})

/** A folder with a curation of its own, which tests edit as an editor does: a new file takes the place of the old. */
export async function createFolder(test: Test, api: string, tools: object[] = [{ operation: 'listOrders' }]) {
  const folder = await mkdtemp(join(tmpdir(), 'reload-'))
  test.teardown(() => rm(folder, { recursive: true, force: true }))
  const write = async (name: string, content: unknown) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    await writeFile(join(folder, `${name}.new`), text)
    await rename(join(folder, `${name}.new`), join(folder, name))
  }
  await write('api.json', DOCUMENT)
  await write('tools.yaml', curation(api, tools))
  return { folder, configFile: join(folder, 'tools.yaml'), write }
}

/** An adapter in front of a fixture API, with a curation that can be edited. */
export async function startMoving(test: Test, options: Partial<AdapterOptions> = {}, routes?: Routes) {
  const backend = await startBackend(routes)
  test.teardown(() => backend.close())
  const files = await createFolder(test, backend.url)
  const { log, lines } = memoryLog()
  const adapter = await startAdapter({ configFile: files.configFile, port: 0, log, ...options })
  test.teardown(() => adapter.close())
  return { ...files, backend, adapter, lines }
}
