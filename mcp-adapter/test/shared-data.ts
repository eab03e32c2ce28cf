import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** A file or folder of the shared data (other people's documents and test vectors); undefined where it is not. */
export function sharedData(path: string): string | undefined {
  const root = process.env.HANDRAIL_SHARED_DATA ?? new URL('../../../shared/data', import.meta.url).pathname
  const file = resolve(root, path)
  return existsSync(file) ? file : undefined
}
