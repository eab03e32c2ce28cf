import { createContext, Script } from 'node:vm'

/** The work did not end in its time. */
class TookTooLong extends Error {
  override name = 'TookTooLong'
}

let work: () => unknown = () => undefined
const context = createContext({ run: () => work() })
const script = new Script('run()')

const MOST_TRIES = 5
/** A process that got less of the processor than this part of the time was kept waiting, and did not work too long. */
const LEAST_SHARE = 0.5

function isTimeout(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}

/**
 * Does something that does not wait, and ends it after so many milliseconds. Only the engine can interrupt a regular
 * expression, and `vm` is where Node offers that; it costs about a tenth of a millisecond. Its clock goes on while others
 * have the processor, so the work is done anew where it had too little of it. Throws TookTooLong, and what the work
 * throws.
 */
export function withinTime<T>(doWork: () => T, timeoutMs: number): T {
  work = doWork
  try {
    for (let attempt = 1; attempt <= MOST_TRIES; attempt++) {
      const before = process.cpuUsage()
      try {
        return script.runInContext(context, { timeout: timeoutMs }) as T
      } catch (error) {
        if (!isTimeout(error)) throw error
        const { user, system } = process.cpuUsage(before)
        if ((user + system) / 1000 >= timeoutMs * LEAST_SHARE) break
      }
    }
    throw new TookTooLong()
  } finally {
    work = () => undefined
  }
}
