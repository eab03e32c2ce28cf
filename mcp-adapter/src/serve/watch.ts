import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface Watcher {
  /** Watches these files from now on. One that was written at or after `since` (epoch milliseconds) counts as changed. */
  set(files: readonly string[], since: number): void
  close(): void
}

/** An editor writes a file in several steps; they count as one, in milliseconds. */
const SETTLE_MS = 100
/** Where the system tells nothing (network file systems, no watches left), the files are looked at, in milliseconds. */
const POLL_MS = 5000

/** Systems date files by a clock that is a little late, in milliseconds. */
const CLOCK_MS = 20

interface Look {
  /** Tells two states of the files apart. */
  print: string
  /** When the youngest of them was written, in epoch milliseconds. */
  written: number
}

/** The state of files. Links are followed, because a mounted configuration is replaced by moving a link. */
async function look(files: readonly string[]): Promise<Look> {
  const states = await Promise.all(files.map((file) => stat(file, { bigint: true }).catch(() => undefined)))
  const times = states.map((state) => (state ? Number(state.mtimeMs) : 0))
  const print = states.map((state) => (state ? `${state.dev}:${state.ino}:${state.size}:${state.mtimeNs}` : 'none'))
  return { print: print.join(' '), written: Math.max(0, ...times) }
}

/**
 * Calls `changed` soon after one of some files is written, replaced, removed or put there. Their folders are watched
 * rather than they: a file that is replaced by another would be watched no more. It keeps no process alive.
 */
export function createWatcher(changed: () => void, { settleMs = SETTLE_MS, pollMs = POLL_MS } = {}): Watcher {
  const folders = new Map<string, FSWatcher>()
  let files: readonly string[] = []
  let before: Look | undefined
  let settling: NodeJS.Timeout | undefined
  let isClosed = false

  async function check(): Promise<void> {
    const asked = files
    const now = await look(asked)
    if (isClosed || asked !== files || !before || now.print === before.print) return
    before = now
    changed()
  }

  function stir(): void {
    clearTimeout(settling)
    settling = setTimeout(() => void check(), settleMs).unref()
  }

  function watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, stir)
      // The folder is gone, or the system has no watches left: looking at the files remains.
      watcher.on('error', () => {
        watcher.close()
        folders.delete(folder)
      })
      folders.set(folder, watcher)
    } catch {
      // The same.
    }
  }

  async function begin(since: number): Promise<void> {
    const asked = files
    const first = await look(asked)
    if (isClosed || asked !== files) return
    before = first
    // Written while it was read: which state was read is not known. A date to come says nothing.
    if (first.written >= since - CLOCK_MS && first.written <= Date.now()) changed()
  }

  const poll = setInterval(() => void check(), pollMs).unref()
  return {
    set(next, since) {
      files = [...next]
      before = undefined
      const wanted = new Set(files.map((file) => dirname(file)))
      for (const [folder, watcher] of folders) {
        if (wanted.has(folder)) continue
        watcher.close()
        folders.delete(folder)
      }
      for (const folder of wanted) if (!folders.has(folder)) watchFolder(folder)
      void begin(since)
    },
    close() {
      isClosed = true
      clearInterval(poll)
      clearTimeout(settling)
      for (const watcher of folders.values()) watcher.close()
    },
  }
}
