import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A data folder is in use by another process. */
export class FolderInUseError extends Error {
  constructor(folder: string) {
    super(
      `Another process uses the data folder ${folder}. Stop it, or choose another folder with HANDRAIL_DATA_DIR. ` +
        'Several processes can share one database when DATABASE_URL names a Postgres server.',
    )
  }
}

/** The longest path that every system accepts for a socket (sun_path, less the final zero of macOS). */
const LONGEST_PATH = 103

/**
 * Makes sure that one process uses a data folder. The lock is a socket that the holder listens on: the system closes
 * it with the process, however that ends, so there is nothing stale to wait for and no process id to mistake for
 * another's. PGlite itself has no such guard, and two processes on one folder destroy it.
 * @returns a function that gives the folder free
 * @throws FolderInUseError
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = socketPath(realpathSync(folder))
  const token = randomUUID()
  const server = createServer((socket) => socket.on('error', () => socket.destroy()).end(token))
  if (!(await listen(server, path))) {
    if ((await holder(path)) !== undefined) throw new FolderInUseError(folder)
    await clearStale(path, folder)
    if (!(await listen(server, path))) throw new FolderInUseError(folder)
  }
  server.unref()
  // Two processes may both have found a dead socket: the one whose socket has the name in the end goes on.
  if ((await holder(path)) !== token) {
    server.close()
    throw new FolderInUseError(folder)
  }
  return () => new Promise((resolve) => server.close(() => resolve()))
}

function socketPath(folder: string): string {
  const name = `handrail-${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  const inside = join(folder, 'lock.sock')
  return Buffer.byteLength(inside) <= LONGEST_PATH ? inside : join(tmpdir(), `${name}.sock`)
}

/** @returns false when the name is taken */
function listen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    )
    server.listen(path, () => resolve(true))
  })
}

/** @returns what the listening process says of itself, or undefined when nobody listens */
function holder(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = ''
    createConnection(path)
      .on('data', (data) => {
        text += data
      })
      .on('end', () => resolve(text))
      .on('error', () => resolve(undefined))
  })
}

/** Moves the dead socket away first: of two processes only one can move it, and a live one is put back. */
async function clearStale(path: string, folder: string): Promise<void> {
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    throw new FolderInUseError(folder)
  }
  if ((await holder(aside)) !== undefined) {
    renameSync(aside, path)
    throw new FolderInUseError(folder)
  }
  rmSync(aside, { force: true })
}
