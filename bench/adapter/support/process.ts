import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Told } from './child.ts'

/** A server in a process of its own. */
export interface Served {
  port: number
  /** Seconds from the fork until it listened. */
  startS: number
  /** Processor time since the start in milliseconds, and resident memory in MB. */
  usage(): Promise<{ cpuMs: number; rssMb: number }>
  stop(): Promise<void>
}

/** Starts one of the files in ../servers. stderr goes nowhere: what is logged is made and written all the same. */
export async function start(file: string, env: Record<string, string> = {}, node: string[] = []): Promise<Served> {
  const began = performance.now()
  const path = new URL(`../servers/${file}`, import.meta.url).pathname
  const child = fork(path, {
    execArgv: ['--import=tsx', ...node],
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'inherit', process.env.BENCH_STDERR === undefined ? 'ignore' : 'inherit', 'ipc'],
  })
  const gone = once(child, 'exit')
  const told = async () => {
    const [answer] = (await Promise.race([
      once(child, 'message'),
      gone.then(() => Promise.reject(new Error(`${file} ended`))),
    ])) as [Told]
    return answer
  }
  const first = await told()
  return {
    port: (first as { port: number }).port,
    startS: (performance.now() - began) / 1000,
    async usage() {
      child.send('usage')
      const { cpu, rss } = (await told()) as Extract<Told, { cpu: unknown }>
      return { cpuMs: (cpu.user + cpu.system) / 1000, rssMb: rss / 2 ** 20 }
    },
    async stop() {
      child.disconnect()
      await gone
    },
  }
}
