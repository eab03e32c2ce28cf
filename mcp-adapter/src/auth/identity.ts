import type { Cancellation } from '../cancellation.ts'

/** What a request to the API is sent with. */
export interface Credential {
  /** What the caller sent, or what stands in for it. Absent: the caller is anonymous, or the API gets nothing of it. */
  token?: string
  /** Further headers; made anew for every request that is sent. */
  headers?(): Promise<Record<string, string>>
  /** The API did not take it: it is not used again. Tells whether a new one may do better. */
  discard?(): boolean
}

/** Who is calling, and how the API is told so. */
export interface Identity {
  /** Tells callers apart, for what is bound to one of them. It may be a secret: never logged. */
  owner: string
  /** The API gets what the caller sent, so its refusal is about that. */
  isForwarded: boolean
  /** What a verified token allows; absent where the API alone knows. */
  scopes?: ReadonlySet<string>
  /** The one credential for all requests, where there is one. */
  fixed?: Credential
  /** A credential for a request that needs these scopes. Throws ProblemResult: there is none; nothing was sent. */
  credential(scopes: readonly string[], signal: Cancellation): Promise<Credential>
}

/** A caller whose own credential the API gets, and judges. */
export function forwarded(token: string, owner = token): Identity {
  const fixed = { token }
  return { owner, isForwarded: true, fixed, credential: async () => fixed }
}

/** Whoever calls without a credential, where that is allowed. All of them are one to us. */
export const anyone: Identity = { owner: 'anyone', isForwarded: true, fixed: {}, credential: async () => ({}) }
