let stop: AbortController | undefined

/** Ends on the first SIGINT or SIGTERM; a second one kills as usual. */
export function stopSignal(): AbortSignal {
  if (stop) return stop.signal
  const controller = new AbortController()
  stop = controller
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort())
  return controller.signal
}
