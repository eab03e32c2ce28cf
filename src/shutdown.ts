import type { Logger } from 'pino'

const GRACE_MS = 10_000
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Closes once on the first signal. Ctrl-C under npm delivers SIGINT twice (the terminal's and npm's own), so a second
 * signal must not cut the closing short, as libraries for this do; a close that hangs is ended after ten seconds.
 */
export function closeOnSignal(close: () => Promise<void>, log: Logger): void {
  let closing = false
  async function onSignal(signal: string) {
    if (closing) return
    closing = true
    log.info({ signal }, 'closing')
    setTimeout(() => {
      log.error('closing took too long')
      process.exit(1)
    }, GRACE_MS).unref()
    try {
      await close()
      log.info('closed')
      process.exit(0)
    } catch (error) {
      log.error({ err: error }, 'closing failed')
      process.exit(1)
    }
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
}
