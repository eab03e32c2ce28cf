import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the project: the same from the sources and from dist/, since policies and migrations are not compiled. */
export const ROOT = findRoot(dirname(fileURLToPath(import.meta.url)))

function findRoot(folder: string): string {
  return existsSync(join(folder, 'prisma', 'schema.prisma')) ? folder : findRoot(dirname(folder))
}
