import { invalid } from './errors.ts'

/**
 * Reads a time of a request. RFC 3339 allows a leap second, which JavaScript and Postgres cannot hold.
 * @param pointer where in the request it stands
 * @throws CodedError validation-failed
 */
export function toTime(text: string, pointer: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime()) || time.getUTCFullYear() < 1970 || time.getUTCFullYear() > 9999) {
    throw invalid(pointer, 'format', 'must be a time between 1970 and 9999, such as 2026-01-31T00:00:00Z')
  }
  return time
}
