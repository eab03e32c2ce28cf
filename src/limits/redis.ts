import { Redis } from 'ioredis'

/** Counters that several replicas share. */
export interface SharedCounters {
  readonly client: Redis
  /** What keys begin with, so that others may use the same Redis. */
  readonly prefix: string
  /** Whether Redis is connected and answered the last time it was asked. */
  ready(): boolean
  /** Asks Redis. @returns undefined, at once or after the timeout, where it gives no answer */
  attempt<T>(ask: () => Promise<T>): Promise<T | undefined>
  close(): void
}

export interface RedisOptions {
  /** Told when Redis is lost and when it is back; `reason` never holds the address or the password. */
  report: (state: 'lost' | 'back', reason?: string) => void
  prefix?: string
  /** How long one answer may take, in milliseconds. */
  timeoutMs?: number
}

/** A request waits for it, so it is short; a stalled process sees its timers run out early, so not too short. */
const TIMEOUT_MS = 500
/** Whoever waits for Redis to come back finds it within a second. */
const LONGEST_PAUSE_MS = 250
const CONNECT_MS = 2000

/**
 * Connects to Redis, and again whenever the connection is lost. Nothing waits for that: a command that cannot be sent
 * fails at once, and so does everything that was under way.
 */
export function openRedis(url: string, options: RedisOptions): SharedCounters {
  const { report, prefix = 'handrail', timeoutMs = TIMEOUT_MS } = options
  let state: 'connecting' | 'ready' | 'lost' = 'connecting'
  const become = (next: 'ready' | 'lost', reason?: string) => {
    if (state === next) return
    const before = state
    state = next
    if (next === 'lost') report('lost', reason)
    else if (before === 'lost') report('back')
  }
  const client = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: timeoutMs,
    connectTimeout: CONNECT_MS,
    maxLoadingRetryTime: LONGEST_PAUSE_MS,
    disableClientInfo: true,
    retryStrategy: (attempt) => Math.min(LONGEST_PAUSE_MS, 50 * attempt),
  })
  client.on('error', (error) => become('lost', codeOf(error)))
  client.on('close', () => become('lost', 'the connection was closed'))
  client.on('ready', () => become('ready'))

  return {
    client,
    prefix,
    ready: () => client.status === 'ready' && state === 'ready',
    async attempt(ask) {
      if (client.status !== 'ready') return undefined
      try {
        const answer = await ask()
        become('ready')
        return answer
      } catch (error) {
        become('lost', codeOf(error))
        // One that hangs would make every request wait: the next ones find no connection until it answers again.
        if (isTimeout(error) && client.status === 'ready') client.disconnect(true)
        return undefined
      }
    },
    close() {
      client.removeAllListeners('close')
      client.disconnect()
    },
  }
}

const isTimeout = (error: unknown) => error instanceof Error && error.message === 'Command timed out'

/** A word for the log: messages of Redis may repeat what was sent. */
function codeOf(error: unknown): string {
  const { code, message = '' } = error as { code?: string; message?: string }
  if (code) return code
  return isTimeout(error) ? 'timeout' : (/^[A-Z]{2,20}\b/.exec(message)?.[0] ?? 'error')
}
