import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { openSeals, type SealFolders, type Seals } from '../../src/audit/seals.ts'

/** @returns folders for seals and their keys that end with the test */
export function makeSealFolders(t: Test): SealFolders {
  const root = mkdtempSync(join(tmpdir(), 'handrail-seals-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  return { folder: join(root, 'seals'), keysFolder: join(root, 'seal-keys') }
}

/** Opens seals, and fails the test where the writer has something to report. */
export const openTestSeals = (t: Test, folders = makeSealFolders(t)): Promise<Seals> =>
  openSeals(folders, (error) => t.fail('the seals are not as they were written', { error }))
