import type { JWTPayload } from 'jose'
import { actorOf, refuseExtensions, TokenRefused, verifyJwt } from './access-token.ts'
import { type IssuerKeys, KeysUnavailable, type KeyTimes, keysOf } from './issuer-keys.ts'
import type { KeySource } from './issuers.ts'

/** Whom a client says that it calls for, once its signature holds. */
export interface Assertion {
  claims: JWTPayload
  /** Who acts for that person. */
  actor: string
}

export interface Assertions {
  /** @returns whether a client may vouch for people at all */
  knows(clientId: string): boolean
  /** @throws TokenRefused, or KeysUnavailable of the client's keys */
  verify(clientId: string, text: string, expected: Expected, now: Date): Promise<Assertion>
}

interface Expected {
  audiences: string[]
  algorithms: string[]
  clockToleranceSeconds: number
}

const TYPE = 'handrail-assertion+jwt'
const LONGEST_SECONDS = 60
const MOST_BYTES = 4096
/** Room for more than 1,600 requests a second, each remembered for a minute. */
const MOST_USED = 100_000

/**
 * For providers that cannot exchange tokens: a client that calls with a token of its own vouches, in a signed statement
 * for one request, for the person that it calls for. Each statement is good once, in this process.
 */
export function createAssertions(sources: Record<string, KeySource>, times?: KeyTimes): Assertions {
  const keys = new Map(
    Object.entries(sources).map(([clientId, source]): [string, IssuerKeys] => [clientId, keysOf(source, times)]),
  )
  /** When each used one may be forgotten, in the order in which they came. */
  const used = new Map<string, number>()

  function useUp(name: string, until: number, now: number): void {
    if (used.has(name)) throw new TokenRefused('The assertion was used before.')
    for (const [each, end] of used) {
      if (end > now) break
      used.delete(each)
    }
    // To forget one that is still good would let it be used again.
    if (used.size >= MOST_USED) throw new KeysUnavailable(1)
    used.set(name, until)
  }

  return {
    knows: (clientId) => keys.has(clientId),
    async verify(clientId, text, { audiences, algorithms, clockToleranceSeconds }, now) {
      const found = keys.get(clientId)
      if (!found) throw new TokenRefused('The client of the token may not vouch for anybody.')
      if (text.length > MOST_BYTES) throw new TokenRefused(`The assertion is larger than ${MOST_BYTES} bytes.`)
      refuseExtensions(text)
      const { payload } = await verifyJwt(text, found.find, {
        issuer: clientId,
        audience: audiences,
        algorithms,
        typ: TYPE,
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ['sub', 'act', 'jti', 'iat', 'exp'],
        maxTokenAge: LONGEST_SECONDS,
        currentDate: now,
      })
      const { exp = 0, iat = 0, jti, act } = payload
      if (exp - iat > LONGEST_SECONDS)
        throw new TokenRefused(`The assertion is good for more than ${LONGEST_SECONDS} s.`)
      if (typeof jti !== 'string' || jti === '') throw new TokenRefused('The assertion has no jti.')
      const actor = actorOf(act) as string
      useUp(`${clientId} ${jti}`, (exp + clockToleranceSeconds) * 1000, now.getTime())
      return { claims: payload, actor }
    },
  }
}
