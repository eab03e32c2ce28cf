import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a measured process tells its parent. */
export type Told = { port: number } | { cpu: NodeJS.CpuUsage; rss: number }

/** Tells the parent where this process listens, and from then on what it used whenever it is asked. */
export function serving(port: number): void {
  process.on('message', () => process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() }))
  process.on('disconnect', () => process.exit())
  process.send?.({ port })
}

/** Takes a free port and tells the parent. */
export async function listening(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  serving((server.address() as AddressInfo).port)
}
