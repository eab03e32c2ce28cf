import { load } from './load.ts'
import { type Served, start } from './process.ts'

/** A server to measure: a file of ../servers that is started for it, or one that runs. */
export type Contender = {
  name: string
  request: (index: number) => Buffer
  isRight: (status: number, body: string) => boolean
} & ({ file: string; env: Record<string, string> } | { running: Served })

/**
 * How long is measured: rounds of `ms` milliseconds after so many calls that do not count, and all of it `starts` times.
 * Two processes of the same program differ by a fifth, each for as long as it lives: by where its memory came to lie.
 */
export interface Round {
  starts: number
  rounds: number
  warmCalls: number
  ms: number
}

/** What the rounds of one contender gave. Latencies and processor time per call in milliseconds. */
export interface Result {
  name: string
  runs: { perSecond: number; p50: number; p99: number; cpuMs: number }[]
  rssMb: number
}

/** Measures contenders round by round, one after the other in each, so that a busy machine is busy for all of them. */
export async function measure(contenders: Contender[], inFlight: number, round: Round): Promise<Result[]> {
  const results: Result[] = contenders.map(({ name }) => ({ name, runs: [], rssMb: 0 }))
  for (let started = 0; started < round.starts; started++) await measureOnce(contenders, inFlight, round, results)
  return results
}

async function measureOnce(contenders: Contender[], inFlight: number, round: Round, results: Result[]): Promise<void> {
  const servers: Served[] = []
  for (const each of contenders) {
    const server = 'running' in each ? each.running : await start(each.file, each.env)
    await load(server.port, each.request, each.isRight, { inFlight, calls: round.warmCalls })
    servers.push(server)
  }
  for (let index = 0; index < round.rounds; index++) {
    for (const [at, each] of contenders.entries()) {
      const [server, result] = [servers[at] as Served, results[at] as Result]
      const before = await server.usage()
      const { calls, perSecond, p50, p99 } = await load(server.port, each.request, each.isRight, {
        inFlight,
        ms: round.ms,
      })
      const after = await server.usage()
      result.runs.push({ perSecond, p50, p99, cpuMs: (after.cpuMs - before.cpuMs) / calls })
      result.rssMb = after.rssMb
    }
  }
  for (const [at, each] of contenders.entries()) if (!('running' in each)) await servers[at]?.stop()
}

/** Calls that each contender answers in the second after it listens, anew in every round. */
export async function firstSeconds(
  contenders: Contender[],
  rounds: number,
): Promise<{ name: string; calls: number[] }[]> {
  const results = contenders.map(({ name }) => ({ name, calls: [] as number[] }))
  for (let index = 0; index < rounds; index++) {
    for (const [at, each] of contenders.entries()) {
      if ('running' in each) throw new Error(`${each.name} runs already`)
      const server = await start(each.file, each.env)
      const { calls } = await load(server.port, each.request, each.isRight, { inFlight: 16, ms: 1000 })
      results[at]?.calls.push(calls)
      await server.stop()
    }
  }
  return results
}
