let stop: AbortController | undefined

/** Ends on the first SIGINT or SIGTERM; a second one kills as usual. */
export function stopSignal(): AbortSignal {
  if (stop) return stop.signal
  const controller = new AbortController()
  stop = controller
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort())
  return controller.signal
}

/**
 * Calls `reload` on each SIGHUP. A process of a terminal is left alone: there the signal says that the terminal is gone,
 * and ends it as usual.
 */
export function onHangUp(reload: () => void): void {
  if (!process.stdin.isTTY) process.on('SIGHUP', reload)
}
