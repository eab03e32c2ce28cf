import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Catalog } from '../tools/catalog.ts'
import { type CatalogDiff, diffCatalogs, isDifferent } from './catalog-diff.ts'
import { createWatcher, type Watcher } from './watch.ts'

/** What is served, and how it is replaced. */
interface ReloadOptions {
  /** Reads everything anew. Throws ConfigError, with every finding. */
  load(): Promise<Catalog>
  /** What is served now. */
  current(): Catalog
  /** Why the new catalog cannot take the place of the current one; undefined when it can. */
  obstacle(next: Catalog): string | undefined
  /** Serves the new catalog from now on. `diff` is what agents see differently, if anything. */
  replace(next: Catalog, diff: CatalogDiff | undefined): void
  log: Log
  /** Documents that come from URLs are asked for again after so many milliseconds. Default five minutes. */
  refetchMs?: number
  /** After a failure it is tried again, whatever was changed, in milliseconds. Default 30 seconds. */
  retryMs?: number
}

export interface Reloader {
  /** Reads everything anew. Resolves when that is done, whether the new list is served or the old one was kept. */
  reload(): Promise<void>
  close(): void
}

const REFETCH_MS = 300_000
const RETRY_MS = 30_000

/**
 * Replaces what is served when the files behind it change, and after a while where they come from URLs. What is broken
 * replaces nothing: the old list stays, and what is wrong is logged once. `since` is when the current catalog began to
 * be read, in epoch milliseconds.
 */
export function startReloading(options: ReloadOptions, since: number): Reloader {
  const { log, refetchMs = REFETCH_MS, retryMs = RETRY_MS } = options
  let isClosed = false
  let told: string | undefined
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  function tell(message: string): void {
    if (message !== told) log.error({ error: message }, 'the change is not served: the old list stays')
    told = message
  }

  function replace(catalog: Catalog): void {
    const obstacle = options.obstacle(catalog)
    if (obstacle !== undefined) {
      tell(obstacle)
      return
    }
    const diff = diffCatalogs(options.current(), catalog)
    const { added, removed, changed } = diff
    options.replace(catalog, isDifferent(diff) ? diff : undefined)
    told = undefined
    if (isDifferent(diff)) log.info({ added, removed, changed }, 'another list of tools is served')
  }

  async function readAnew(): Promise<void> {
    clearTimeout(timer)
    const began = Date.now()
    try {
      const catalog = await options.load()
      if (isClosed) return
      replace(catalog)
    } catch (error) {
      if (isClosed) return
      tell(messageOf(error))
    }
    observe(began)
  }

  /** One at a time. What changes while it is being read is read after it. */
  function reload(): Promise<void> {
    if (isClosed) return Promise.resolve()
    if (running) {
      next ??= running.then(() => {
        next = undefined
        return reload()
      })
      return next
    }
    running = readAnew().finally(() => {
      running = undefined
    })
    return running
  }

  const watcher: Watcher = createWatcher(() => void reload())

  function observe(began: number): void {
    const { files, urls } = options.current().sources
    watcher.set(files, began)
    const waitMs = told !== undefined ? retryMs : urls.length > 0 ? refetchMs : undefined
    if (waitMs !== undefined) timer = setTimeout(() => void reload(), waitMs).unref()
  }
  observe(since)

  return {
    reload,
    close() {
      isClosed = true
      clearTimeout(timer)
      watcher.close()
    },
  }
}
