import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { POLICY_FILES } from '../../src/policy/engine.ts'
import { ROOT } from '../../src/root.ts'

export const POLICY_FOLDER = join(ROOT, 'src', 'policy')

export interface Change {
  policies?: (text: string) => string
  schema?: (text: string) => string
}

/** Writes the policies that ship into a folder, with a change to each file. */
export function writePolicies(folder: string, change: Change = {}): string {
  for (const part of ['schema', 'policies'] as const) {
    const text = readFileSync(join(POLICY_FOLDER, POLICY_FILES[part]), 'utf8')
    writeFileSync(join(folder, POLICY_FILES[part]), change[part]?.(text) ?? text)
  }
  return folder
}
