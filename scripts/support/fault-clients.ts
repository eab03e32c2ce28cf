import { randomUUID } from 'node:crypto'
import { Agent, request } from 'undici'

const CLIENTS = 8
const PRODUCTS = 60

/** What a client was told in the end, under the key that it sent. */
export interface Accepted {
  key: string
  kind: 'order' | 'refund'
  orderId: string
  /** Minor units, of a refund. */
  amount?: number
}

interface Wish {
  key: string
  kind: Accepted['kind']
  path: string
  body: object
  token: string
  orderId?: string
  amount?: number
}

/**
 * Clients that place and refund orders and repeat each request with its key until they get an answer, however often
 * the service dies in between.
 */
export function createClients(tokens: { customer: string; support: string }, random: () => number) {
  const accepted: Accepted[] = []
  const placed: string[] = []
  const counts = { sent: 0, repeated: 0, refused: 0 }
  const dispatcher = new Agent({ connect: { timeout: 1000 }, headersTimeout: 10_000 })
  let ending = false
  let address: string | undefined
  let moved = () => {}
  let waiting = new Promise<void>((resolve) => {
    moved = resolve
  })

  async function current(): Promise<string> {
    while (!address) await waiting
    return address
  }

  function wish(): Wish {
    const key = randomUUID()
    const orderId = placed.length > 0 && random() < 0.4 ? placed[Math.floor(random() * placed.length)] : undefined
    if (orderId) {
      const amount = 1 + Math.floor(random() * 90)
      const body = { amount, reason: 'a fault test' }
      return {
        key,
        kind: 'refund',
        path: `/api/v1/orders/${orderId}/refund`,
        body,
        token: tokens.support,
        orderId,
        amount,
      }
    }
    const skus = new Set(Array.from({ length: 1 + Math.floor(random() * 3) }, () => Math.floor(random() * PRODUCTS)))
    const items = [...skus].map((sku) => ({ sku: `SKU-${sku}`, quantity: 1 + Math.floor(random() * 3) }))
    return { key, kind: 'order', path: '/api/v1/orders', body: { items }, token: tokens.customer }
  }

  async function send({ key, path, body, token }: Wish) {
    const url = `${await current()}${path}`
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key }
    const answer = await request(url, { method: 'POST', headers, body: JSON.stringify(body), dispatcher })
    return { status: answer.statusCode, body: (await answer.body.json()) as { id: string; error?: string } }
  }

  /** Repeats until there is an answer that holds. @throws Error when the service answers what it never should */
  async function carryOut(wanted: Wish): Promise<void> {
    for (counts.sent++; ; counts.repeated++) {
      const answer = await send(wanted).catch(() => undefined)
      if (!answer || answer.status === 503 || answer.body.error === 'request-in-flight') {
        await new Promise((resolve) => setTimeout(resolve, 5 + random() * 20))
        continue
      }
      const { status, body } = answer
      if (status === 409) counts.refused++
      else if (status === 200 || status === 201) note(wanted, body.id)
      else throw new Error(`${wanted.kind} was answered with ${status} ${JSON.stringify(body)}`)
      return
    }
  }

  function note({ key, kind, amount }: Wish, orderId: string): void {
    accepted.push({ key, kind, orderId, ...(amount !== undefined && { amount }) })
    if (kind === 'order') placed.push(orderId)
  }

  const running = Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (!ending) await carryOut(wish())
    }),
  )
  // A failure is told by finish().
  running.catch(() => {})

  return {
    /** Says where the service is now, or that it is gone. */
    serveAt(url: string | undefined) {
      address = url
      if (!url) return
      moved()
      waiting = new Promise((resolve) => {
        moved = resolve
      })
    },
    /** Waits for the answers that are still owed. */
    async finish() {
      ending = true
      await running
      await dispatcher.destroy()
    },
    accepted: () => accepted,
    summary: () =>
      `${accepted.length} accepted, ${counts.refused} refused, ${counts.repeated} repetitions of ${counts.sent} requests`,
  }
}
