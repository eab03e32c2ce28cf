import { setTimeout as delay } from 'node:timers/promises'
import type { Storage } from '../storage/storage.ts'
import { BATCH, lastPlace, link, type Place, placeAt, samePlace } from './chain.ts'
import type { Seals } from './seals.ts'

/** How often entries get their places. */
const LINK_MS = 1000
/** How often the end of the chain is sealed, where it has moved. */
const SEAL_MS = 60_000
/** So many new places are sealed without waiting for that. */
const SEAL_AFTER = 1000
/** After a failure nothing is tried for a while: the same failure every second would fill the log. */
const PAUSE_MS = 10_000
/** So long others may keep this process from linking before it says so. */
const LATE_MS = 30_000
/** How long the last turn waits for another process that links. */
const MOST_BUSY_MS = 3000
/** The embedded database tidies nothing up by itself, and the table of what waits is filled and emptied all the time. */
const VACUUM_AFTER = 50_000

const VERIFY = 'Run: npm run audit -- verify'

export interface SealerOptions {
  linkMs?: number
  sealMs?: number
  sealAfter?: number
  lateMs?: number
  now?: () => Date
  /** Told what went wrong: nothing here ends the service. */
  report: (error: unknown) => void
}

/** Links and seals in the background. */
export interface Sealer {
  start(): void
  /** Has the next turn now. */
  poke(): void
  /** Links and seals all there is. @throws what went wrong */
  flush(): Promise<void>
  /** Ends the turns; what was written until now is linked and sealed. */
  close(): Promise<void>
}

/** The worker that gives entries their places and seals the end of the chain. Each replica may run one. */
export function createSealer(
  storage: Pick<Storage, 'sql' | 'script' | 'transaction'>,
  seals: Seals,
  options: SealerOptions,
): Sealer {
  const { linkMs = LINK_MS, sealMs = SEAL_MS, sealAfter = SEAL_AFTER, lateMs = LATE_MS } = options
  const { now = () => new Date(), report } = options
  const sealed = (): Place => ({ position: seals.head().position, hash: Buffer.from(seals.head().hash, 'hex') })
  /** The end of the chain as this process saw it last: it may grow, and nothing else. */
  let seen: Place | undefined = sealed().position > 0 ? sealed() : undefined
  let linked = 0
  let waitingSince: number | undefined
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let closed = false

  /** Other replicas link for moments. Whoever holds the lock for longer keeps the trail from being sealed. */
  function complainOfWaiting(): void {
    waitingSince ??= Date.now()
    if (Date.now() - waitingSince < lateMs) return
    waitingSince = undefined
    report(
      new Error(`No audit entry could be linked for ${lateMs / 1000} s: another session holds the lock of the chain.`),
    )
  }

  async function linkAll(patient: boolean): Promise<void> {
    const giveUp = Date.now() + MOST_BUSY_MS
    for (;;) {
      const count = await link(storage)
      if (count === 'busy') {
        complainOfWaiting()
        if (!patient || Date.now() > giveUp) return
        await delay(50)
        continue
      }
      waitingSince = undefined
      linked += count
      if (count < BATCH) break
    }
    if (linked < VACUUM_AFTER) return
    linked = 0
    await storage.script('VACUUM audit_pending')
  }

  /**
   * Holds the chain against what was seen of it. Where it was changed since, what was seen is sealed first: the change
   * is then found by whoever verifies, even though no seal had covered it before.
   */
  async function look(): Promise<Place | undefined> {
    const end = await lastPlace(storage.sql)
    const before = seen
    const changed = before && !samePlace(await placeAt(storage.sql, before.position), before)
    if (changed) await seals.append(before)
    seen = end
    if (changed) {
      report(new Error(`The audit trail was changed at position ${before.position} or before. ${VERIFY}`))
    }
    return end
  }

  async function turn(all: boolean): Promise<void> {
    await linkAll(all)
    const end = await look()
    if (!end || samePlace(end, sealed())) return
    const { at } = seals.head()
    const due = Math.abs(end.position - sealed().position) >= sealAfter || now().getTime() - Date.parse(at) >= sealMs
    if (all || due) await seals.append(end)
  }

  function next(ms: number): void {
    clearTimeout(timer)
    if (!closed) timer = setTimeout(run, ms)
  }

  function run(): void {
    if (running || closed) return
    running = turn(false)
      .then(() => linkMs)
      .catch((error: unknown) => {
        report(error)
        return PAUSE_MS
      })
      .then((ms) => {
        running = undefined
        next(ms)
      })
  }

  async function flush(): Promise<void> {
    await running
    await turn(true)
  }

  return {
    start: () => next(0),
    poke: () => next(0),
    flush,
    async close() {
      closed = true
      clearTimeout(timer)
      try {
        await flush()
      } catch (error) {
        report(error)
      }
    },
  }
}
