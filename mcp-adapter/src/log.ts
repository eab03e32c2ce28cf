import { writeSync } from 'node:fs'

/** What the adapter needs of a logger; pino and Fastify's logger fit. Nothing secret is ever passed to it. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const STDERR = 2
/** A line is written at the latest after so many milliseconds, or when so many characters wait. */
const LONGEST_WAIT_MS = 20
const MOST_KEPT = 64 * 1024
/** So many messages are remembered as they are written. */
const MOST_ENDS = 100

/** Writes all of a text. What the other end of a pipe does not take yet is tried again: a log is complete. */
function writeAll(text: string): void {
  let left = Buffer.from(text)
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(STDERR, left))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
    }
  }
}

/**
 * One JSON object a line on stderr, so that stdout stays the protocol's alone. Lines are
 * written together: a write of its own for each costs more than making it.
 */
export function stderrLog(): Log {
  let kept = ''
  function flush() {
    const text = kept
    kept = ''
    if (text !== '') process.stderr.write(text)
  }
  // What a process says last is what it ended of.
  process.on('exit', () => {
    writeAll(kept)
    kept = ''
  })
  const write = (level: string) => {
    let at = 0
    let head = ''
    // The end of a line is one of a few, and its beginning the same for all of a millisecond.
    const ends = new Map<string, string>()
    const endOf = (message: string) => {
      const end = `,"msg":${JSON.stringify(message)}}\n`
      if (ends.size < MOST_ENDS) ends.set(message, end)
      return end
    }
    return (fields: object, message: string) => {
      if (kept === '') setTimeout(flush, LONGEST_WAIT_MS).unref()
      const now = Date.now()
      if (now !== at) head = `{"level":"${level}","time":"${new Date(now).toISOString()}"`
      at = now
      const own = JSON.stringify(fields)
      kept += head
      if (own !== '{}') kept += `,${own.slice(1, -1)}`
      kept += ends.get(message) ?? endOf(message)
      if (kept.length >= MOST_KEPT) flush()
    }
  }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}
