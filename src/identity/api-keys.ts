import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import type { Minted } from '../domain/api-keys.ts'
import type { Caller } from '../domain/call.ts'
import type { AccountStatus, Role } from '../storage/generated/enums.ts'
import type { Sql } from '../storage/sql.ts'

/** `hr_<id>_<secret>`: a prefix that scanners can find, a public id, and 256 random bits in base64url. */
const KEY = /^hr_([a-z0-9]{24})_([A-Za-z0-9_-]{43})$/
const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
const SECRET_BYTES = 32

export interface ApiKeys {
  /** Makes a new key; only its hash is to be stored. */
  mint(): Minted
  /** @returns who the key stands for, or undefined: unknown, wrong, revoked, expired or not for production */
  authenticate(sql: Sql, text: string, now: Date): Promise<Caller | undefined>
}

interface Row {
  id: string
  userId: string
  agentId: string | null
  scopes: string[]
  secretHash: Uint8Array
  demo: boolean
  issuedBy: string
  expiresAt: Date
  revokedAt: Date | null
  role: Role
  status: AccountStatus
}

/** Runs for every request, so it goes past Prisma's models. */
const FIND = `SELECT k.id, k.user_id AS "userId", k.agent_id AS "agentId", k.scopes, k.secret_hash AS "secretHash",
    k.demo, k.issued_by AS "issuedBy", k.expires_at AS "expiresAt", k.revoked_at AS "revokedAt", u.role, u.status
  FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.id = $1`

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
    async authenticate(sql, text, now) {
      const [, id, secret] = KEY.exec(text) ?? []
      if (!id || !secret) return undefined
      const [key] = await sql<Row>(FIND, [id])
      // An unknown key costs a comparison too, so that the time does not tell which ids exist.
      const matches = timingSafeEqual(hash(id, secret), key?.secretHash ?? new Uint8Array(SECRET_BYTES))
      if (!key || !matches || key.revokedAt || key.expiresAt <= now || (key.demo && production)) return undefined
      return {
        userId: key.userId,
        role: key.role,
        status: key.status,
        scopes: key.scopes,
        credentialId: key.id,
        demo: key.demo,
        issuedBy: key.issuedBy,
        ...(key.agentId !== null && { agentId: key.agentId }),
      }
    },
  }
}
