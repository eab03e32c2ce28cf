import { redact } from '../privacy/redact.ts'
import { invalid } from './errors.ts'

/**
 * An identifier that somebody chooses is shown to everybody, in logs and in the trail too, and stays: a secret that was
 * pasted into the wrong field would be told for good.
 * @throws CodedError validation-failed
 */
export function refuseSecret(identifier: string | undefined, pointer: string): void {
  if (identifier === undefined || !redact(identifier).found.some(({ type }) => type === 'SECRET')) return
  throw invalid(pointer, 'secret', 'looks like a secret, and identifiers are shown to everybody')
}
