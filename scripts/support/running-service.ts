import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../src/root.ts'

export type Holder = 'admin' | 'manager' | 'support' | 'customer' | 'agent'

export interface RunningService {
  api: string
  mcp: string
  keys: Record<Holder, string>
  dataDir: string
  child: ChildProcess
  /** All that the service has printed so far. */
  output(): string
  /** Sends a signal and waits for the end. @returns the exit code, or the signal that ended it */
  stop(signal?: NodeJS.Signals): Promise<number | string>
}

let built = false

/** Compiles what has changed, so that it is never an older service that is looked at. */
export function build(): void {
  if (built) return
  built = true
  execFileSync(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'lib', 'tsc.js'), '-b'], { cwd: ROOT })
}

/**
 * Starts the built service as its own process on free ports, as `npm start` does, and waits until it says that it runs.
 * @throws Error with what the service printed, when it ends before that
 */
export async function startProcess(dataDir: string, env: Record<string, string> = {}): Promise<RunningService> {
  build()
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'src', 'main.js')], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', HANDRAIL_DATA_DIR: dataDir, PORT: '0', MCP_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  let told = () => {}
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (data: string) => {
      text += data
      told()
    })
  }
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string)
  await new Promise<void>((resolve, reject) => {
    told = () => {
      if (text.includes('Ctrl-C stops it.')) resolve()
    }
    ended.then((code) => reject(new Error(`the service ended with ${code}:\n${text}`)))
  })
  const keysFile = join(dataDir, 'demo-keys.json')
  const [, api] = /API and docs +(\S+)\/docs/.exec(text) ?? []
  const [, mcp] = /MCP endpoint {2,}(\S+)/.exec(text) ?? []
  if (!api || !mcp) throw new Error(`the service does not say where it is:\n${text}`)
  return {
    api,
    mcp,
    // A database with other people than the demo's has no demo keys.
    keys: existsSync(keysFile) ? JSON.parse(readFileSync(keysFile, 'utf8')) : {},
    dataDir,
    child,
    output: () => text,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}
