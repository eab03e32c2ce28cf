import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import type { Minted } from '../domain/api-keys.ts'
import type { Caller, Database } from '../domain/call.ts'

/** `hr_<id>_<secret>`: a prefix that scanners can find, a public id, and 256 random bits in base64url. */
const KEY = /^hr_([a-z0-9]{24})_([A-Za-z0-9_-]{43})$/
const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
const SECRET_BYTES = 32

export interface ApiKeys {
  /** Makes a new key; only its hash is to be stored. */
  mint(): Minted
  /** @returns who the key stands for, or undefined: unknown, wrong, revoked, expired or not for production */
  authenticate(db: Database, text: string, now: Date): Promise<Caller | undefined>
}

/**
 * API keys, stored as an HMAC-SHA-256 of their secret: a stolen database holds no usable key.
 * @param pepper the key of that HMAC; it lives outside the database
 * @param production refuses demo keys
 */
export function createApiKeys(pepper: string, production: boolean): ApiKeys {
  // The id is part of what is hashed, so that a hash copied to another row opens nothing.
  const hash = (id: string, secret: string) =>
    new Uint8Array(createHmac('sha256', pepper).update(`${id}.${secret}`).digest())
  return {
    mint() {
      const id = Array.from({ length: 24 }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join('')
      const secret = randomBytes(SECRET_BYTES).toString('base64url')
      return { id, secretHash: hash(id, secret), text: `hr_${id}_${secret}` }
    },
    async authenticate(db, text, now) {
      const [, id, secret] = KEY.exec(text) ?? []
      if (!id || !secret) return undefined
      const key = await db.apiKey.findUnique({
        where: { id },
        include: { user: { select: { role: true, status: true } } },
      })
      // An unknown key costs a comparison too, so that the time does not tell which ids exist.
      const matches = timingSafeEqual(hash(id, secret), key?.secretHash ?? new Uint8Array(SECRET_BYTES))
      if (!key || !matches || key.revokedAt || key.expiresAt <= now || (key.demo && production)) return undefined
      return {
        userId: key.userId,
        role: key.user.role,
        status: key.user.status,
        scopes: key.scopes,
        credentialId: key.id,
        demo: key.demo,
        ...(key.agentId !== null && { agentId: key.agentId }),
      }
    },
  }
}
