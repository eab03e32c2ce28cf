import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { FindSeal, Seal } from '../domain/audit.ts'
import { writePrivate } from '../identity/secrets.ts'
import { FolderInUseError, lockFolder } from '../storage/lock.ts'
import { GENESIS, type Place } from './chain.ts'
import { findSeal, firstKey, writeKeys } from './find-seal.ts'
import { appendLine, cutTorn, dayFile, linesFrom, readTail } from './seal-files.ts'
import { endKey, holdsKey, makeKey, publicPart, signWith } from './seal-keys.ts'
import {
  isSigned,
  type KeyLine,
  type Line,
  lineHash,
  NO_LINE,
  nextKey,
  parseLine,
  signedText,
  type Unsigned,
} from './seal-lines.ts'

export interface SealFolders {
  /** Holds the seals, a file a day, and keys.json. Whoever verifies needs this one. */
  folder: string
  /** Holds the private key, and what the last line was. For nobody's eyes. */
  keysFolder: string
}

/** Where a service with these settings keeps them. */
export const sealFolders = ({ sealsDir, dataDir }: { sealsDir: string; dataDir: string }): SealFolders => ({
  folder: sealsDir,
  keysFolder: join(dataDir, 'seal-keys'),
})

/** What the writer remembers beside its key: that the last seals are gone shows even when nothing else is left. */
export interface Head {
  /** The first key: its fingerprint is what an operator pins. */
  first: string
  /** The key that signs the next line. */
  keyId: string
  /** The hash of the last line. */
  last: string
  /** What the last seal covered; position 0 while there is none. */
  position: number
  hash: string
  at: string
}

export interface Seals {
  /** The fingerprint of the first key. */
  fingerprint: string
  /** Whether the key was made just now. */
  fresh: boolean
  /** What was sealed last. */
  head(): Head
  /** Seals a place, unless it is the last one that was sealed. */
  append(place: Place): Promise<void>
  /** Makes a new key, announced by the old one, whose private part is removed. @returns its fingerprint */
  rotate(): Promise<string>
  find: FindSeal
}

const HEAD = 'head.json'
const MOST_WAIT_MS = 10_000

/** @returns what is remembered beside the keys; nothing before the first line, or when it is lost */
export function readHead(keysFolder: string): Head | undefined {
  const path = join(keysFolder, HEAD)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Head) : undefined
}

/**
 * Opens the folders of one writer, and makes the first key where there is none.
 * @param report told when what was written before is not what is found
 * @throws Error that says what to do when the folder holds the seals of a key that is not here
 */
export async function openSeals(
  { folder, keysFolder }: SealFolders,
  report: (error: Error) => void,
  now = () => new Date(),
): Promise<Seals> {
  const before = await exclusively(keysFolder, recall)
  const opened = before ?? (await exclusively(keysFolder, async () => (await recall()) ?? begin()))

  /** What the next line follows: as it is remembered, held against as it is found. */
  async function recall(): Promise<Head | undefined> {
    const head = readHead(keysFolder)
    const text = (await readTail(folder))?.text
    if (head === undefined && text === undefined) return undefined
    const last = text === undefined ? undefined : lineHash(text)
    if (head && head.last === last) return needKey(head)
    const since = head && (await walk(head))
    if (since) {
      // The process ended between a line and the note of it: the note is made now, before another line follows.
      writePrivate(join(keysFolder, HEAD), `${JSON.stringify(since)}\n`)
      return needKey(since)
    }
    if (head) {
      report(new Error(`The last seals in ${folder} are not those that were written. Run: npm run audit -- verify`))
      // What is written next follows what is remembered, so that the break shows for ever.
      return needKey(head)
    }
    const line = text === undefined ? undefined : parseLine(text)
    if (!line || !isSigned(line)) throw new Error(`The files in ${folder} do not end with a seal. ${ELSEWHERE}`)
    // The note is lost.
    return needKey(await follow(line, last as string))
  }

  /** @returns the end of the lines that follow what is remembered; undefined where they do not, or it is not there */
  async function walk(head: Head): Promise<Head | undefined> {
    let end = head.last === NO_LINE ? head : undefined
    for await (const { text, whole } of linesFrom(folder)) {
      if (!whole) continue
      const hash = lineHash(text)
      if (!end) {
        if (hash === head.last) end = head
        continue
      }
      const line = parseLine(text)
      if (!line || !isSigned(line) || line.previous !== end.last || line.keyId !== end.keyId) return undefined
      end = { ...end, ...headOf(line), last: hash }
    }
    return end
  }

  function needKey(head: Head): Head {
    if (holdsKey(keysFolder, head.keyId)) return head
    throw new Error(`The seals in ${folder} are made with a key that ${keysFolder} does not hold. ${ELSEWHERE}`)
  }

  async function follow(line: Line, last: string): Promise<Head> {
    const first = (await firstKey(folder)) ?? line.keyId
    return { position: 0, hash: GENESIS.toString('hex'), ...headOf(line), first, last }
  }

  function begin(): Promise<Head> {
    const key = makeKey(keysFolder)
    return write(
      { first: key.keyId, keyId: key.keyId, last: NO_LINE, position: 0, hash: GENESIS.toString('hex'), at: '' },
      {
        kind: 'key',
        newKeyId: key.keyId,
        newPublicKey: key.publicKey,
      },
    )
  }

  async function write(head: Head, content: Content): Promise<Head> {
    const at = now()
    const { publicKey } = publicPart(keysFolder, head.keyId)
    const unsigned = { version: 1, ...content, at: at.toISOString(), keyId: head.keyId, publicKey, previous: head.last }
    const { signature } = signWith(keysFolder, head.keyId, signedText(unsigned as Unsigned))
    const line = { ...unsigned, signature } as Line
    const text = signedText(line)
    const tail = await readTail(folder)
    const today = dayFile(at)
    // A clock that is set back must not put a line before the ones that it follows.
    const file = tail && tail.file > today ? tail.file : today
    if (tail) await cutTorn(folder, tail)
    await appendLine(folder, file, text)
    const next = { ...head, ...headOf(line), last: lineHash(text) }
    writePrivate(join(keysFolder, HEAD), `${JSON.stringify(next)}\n`)
    if (line.kind === 'key') await writeKeys(folder)
    return next
  }

  let head = opened
  return {
    fingerprint: opened.first,
    fresh: before === undefined,
    head: () => head,
    append: ({ position, hash }) =>
      exclusively(keysFolder, async () => {
        const last = (await recall()) ?? (await begin())
        const text = hash.toString('hex')
        const entries = Math.max(0, position - last.position)
        const same = last.position === position && last.hash === text
        head = same ? last : await write(last, { kind: 'seal', position, hash: text, entries })
      }),
    rotate: () =>
      exclusively(keysFolder, async () => {
        const last = (await recall()) ?? (await begin())
        const { keyId, publicKey } = makeKey(keysFolder)
        head = await write(last, { kind: 'key', newKeyId: keyId, newPublicKey: publicKey })
        endKey(keysFolder, last.keyId)
        return keyId
      }),
    find: (position, at) => findSeal(folder, position, at),
  }
}

const ELSEWHERE =
  'Restore the folder of the keys, or name a new folder for seals with HANDRAIL_SEALS_DIR and verify with both.'

type Content =
  | Pick<Seal, 'kind' | 'position' | 'hash' | 'entries'>
  | Pick<KeyLine, 'kind' | 'newKeyId' | 'newPublicKey'>

const headOf = (line: Line) => ({
  keyId: nextKey(line),
  at: line.at,
  ...(line.kind === 'seal' && { position: line.position, hash: line.hash }),
})

/** One writer at a time, whatever the number of processes: each line follows the one before. */
async function exclusively<T>(keysFolder: string, work: () => Promise<T>): Promise<T> {
  const giveUp = Date.now() + MOST_WAIT_MS
  for (;;) {
    try {
      const unlock = await lockFolder(keysFolder)
      return await work().finally(unlock)
    } catch (error) {
      if (!(error instanceof FolderInUseError) || Date.now() > giveUp) throw error
      await delay(50)
    }
  }
}
