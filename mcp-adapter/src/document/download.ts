import type { Agent, Dispatcher } from 'undici'
import { createPublicConnector } from '../addresses.ts'
import { undici } from '../undici.ts'
import { MAX_DOCUMENT_BYTES } from './parse.ts'

const MAX_REDIRECTS = 3
const TIMEOUT_MS = 20_000
const STEP_TIMEOUT_MS = 10_000

export interface Downloader {
  /**
   * The body at an http(s) URL, and the URL that it was found at after redirects within the same host. No credential
   * is sent. Throws an Error that says why not.
   */
  get(url: URL): Promise<{ bytes: Uint8Array; url: URL }>
  close(): Promise<void>
}

/** Whether a URL names this machine in so many letters. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

/** Whether a redirect stays where it was: the same origin, or its encrypted twin on the default port. */
function staysAt(from: URL, to: URL): boolean {
  if (from.origin === to.origin) return true
  return (
    from.protocol === 'http:' && to.protocol === 'https:' && from.hostname === to.hostname && !from.port && !to.port
  )
}

async function bodyOf(response: Dispatcher.ResponseData): Promise<Uint8Array> {
  const encoding = response.headers['content-encoding'] ?? 'identity'
  // A few compressed bytes can be gigabytes.
  if (encoding !== 'identity') throw new Error('it is compressed, though that was not asked for')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_DOCUMENT_BYTES) throw new Error(`it is larger than ${MAX_DOCUMENT_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * Fetches the files of a document. Private addresses are refused at the connection itself, so that a name which leads
 * elsewhere the second time gains nothing; `trusted` is the one origin that is asked all the same.
 */
export function createDownloader({
  privateAddresses,
  trusted,
}: {
  privateAddresses: boolean
  trusted?: string
}): Downloader {
  const limits = { headersTimeout: STEP_TIMEOUT_MS, bodyTimeout: STEP_TIMEOUT_MS, connections: 4 }
  let agents: { open: Agent; guarded: Agent } | undefined
  const makeAgents = () => ({
    open: new (undici().Agent)({ ...limits, connect: { timeout: STEP_TIMEOUT_MS } }),
    guarded: new (undici().Agent)({
      ...limits,
      connect: createPublicConnector({ timeout: STEP_TIMEOUT_MS }),
    }),
  })
  const ask = (url: URL, signal: AbortSignal) => {
    agents ??= makeAgents()
    const dispatcher = privateAddresses || url.origin === trusted ? agents.open : agents.guarded
    return undici().request(url, { dispatcher, headers: { 'accept-encoding': 'identity' }, signal })
  }
  return {
    async get(start) {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      let url = start
      for (let step = 0; step <= MAX_REDIRECTS; step++) {
        const response = await ask(url, signal)
        const { statusCode, headers } = response
        const isRedirect = statusCode >= 300 && statusCode < 400 && typeof headers.location === 'string'
        if (statusCode === 200) return { bytes: await bodyOf(response), url }
        await response.body.dump()
        if (!isRedirect) throw new Error(`it answered ${statusCode}`)
        const next = new URL(headers.location as string, url)
        if (!staysAt(url, next)) throw new Error(`it redirects to another host (${next.origin})`)
        if (next.username !== '' || next.password !== '') throw new Error('it redirects to a URL with a credential')
        url = next
      }
      throw new Error(`it redirects more than ${MAX_REDIRECTS} times`)
    },
    async close() {
      await Promise.all([agents?.open.destroy(), agents?.guarded.destroy()])
    },
  }
}
