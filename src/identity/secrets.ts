import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Writes a file that only its owner can read, whole or not at all. */
export function writePrivate(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const aside = `${path}.${process.pid}`
  writeFileSync(aside, text, { mode: 0o600 })
  renameSync(aside, path)
}

/** Shorter ones can be guessed. */
export const SHORTEST_SECRET = 32

/** Reads a secret that is kept in a file, and makes it at the first use. */
export function keptSecret(path: string): string {
  if (!existsSync(path)) writePrivate(path, `${randomBytes(32).toString('base64url')}\n`)
  const secret = readFileSync(path, 'utf8').trim()
  if (secret.length < SHORTEST_SECRET) {
    throw new Error(
      `${path} holds no secret. Restore it, or delete it to have a new one made, which ends all API keys.`,
    )
  }
  return secret
}
