import { type FSWatcher, watch } from 'node:fs'
import { lstat, stat } from 'node:fs/promises'
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

/** What tells two states of a file apart, and when it last became another, in epoch milliseconds. */
interface Look {
  print: string
  touched: number
}

/** The state of a file. Links are followed, because a mounted configuration is replaced by moving a link. */
async function look(file: string): Promise<Look> {
  const [state, link] = await Promise.all(
    [stat, lstat].map((ask) => ask(file, { bigint: true }).catch(() => undefined)),
  )
  if (!state) return { print: 'none', touched: 0 }
  const touched = Math.max(...[state, link].map((each) => Number(each?.ctimeMs ?? 0)))
  return { print: [state.dev, state.ino, state.size, state.mtimeNs].join(':'), touched }
}

/**
 * Calls `changed` soon after one of some files is written, replaced, removed or put there. Their folders are watched
 * rather than they: a file that is replaced by another would be watched no more. It keeps no process alive.
 */
export function createWatcher(changed: () => void, { settleMs = SETTLE_MS, pollMs = POLL_MS } = {}): Watcher {
  const folders = new Map<string, FSWatcher>()
  /** The files, each as it was when it was last looked at; empty before that. */
  let prints = new Map<string, string>()
  let since = 0
  let settling: NodeJS.Timeout | undefined
  let isClosed = false

  /** A file that is looked at for the first time may have become another while it was read. A date to come says nothing. */
  const isNew = ({ touched }: Look) => touched >= since - CLOCK_MS && touched <= Date.now()

  async function check(): Promise<void> {
    const asked = prints
    const found = await Promise.all([...asked.keys()].map(async (file) => [file, await look(file)] as const))
    if (isClosed || asked !== prints) return
    const different = found.filter(([file, now]) => {
      const before = prints.get(file)
      prints.set(file, now.print)
      return before === '' ? isNew(now) : before !== now.print
    })
    if (different.length > 0) changed()
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

  const poll = setInterval(() => void check(), pollMs).unref()
  return {
    set(files, from) {
      // What is known of a file stays: it was looked at before it was read, so no change in between is missed.
      prints = new Map(files.map((file) => [file, prints.get(file) ?? '']))
      since = from
      const wanted = new Set(files.map((file) => dirname(file)))
      for (const [folder, watcher] of folders) {
        if (wanted.has(folder)) continue
        watcher.close()
        folders.delete(folder)
      }
      for (const folder of wanted) if (!folders.has(folder)) watchFolder(folder)
      void check()
    },
    close() {
      isClosed = true
      clearInterval(poll)
      clearTimeout(settling)
      for (const watcher of folders.values()) watcher.close()
    },
  }
}
