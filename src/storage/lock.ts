import { createHash, randomInt, randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** A data folder is in use by another process. */
export class FolderInUseError extends Error {
  constructor(folder: string) {
    super(
      `Another process uses the data folder ${folder}. Stop it, or choose another folder with HANDRAIL_DATA_DIR. ` +
        'Several processes can share one database when DATABASE_URL names a Postgres server.',
    )
  }
}

type State = 'starting' | 'held'

/** The longest path that every system accepts for a socket (sun_path, less the final zero of macOS). */
const LONGEST_PATH = 103
const NAME = /^lock-[0-9a-f-]{36}\.sock$/
const MOST_TRIES = 20
/** A holder that starts its database answers late, but it answers. */
const PROBE_MS = 15_000

/**
 * Makes sure that one process uses a data folder. Every process that wants it listens on a socket of its own in the
 * folder and then looks at the others: one that answers is alive, one that refuses belongs to a process that has ended,
 * however that ended. Since each listens before it looks, of two processes at least one sees the other, and whoever
 * sees a living one does not go on. Names are never used twice, so a dead socket can be removed without a race.
 * @returns a function that gives the folder free
 * @throws FolderInUseError
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const real = realpathSync(folder)
  if (process.platform === 'win32') return lockByPipe(real)
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    const mine = `lock-${randomUUID()}.sock`
    const answer: { state: State } = { state: 'starting' }
    const server = createServer((socket) => socket.on('error', () => socket.destroy()).end(answer.state))
    await withShortPath(real, mine, (path) => listen(server, path))
    server.unref()
    const release = () => closeServer(server).then(() => rmSync(join(real, mine), { force: true }))
    const others = await Promise.all(
      readdirSync(real)
        .filter((name) => NAME.test(name) && name !== mine)
        .map((name) => probe(real, name)),
    )
    if (others.every((state) => state === undefined)) {
      answer.state = 'held'
      return release
    }
    await release()
    if (others.includes('held')) break
    // Several started at once and saw each other: all step back for moments of different length.
    await delay(randomInt(20, 200))
  }
  throw new FolderInUseError(folder)
}

/** @returns the state of a living process; undefined for a dead one, whose socket is then removed */
function probe(folder: string, name: string): Promise<State | undefined> {
  return withShortPath(
    folder,
    name,
    (path) =>
      new Promise((resolve) => {
        let text = ''
        createConnection(path)
          .setTimeout(PROBE_MS, () => resolve('held'))
          .on('data', (data) => {
            text += data
          })
          .on('end', () => resolve(text === 'starting' ? 'starting' : 'held'))
          .on('error', ({ code }: NodeJS.ErrnoException) => {
            // Anything else, such as a full queue, comes from somebody who lives.
            if (code !== 'ECONNREFUSED' && code !== 'ENOENT') return resolve('held')
            rmSync(join(folder, name), { force: true })
            resolve(undefined)
          })
      }),
  )
}

/** A socket's path has little room; where it is too long, a link to the folder stands for the folder. */
async function withShortPath<T>(folder: string, name: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(folder, name)
  if (Buffer.byteLength(path) <= LONGEST_PATH) return use(path)
  const link = join(tmpdir(), `hr-${randomUUID().slice(0, 8)}`)
  symlinkSync(folder, link)
  try {
    return await use(join(link, name))
  } finally {
    rmSync(link)
  }
}

/** Windows ends a named pipe with its process, so that one fixed name does. */
async function lockByPipe(folder: string): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.end())
  const name = `handrail-${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`
  await listen(server, `\\\\.\\pipe\\${name}`).catch(() => {
    throw new FolderInUseError(folder)
  })
  server.unref()
  return () => closeServer(server)
}

const listen = (server: Server, path: string) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve)
  })

const closeServer = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()))
