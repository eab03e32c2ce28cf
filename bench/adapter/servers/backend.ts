import { createServer } from 'node:http'
import { listening } from '../support/child.ts'

/** The API behind everything that is measured: as little work as an answer can be, and no log. */
const order = {
  status: 'paid',
  total: 129.5,
  currency: 'EUR',
  note: null,
  createdAt: '2026-07-28T09:30:00Z',
  items: [
    { sku: 'LAMP-01', quantity: 1, price: 89.5 },
    { sku: 'BULB-E27', quantity: 4, price: 10 },
  ],
}
const rest = JSON.stringify(order).slice(1)
const caller = JSON.stringify({ actions: ['order:read'] })

const server = createServer((request, response) => {
  const path = request.url ?? ''
  const body = path === '/api/me' ? caller : `{"id":${JSON.stringify(path.split('?')[0]?.split('/').pop())},${rest}`
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
})
server.keepAliveTimeout = 600_000
await listening(server)
