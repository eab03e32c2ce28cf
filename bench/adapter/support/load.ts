import { type Connection, open } from './connection.ts'

/** What a run measured. Latencies in milliseconds. */
export interface Run {
  calls: number
  perSecond: number
  p50: number
  p99: number
}

/** How much load: until one of the two is reached. */
export interface Amount {
  inFlight: number
  ms?: number
  calls?: number
}

const at = (sorted: Float64Array, share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

/**
 * Sends requests for so many milliseconds, or so many of them, `inFlight` at a time, each on a connection of its own.
 * @throws Error for an answer that is not the expected one: a fast wrong answer is no figure
 */
export async function load(
  port: number,
  request: (index: number) => Buffer,
  isRight: (status: number, body: string) => boolean,
  { inFlight, ms = Number.POSITIVE_INFINITY, calls = Number.POSITIVE_INFINITY }: Amount,
): Promise<Run> {
  const connections: Connection[] = await Promise.all(Array.from({ length: inFlight }, () => open(port)))
  const took: number[] = []
  const began = performance.now()
  let index = 0
  async function worker(connection: Connection) {
    for (let now = performance.now(); now - began < ms && index < calls; ) {
      const { status, body } = await connection.send(request(index++))
      if (!isRight(status, body)) throw new Error(`answered with ${status}: ${body.slice(0, 500)}`)
      const end = performance.now()
      took.push(end - now)
      now = end
    }
  }
  try {
    await Promise.all(connections.map(worker))
  } finally {
    for (const connection of connections) connection.close()
  }
  const seconds = (performance.now() - began) / 1000
  const sorted = Float64Array.from(took).sort()
  return {
    calls: took.length,
    perSecond: took.length / seconds,
    p50: at(sorted, 0.5) ?? 0,
    p99: at(sorted, 0.99) ?? 0,
  }
}
