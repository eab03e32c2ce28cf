import type { ApiKey } from '../storage/generated/client.ts'
import type { Scope } from './actions.ts'
import type { Call, Database, Visibility } from './call.ts'
import { CodedError, invalid } from './errors.ts'
import { refuseSecret } from './identifiers.ts'
import { keyset, type PageQuery } from './page.ts'

export interface NewApiKey {
  name: string
  /** Whose key; defaults to the caller. */
  userId?: string
  /** Names the agent that will act for the user with this key. */
  agentId?: string
  scopes: Scope[]
  /** Defaults to 90 days from now. */
  expiresAt?: string
}

/** A fresh key: what to store, and the text that is shown once. */
export interface Minted {
  id: string
  secretHash: Uint8Array<ArrayBuffer>
  text: string
}

const DAY = 24 * 60 * 60 * 1000
const API_KEY_ID = /^[a-z0-9]{24}$/
const DEFAULT_DAYS = 90
const MOST_DAYS = 366

/** A key as the API shows it: never its secret. */
export function presentApiKey(key: ApiKey) {
  return {
    id: key.id,
    name: key.name,
    userId: key.userId,
    agentId: key.agentId,
    scopes: key.scopes as Scope[],
    createdBy: key.createdBy,
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt.toISOString(),
    revokedAt: key.revokedAt?.toISOString() ?? null,
  }
}

/**
 * @param mint makes the key (src/identity): the domain never sees how it is hashed
 * @returns the stored key and, this once, its full text
 * @throws CodedError user-not-found, user-not-active, validation-failed
 */
export async function createApiKey({ caller, db, now }: Call, input: NewApiKey, mint: () => Minted) {
  refuseSecret(input.agentId, '/body/agentId')
  const userId = input.userId ?? caller.userId
  const user = await db.user.findUnique({ where: { id: userId }, select: { status: true } })
  if (!user) throw new CodedError('user-not-found')
  if (user.status !== 'active') throw new CodedError('user-not-active')
  const { id, secretHash, text } = mint()
  const stored = await db.apiKey.create({
    data: {
      id,
      secretHash,
      name: input.name,
      userId,
      agentId: input.agentId ?? null,
      scopes: input.scopes,
      demo: caller.demo ?? false,
      createdBy: caller.userId,
      // A key that was made with a key of somebody's making stays of that making.
      issuedBy: userId === caller.userId ? caller.issuedBy : caller.userId,
      createdAt: now,
      expiresAt: expiry(input.expiresAt, now),
    },
  })
  return { ...presentApiKey(stored), key: text }
}

export async function listApiKeys({ db }: Call, query: PageQuery, visible: Visibility) {
  const list = keyset('api-keys', query, API_KEY_ID)
  const rows = await db.apiKey.findMany({
    where: {
      AND: [visible.all ? {} : { userId: visible.ownerId }, list.after ? { id: { gt: list.after } } : {}],
    },
    orderBy: { id: 'asc' },
    take: list.take,
  })
  return list.page(rows, (row) => row.id, presentApiKey)
}

/** Ends a key for good, at once. Revoking it again changes nothing. */
export async function revokeApiKey({ db, now }: Call, keyId: string): Promise<void> {
  await db.apiKey.updateMany({ where: { id: keyId, revokedAt: null }, data: { revokedAt: now } })
}

/** @throws CodedError api-key-not-found */
export async function findApiKey(db: Database, keyId: string): Promise<ApiKey> {
  const key = await db.apiKey.findUnique({ where: { id: keyId } })
  if (!key) throw new CodedError('api-key-not-found')
  return key
}

function expiry(text: string | undefined, now: Date): Date {
  if (text === undefined) return new Date(now.getTime() + DEFAULT_DAYS * DAY)
  const time = new Date(text).getTime()
  if (!(time > now.getTime() && time <= now.getTime() + MOST_DAYS * DAY)) {
    throw invalid('/body/expiresAt', 'range', `must be in the future, at most ${MOST_DAYS} days from now`)
  }
  return new Date(time)
}
