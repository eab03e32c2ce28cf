import { once } from 'node:events'
import { createServer, request as forward } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A loopback proxy that adds a credential and changes nothing else, for test suites that send none. It lives here and
 * not in the product: an adapter that could lend its own credential to whoever connects would be a way around the
 * rule that every caller acts with their own rights, one flag away from being left on.
 */
export async function startCredentialProxy(target: string, token: string) {
  const { hostname, port } = new URL(target)
  const server = createServer((incoming, outgoing) => {
    const upstream = forward({
      host: hostname,
      port,
      method: incoming.method,
      path: incoming.url,
      // Host and Origin stay as they came: the suite tests that the adapter checks them.
      headers: { ...incoming.headers, authorization: `Bearer ${token}` },
    })
    upstream.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    upstream.on('error', () => outgoing.destroy())
    outgoing.on('close', () => upstream.destroy())
    incoming.pipe(upstream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
