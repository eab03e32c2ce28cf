import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Test } from 'tap'
import { openRedis, type SharedCounters } from '../../src/limits/redis.ts'

/** A Redis to test with, where one runs; each test has a prefix of its own there. */
const SERVER = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379'
/** A process that stands still for a moment must not look like a lost Redis. */
const PATIENT_MS = 5000

/** @returns why tests with Redis are skipped, or false */
export async function withoutRedis(): Promise<string | false> {
  const { hostname, port } = new URL(SERVER)
  return (await answers(Number(port || 6379), hostname)) ? false : 'skipped: no Redis (TEST_REDIS_URL)'
}

/** @returns why tests that stop a Redis of their own are skipped, or false */
export function withoutRedisServer(): string | false {
  const { status } = spawnSync('redis-server', ['--version'])
  return status === 0 ? false : 'skipped: no redis-server'
}

export const newPrefix = () => `handrail-test-${randomUUID()}`

/** Counters on a Redis, which close with the test. */
export async function openCounters(
  t: Test,
  options: { url?: string; prefix?: string; timeoutMs?: number; told?: string[] } = {},
): Promise<SharedCounters> {
  const { url = SERVER, prefix = newPrefix(), timeoutMs = PATIENT_MS, told = [] } = options
  const counters = openRedis(url, {
    prefix,
    timeoutMs,
    report: (state, reason) => told.push(`${state} ${reason ?? ''}`),
  })
  t.teardown(() => counters.close())
  await once(counters.client, 'ready')
  return counters
}

export interface OwnRedis {
  url: string
  start(): Promise<void>
  stop(): Promise<void>
  /** Has it hang: it keeps its connections and answers nothing. */
  freeze(): void
  thaw(): void
}

/** A Redis of the test's own, on a free port and without files, that may be stopped. */
export async function startRedis(t: Test): Promise<OwnRedis> {
  const port = await freePort()
  let server: ChildProcess | undefined
  async function stop() {
    if (!server) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
    server = undefined
  }
  async function start() {
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp']
    server = spawn('redis-server', options, { stdio: 'ignore' })
    while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  t.teardown(stop)
  await start()
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => void server?.kill(name)
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    stop,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
  }
}

function answers(port: number, host = '127.0.0.1'): Promise<boolean> {
  const socket = connect(port, host)
  return new Promise((resolve) => {
    const end = (found: boolean) => {
      socket.destroy()
      resolve(found)
    }
    socket.once('error', () => end(false))
    socket.once('connect', () => socket.write('PING\r\n'))
    socket.once('data', (data) => end(String(data).startsWith('+PONG')))
    socket.setTimeout(2000, () => end(false))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
