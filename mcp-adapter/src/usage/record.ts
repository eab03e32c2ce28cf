import { appendFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { ConfigError, messageOf } from '../errors.ts'
import type { Log } from '../log.ts'

/** How calls of one tool went. Nothing of callers, arguments or answers. */
export interface Count {
  calls: number
  errors: number
  /** Answers that departed from the document. */
  drift: number
  /** When the last call ended, as an ISO 8601 time. */
  last: string
}

/** One line of a usage file: what one process counted since its line before. */
export interface UsageLine {
  version: 1
  tools: Record<string, Count>
}

/** How one call ended; `drift` is how many answers departed from the document since the call before. */
interface CallOutcome {
  error: boolean
  drift: number
}

export interface UsageRecorder {
  note(tool: string, outcome: CallOutcome): void
  /** Writes what is counted and ends. */
  close(): Promise<void>
}

const EVERY_MS = 30_000
const FILE_MODE = 0o600

/**
 * Counts calls and appends the counts to `file`, every half minute and at the end: one line of JSON, in one write to the
 * end of the file. So several processes share one file, none reads what another wrote, and nothing has to be locked. A
 * file that cannot be written any more is logged, and its counts are kept for the next time. Throws ConfigError for one
 * that never could: counts would be lost without a word to whoever asked for them.
 */
export function createUsageRecorder(file: string, log: Log, everyMs = EVERY_MS): UsageRecorder {
  try {
    appendFileSync(file, '', { mode: FILE_MODE })
  } catch (error) {
    throw new ConfigError(`Cannot write the usage file ${file}: ${messageOf(error)}`)
  }
  let counts = new Map<string, Count>()
  let writing = Promise.resolve()

  function merge(tool: string, more: Count) {
    const { calls, errors, drift, last } = counts.get(tool) ?? { calls: 0, errors: 0, drift: 0, last: '' }
    counts.set(tool, {
      calls: calls + more.calls,
      errors: errors + more.errors,
      drift: drift + more.drift,
      last: last > more.last ? last : more.last,
    })
  }

  async function write() {
    if (counts.size === 0) return
    const taken = counts
    counts = new Map()
    const line: UsageLine = { version: 1, tools: Object.fromEntries(taken) }
    try {
      // An end of line first as well: what was cut off before (a full disk) does not spoil this line.
      await appendFile(file, `\n${JSON.stringify(line)}\n`, { mode: FILE_MODE })
    } catch (error) {
      for (const [tool, count] of taken) merge(tool, count)
      log.warn({ error: messageOf(error) }, 'the usage file cannot be written')
    }
  }
  const flush = () => {
    writing = writing.then(write)
    return writing
  }
  const timer = setInterval(() => void flush(), everyMs)
  timer.unref()
  return {
    note(tool, { error, drift }) {
      merge(tool, { calls: 1, errors: Number(error), drift, last: new Date().toISOString() })
    },
    async close() {
      clearInterval(timer)
      await flush()
    },
  }
}
