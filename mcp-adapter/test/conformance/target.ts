import { startAdapter } from '../../src/index.ts'
import { startBackend } from '../fixtures/backend.ts'
import { SHOP_KEY, serveBookshop } from '../fixtures/bookshop/served.ts'
import { memoryLog } from '../support.ts'
import { startCredentialProxy } from './credential-proxy.ts'

/** A picture of one pixel, and a sound without samples: RIFF, format PCM, 8 kHz, no data. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
const SILENCE = Buffer.from('UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=', 'base64')

/** A stranger's document and curation, behind the proxy that adds the credential. */
export async function startThirdParty() {
  const served = await serveBookshop()
  const proxy = await startCredentialProxy(served.url, SHOP_KEY)
  return {
    url: proxy.url,
    async close() {
      await proxy.close()
      await served.close()
    },
  }
}

/**
 * What the conformance suite is pointed at: the fixture API with the suite's diagnostic operations, an adapter, and a
 * proxy that adds the credential which the suite does not send.
 */
export async function startTarget() {
  const text = { headers: { 'content-type': 'text/plain' }, text: 'This is a simple text response for testing.' }
  let looks = 0
  const file = (type: string, text: Buffer) => () => ({ headers: { 'content-type': type }, text })
  const backend = await startBackend({
    'POST /api/v1/jobs': () => {
      looks = 0
      return { status: 202, headers: { 'retry-after': '0' }, body: { id: 'j1' } }
    },
    'GET /api/v1/jobs/j1': () => {
      looks += 1
      const isDone = looks === 3
      const body = { id: 'j1', status: isDone ? 'done' : 'running', percent: isDone ? 100 : looks * 33 }
      return { headers: { 'retry-after': '0' }, body }
    },
    'GET /api/v1/text': () => text,
    'GET /api/v1/log': () => text,
    'POST /api/v1/contacts': () => text,
    'GET /api/v1/regional': () => text,
    'GET /api/v1/image': file('image/png', PIXEL),
    'GET /api/v1/audio': file('audio/wav', SILENCE),
    'GET /api/v1/document': file('text/markdown', Buffer.from('# A document')),
    'GET /api/v1/error': () => ({
      status: 500,
      body: { error: 'broken', message: 'This tool intentionally returns an error for testing' },
    }),
  })
  const configFile = new URL('./tools.yaml', import.meta.url).pathname
  const adapter = await startAdapter({ configFile, apiUrl: backend.url, port: 0, log: memoryLog().log })
  const proxy = await startCredentialProxy(adapter.url, 'token-ada')
  return {
    url: proxy.url,
    async close() {
      await proxy.close()
      await adapter.close()
      await backend.close()
    },
  }
}
