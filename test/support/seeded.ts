import { createHash } from 'node:crypto'
import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { startProcess } from '../../scripts/support/running-service.ts'
import { ROOT } from '../../src/root.ts'
import { CACHE, migrationsHash } from './database.ts'

const SOURCES = ['prisma/seed.ts', 'prisma/demo-catalogue.ts', 'src/identity/demo-keys.ts']

/** A data folder as a first start leaves it. It is copied: a first start takes longer than most tests. */
export async function seededFolder(t: Test): Promise<string> {
  const hash = createHash('sha256').update(migrationsHash())
  for (const source of SOURCES) hash.update(readFileSync(join(ROOT, source)))
  const template = join(CACHE, `seeded-${hash.digest('hex').slice(0, 16)}`)
  if (!existsSync(template)) await make(template)
  const folder = t.testdir()
  cpSync(template, folder, { recursive: true })
  return folder
}

async function make(template: string): Promise<void> {
  const aside = `${template}.${process.pid}`
  await (await startProcess(aside, { LOG_LEVEL: 'silent' })).stop()
  try {
    renameSync(aside, template)
  } catch (error) {
    if (!existsSync(template)) throw error
    rmSync(aside, { recursive: true })
  }
}
