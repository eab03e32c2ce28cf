import { createHash } from 'node:crypto'
import { canonicalize } from '../canonical.ts'
import type { Seal } from '../domain/audit.ts'
import { isSignedBy } from './seal-keys.ts'

/** The announcement of a key: signed by the key before it, the first one by itself. The next lines are signed by it. */
export interface KeyLine extends Omit<Seal, 'kind' | 'position' | 'hash' | 'entries'> {
  kind: 'key'
  newKeyId: string
  newPublicKey: string
}

/** One line of a file of seals. */
export type Line = Seal | KeyLine
export type Unsigned<T = Line> = T extends Line ? Omit<T, 'signature'> : never

/** What the first line names as the line before it. */
export const NO_LINE = '0'.repeat(64)

export const lineHash = (text: string) => createHash('sha256').update(text).digest('hex')

/** The text that is signed: a line without its signature, as canonical JSON (RFC 8785). */
export const signedText = (line: Unsigned) => canonicalize(line)

const HEX = /^[0-9a-f]{64}$/
const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0

/**
 * Reads a line.
 * @returns nothing where it is none that this version writes: another shape, other spelling, other members
 */
export function parseLine(text: string): Line | undefined {
  let line: Record<string, unknown>
  try {
    line = JSON.parse(text)
    // What is said twice or written differently would be hashed differently from what is signed.
    if (canonicalize(line) !== text) return undefined
  } catch {
    return undefined
  }
  const { version, kind, keyId, publicKey, previous, signature, at } = line
  const known =
    version === 1 &&
    [keyId, previous].every((each) => HEX.test(String(each))) &&
    [publicKey, signature, at].every((each) => typeof each === 'string')
  if (!known) return undefined
  const { position, hash, entries, newKeyId, newPublicKey } = line
  const fits =
    kind === 'seal'
      ? isCount(position) && isCount(entries) && HEX.test(String(hash))
      : kind === 'key' && HEX.test(String(newKeyId)) && typeof newPublicKey === 'string'
  return fits ? (line as unknown as Line) : undefined
}

/** @returns whether the key that the line names signed it */
export function isSigned({ signature, ...line }: Line): boolean {
  return isSignedBy(line, signedText(line as Unsigned), signature)
}

/** The key that the line after this one has to be signed with. */
export const nextKey = (line: Line) => (line.kind === 'key' ? line.newKeyId : line.keyId)
