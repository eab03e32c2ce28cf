import type { Candidate, Recogniser } from './recogniser.ts'

/** The user and password of a URL (RFC 3986 section 3.2.1). */
const USER_INFO = /:\/\/([^\s/@:?#"'<>]{0,100}:[^\s/"'<>]{1,200})@/g
const PLACEHOLDER = /:(?:\[[A-Z]+_\d+\]|\*+|x{3,}|\$\{?\w+\}?|<[^>]*>)$/i

export const urlCredentials: Recogniser = {
  type: 'SECRET',
  find({ text }) {
    if (!text.includes('://') || !text.includes('@')) return []
    const found: Candidate[] = []
    for (const { index, 1: user = '' } of text.matchAll(USER_INFO)) {
      if (!PLACEHOLDER.test(user)) found.push({ start: index + 3, end: index + 3 + user.length, score: 1 })
    }
    return found
  },
}
