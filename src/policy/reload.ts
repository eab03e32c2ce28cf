import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalPolicy } from './embedded.ts'
import { hashOf, POLICY_FILES, type Texts } from './engine.ts'

export interface ReloadOptions {
  everyMs?: number
  /** Told of new rules by their hash, and of files that cannot be used by the reason. */
  report: (news: { hash: string } | { reason: string }) => void
}

export interface Reloading {
  /** Reads the files at once, and takes them as they are. */
  now(): Promise<void>
  /** What is done every now and then. */
  look(): Promise<void>
  close(): void
}

const EVERY_MS = 500

/**
 * Takes new rules over when the files change. The files are looked at, not watched: every editor replaces files in its
 * own way, and mounted folders tell nothing. Only what was found the same twice in a row is taken, since a file that is
 * being written may be a valid one that lacks its last lines, and those are the ones that forbid.
 */
export function reloadPolicies(
  policy: LocalPolicy,
  folder: string,
  { everyMs = EVERY_MS, report }: ReloadOptions,
): Reloading {
  /** What was tried last, whether it could be used or not: it is told once. */
  let tried = policy.current().hash
  let seen = tried
  let looking = false
  let closed = false

  async function look(): Promise<void> {
    if (looking || closed) return
    looking = true
    try {
      const texts = await read(folder)
      const found = nameOf(texts)
      if (found === seen && found !== tried) take(texts, found)
      seen = found
    } finally {
      looking = false
    }
  }

  function take(texts: Texts | Error, name: string): void {
    if (closed) return
    tried = name
    try {
      if (texts instanceof Error) {
        policy.fail()
        throw texts
      }
      policy.load(texts)
      report({ hash: name })
    } catch (error) {
      report({ reason: (error as Error).message })
    }
  }

  const timer = setInterval(() => void look(), everyMs)
  timer.unref()
  return {
    async now() {
      const texts = await read(folder)
      seen = nameOf(texts)
      take(texts, seen)
    },
    look,
    close() {
      closed = true
      clearInterval(timer)
    },
  }
}

/** What cannot be read is a state like any other: for a moment it is normal, while an editor replaces a file. */
async function read(folder: string): Promise<Texts | Error> {
  const text = (name: string) => readFile(join(folder, name), 'utf8')
  try {
    const [schema, policies] = await Promise.all([text(POLICY_FILES.schema), text(POLICY_FILES.policies)])
    return { schema, policies }
  } catch (error) {
    return error as Error
  }
}

const nameOf = (texts: Texts | Error) => (texts instanceof Error ? texts.message : hashOf(texts))
