import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { mkdir, open, truncate } from 'node:fs/promises'
import { join } from 'node:path'

/** Longer than any line that is written. */
const TAIL_BYTES = 8192
const NAME = /^\d{4}-\d{2}-\d{2}\.jsonl$/

/** The file of a UTC day. */
export const dayFile = (at: Date) => `${at.toISOString().slice(0, 10)}.jsonl`

/** The files of seals in a folder, the oldest first. */
const sealFiles = (folder: string) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => NAME.test(name))
        .sort()
    : []

export interface FileLine {
  file: string
  /** 1 and up. */
  number: number
  text: string
  /** False for the end of a file that was cut off while it was written. */
  whole: boolean
}

/** All lines of the files from the given one on, in order, without holding them. */
export async function* linesFrom(folder: string, first = ''): AsyncGenerator<FileLine> {
  for (const file of sealFiles(folder)) {
    if (file < first) continue
    let number = 0
    let rest = ''
    for await (const chunk of createReadStream(join(folder, file), { encoding: 'utf8' })) {
      const parts = `${rest}${chunk}`.split('\n')
      rest = parts.pop() as string
      for (const text of parts) yield { file, number: ++number, text, whole: true }
    }
    if (rest !== '') yield { file, number: number + 1, text: rest, whole: false }
  }
}

/** Where the next line goes. */
export interface Tail {
  /** The newest file. */
  file: string
  /** The last whole line of all files; nothing where there is none. */
  text: string | undefined
  /** What was cut off while it was written. */
  torn: boolean
  /** How long the newest file is without that. */
  length: number
}

/** Looks at the end of the files. @returns nothing where there is no file yet */
export async function readTail(folder: string): Promise<Tail | undefined> {
  const [file, ...older] = sealFiles(folder).reverse()
  if (file === undefined) return undefined
  const end = await readEnd(join(folder, file))
  let { text } = end
  for (const each of older) {
    if (text !== undefined) break
    text = (await readEnd(join(folder, each))).text
  }
  return { file, ...end, text }
}

async function readEnd(path: string) {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    const start = Math.max(0, size - TAIL_BYTES)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start)
    const bytes = buffer.subarray(0, bytesRead)
    const end = bytes.lastIndexOf('\n')
    const text = end === -1 ? undefined : bytes.subarray(0, end).toString().split('\n').at(-1)
    return { text, torn: end + 1 !== bytesRead, length: start + end + 1 }
  } finally {
    await handle.close()
  }
}

/** Takes the rest of an unfinished line away. Nobody has seen it: a line is told of when the disk has it. */
export async function cutTorn(folder: string, { file, torn, length }: Tail): Promise<void> {
  if (torn) await truncate(join(folder, file), length)
}

/** Adds a line to a file and waits until the disk has it. */
export async function appendLine(folder: string, file: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const fresh = !existsSync(join(folder, file))
  const handle = await open(join(folder, file), 'a')
  try {
    await handle.appendFile(`${text}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  if (fresh) await syncFolder(folder)
}

/** The name of a new file is kept by its folder. Windows knows no such thing, and keeps it by itself. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}
