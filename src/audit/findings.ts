/** What is wrong with the trail or its seals, by name. */
export type FindingKind =
  /** The entry is not what was hashed. */
  | 'entry-changed'
  /** The entry is as it was; the hash beside it is not. */
  | 'hash-changed'
  /** The chain names an entry that is not there. */
  | 'entry-removed'
  /** Positions of the chain are not there, or were taken by those behind them. */
  | 'links-removed'
  | 'entry-inserted'
  | 'entries-reordered'
  /** The chain is whole, and not the one that was sealed. */
  | 'chain-rewritten'
  /** The seals tell of more than there is. */
  | 'tail-cut'
  /** An entry that neither has a place nor waits for one. */
  | 'entry-unlinked'
  | 'seal-changed'
  | 'seal-forged'
  | 'seals-missing'
  | 'key-not-pinned'
  | 'keys-file-changed'

export interface Finding {
  kind: FindingKind
  message: string
  position?: number
  entryId?: string
  /** The file and line of a seal. */
  at?: string
}

const MOST_FINDINGS = 100

/** Findings, the first of them kept and all of them counted: a trail in pieces must not fill the memory. */
export function createFindings() {
  const kept: Finding[] = []
  let count = 0
  return {
    add(finding: Finding): void {
      count++
      if (kept.length < MOST_FINDINGS) kept.push(finding)
    },
    kept,
    count: () => count,
  }
}

export type Findings = ReturnType<typeof createFindings>
