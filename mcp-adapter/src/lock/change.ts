/**
 * What a difference does to agents and clients that rely on what was reviewed:
 * - breaking: a call that was right may fail or do something else, an answer may lack something, a safeguard changed
 * - wording: a model reads other words, and words are instructions
 * - compatible: everything that worked works as before
 */
export type Effect = 'breaking' | 'wording' | 'compatible'

/** One difference between what was reviewed and what is. */
export interface Change {
  tool?: string
  /** Where: `inputSchema.properties.limit.type`. */
  field: string
  effect: Effect
  message: string
  before?: unknown
  after?: unknown
}
