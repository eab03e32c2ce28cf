import { readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const place = (path: string) => fileURLToPath(new URL(path, import.meta.url))

function newest(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Math.max(...files.map((file) => statSync(`${file.parentPath}/${file.name}`).mtimeMs))
}

function isBuilt(): boolean {
  const built = statSync(place('../dist/.tsbuildinfo'), { throwIfNoEntry: false })
  return built !== undefined && built.mtimeMs >= newest(place('../src'))
}

/**
 * The arguments of Node that run the command as a process of its own: as it was built, which starts in half the time, or
 * from its sources where the build is older.
 */
export const commandLine: readonly string[] = isBuilt()
  ? [place('../bin/handrail-mcp.js')]
  : ['--import=tsx', place('../src/commands/cli.ts')]
