/** Told how a request ended; `undefined`: nothing was learnt, because the caller left or nothing was sent. */
export type Leave = (healthy: boolean | undefined, wantedPauseMs?: number) => void

/** Keeps requests from an API that does not answer. */
export interface Breaker {
  /** Lets a request through, which then calls what it gets exactly once; or tells in how many ms to ask again. */
  enter(): Leave | number
  /** In how many milliseconds requests are let through again; 0: now, or when the probe has ended. */
  pauseMs(): number
}

/** So many outcomes are looked at. */
const WINDOW = 20
/** It opens when this many of them, and half of them, are failures. */
const LEAST_FAILURES = 5
const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 60_000
/** When to ask again while the probe runs, which takes as long as it takes. */
const PROBE_MS = 1000

const learnNothing: Leave = () => {}
/** Lets everything through. */
export const noBreaker: Breaker = { enter: () => learnNothing, pauseMs: () => 0 }

/**
 * A circuit breaker. Closed, it looks at the last 20 outcomes; open, it lets nothing through for 5 s, and twice as long
 * each time after that, up to 60 s; then one request is the probe that closes it or opens it again.
 */
export function createBreaker(now: () => number = () => performance.now()): Breaker {
  let outcomes: boolean[] = []
  let failures = 0
  /** 0: closed. */
  let pauseMs = 0
  let openUntil = 0
  let isProbing = false

  function open(wantedMs: number) {
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs === 0 ? FIRST_PAUSE_MS : pauseMs * 2)
    openUntil = now() + Math.min(LONGEST_PAUSE_MS, Math.max(pauseMs, wantedMs))
  }
  const leave: Leave = (healthy, wantedMs = 0) => {
    // What was under way when it opened tells nothing about what comes after.
    if (healthy === undefined || pauseMs > 0) return
    outcomes.push(healthy)
    if (!healthy) failures += 1
    if (outcomes.length > WINDOW && !outcomes.shift()) failures -= 1
    if (failures >= LEAST_FAILURES && failures * 2 >= outcomes.length) open(wantedMs)
  }
  const leaveProbe: Leave = (healthy, wantedMs = 0) => {
    isProbing = false
    if (healthy === undefined) return
    if (!healthy) return open(wantedMs)
    pauseMs = 0
    outcomes = []
    failures = 0
  }
  const left = () => (pauseMs === 0 ? 0 : Math.max(0, Math.ceil(openUntil - now())))
  return {
    pauseMs: left,
    enter() {
      if (pauseMs === 0) return leave
      if (left() > 0) return left()
      if (isProbing) return PROBE_MS
      isProbing = true
      return leaveProbe
    },
  }
}
