import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Seal } from '../domain/audit.ts'
import { dayFile, linesFrom } from './seal-files.ts'
import type { PublicKey } from './seal-keys.ts'
import { parseLine } from './seal-lines.ts'

const DAY_MS = 86_400_000

/** @returns the first seal in the folder that covers a position. It is not verified here: that is for its reader */
export async function findSeal(folder: string, position: number, at: Date): Promise<Seal | undefined> {
  // A day of room for clocks that differ.
  for await (const { text, whole } of linesFrom(folder, dayFile(new Date(at.getTime() - DAY_MS)))) {
    const line = whole ? parseLine(text) : undefined
    if (line?.kind === 'seal' && line.position >= position) return line
  }
  return undefined
}

/** @returns the key that the first line announces */
export async function firstKey(folder: string): Promise<string | undefined> {
  for await (const { text } of linesFrom(folder)) {
    const line = parseLine(text)
    return line?.kind === 'key' ? line.newKeyId : undefined
  }
  return undefined
}

/** @returns the keys that were announced, in order, as the lines say */
export async function announcedKeys(folder: string): Promise<(PublicKey & { at: string })[]> {
  const keys: (PublicKey & { at: string })[] = []
  for await (const { text } of linesFrom(folder)) {
    const line = parseLine(text)
    if (line?.kind === 'key') keys.push({ keyId: line.newKeyId, publicKey: line.newPublicKey, at: line.at })
  }
  return keys
}

const KEYS = 'keys.json'

/**
 * Writes the announced keys as a JWK Set (RFC 7517, RFC 8037), for readers with other tools. Nothing here believes it:
 * the announcements are signed, the file is not.
 */
export async function writeKeys(folder: string): Promise<void> {
  const path = join(folder, KEYS)
  const keys = (await announcedKeys(folder)).map(toJwk)
  writeFileSync(`${path}.${process.pid}`, `${JSON.stringify({ keys }, null, 2)}\n`)
  renameSync(`${path}.${process.pid}`, path)
}

/** @returns whether keys.json names just the keys given */
export function keysFileNames(folder: string, keys: PublicKey[]): boolean {
  const path = join(folder, KEYS)
  if (!existsSync(path)) return false
  try {
    const read = JSON.parse(readFileSync(path, 'utf8')) as { keys: { kid: unknown; x: unknown }[] }
    const names = (each: { kid: unknown; x: unknown }[]) => JSON.stringify(each.map(({ kid, x }) => [kid, x]))
    return names(read.keys) === names(keys.map(toJwk))
  } catch {
    return false
  }
}

const toJwk = ({ keyId, publicKey }: PublicKey) => ({
  kty: 'OKP',
  crv: 'Ed25519',
  use: 'sig',
  alg: 'EdDSA',
  kid: keyId,
  x: publicKey,
})
