import type { Seal } from '../domain/audit.ts'
import { keysFileNames } from './find-seal.ts'
import type { FindingKind, Findings } from './findings.ts'
import { linesFrom } from './seal-files.ts'
import type { PublicKey } from './seal-keys.ts'
import { isSigned, type Line, lineHash, NO_LINE, nextKey, parseLine } from './seal-lines.ts'
import { type Head, readHead } from './seals.ts'

export interface SealFolder {
  folder: string
  /** Where the writer remembers its last line; only whoever runs the service has it. */
  keysFolder?: string | undefined
}

export interface CheckedFolder {
  folder: string
  seals: number
  /** The fingerprint of the first key, which an operator pins. */
  firstKey: string | null
  /** Whether a line at the end is not finished: a writer is at it, or was cut off. */
  unfinished: boolean
}

/**
 * Follows the lines of a folder, each from the one before: the first key announces itself, each next one is announced
 * by the key before it.
 * @param pins fingerprints of first keys that are trusted; every first key is where there are none
 * @param onSeal gets every seal whose signature holds
 */
export async function verifySeals(
  { folder, keysFolder }: SealFolder,
  pins: string[],
  findings: Findings,
  onSeal: (seal: Seal, at: string) => Promise<void>,
): Promise<CheckedFolder> {
  // Read first: whoever writes meanwhile adds lines, and takes none away.
  const head = keysFolder === undefined ? undefined : readHead(keysFolder)
  const keys: PublicKey[] = []
  const strangers = new Set<string>()
  let firstKey: string | undefined
  let expected: string | undefined
  let previous = NO_LINE
  let broken = false
  let seals = 0
  let unfinished = false
  let headSeen = false

  /** @returns the line, where it can be believed */
  function check(text: string, at: string): Line | undefined {
    const line = parseLine(text)
    if (!line || !isSigned(line)) {
      findings.add({ kind: 'seal-changed', at, message: 'The line is not what was signed.' })
      broken = true
      return undefined
    }
    if (firstKey === undefined) {
      firstKey = line.keyId
      expected = line.keyId
      if (line.kind !== 'key' || line.newKeyId !== line.keyId || line.previous !== NO_LINE) {
        findings.add({
          kind: 'seals-missing',
          at,
          message: 'The seals do not begin with their first key: lines before are missing.',
        })
        broken = true
      }
    }
    if (line.previous !== previous && !broken) {
      findings.add({
        kind: 'seals-missing',
        at,
        message: 'The line does not follow the one before it: lines are missing or were moved.',
      })
    }
    broken = false
    if (line.keyId !== expected) {
      if (!strangers.has(line.keyId)) {
        findings.add({
          kind: 'seal-forged',
          at,
          message: `The line is signed with the key ${line.keyId}, which was not announced.`,
        })
      }
      strangers.add(line.keyId)
      return undefined
    }
    expected = nextKey(line)
    return line
  }

  for await (const { file, number, text, whole } of linesFrom(folder)) {
    const at = `${file}:${number}`
    unfinished = !whole
    if (!whole) continue
    const line = check(text, at)
    previous = lineHash(text)
    headSeen ||= previous === head?.last
    if (line?.kind === 'key') keys.push({ keyId: line.newKeyId, publicKey: line.newPublicKey })
    if (line?.kind === 'seal') {
      seals++
      await onSeal(line, at)
    }
  }
  checkEnds()
  return { folder, seals, firstKey: firstKey ?? null, unfinished }

  function checkEnds(): void {
    const add = (kind: FindingKind, message: string) => findings.add({ kind, message: `${folder}: ${message}` })
    if (head && !headSeen)
      add('seals-missing', 'The last line that was written is not there: lines at the end are missing.')
    if (firstKey === undefined) return
    const trusted = pinsOf(head, pins)
    if (trusted.length > 0 && !trusted.includes(firstKey)) {
      add('key-not-pinned', `The first key is ${firstKey}, and not the one that is trusted.`)
    }
    if (!keysFileNames(folder, keys)) add('keys-file-changed', 'keys.json does not name the keys that were announced.')
  }
}

/** The writer remembers its own first key, for when nobody pinned it. */
const pinsOf = (head: Head | undefined, pins: string[]) => (pins.length > 0 ? pins : head ? [head.first] : [])
