import type { Prisma } from '../storage/generated/client.ts'
import type { AccountStatus, Role } from '../storage/generated/enums.ts'

/** Who is calling: a person, or an agent that acts for one. */
export interface Caller {
  /** The person; with an agent, the one it acts for. */
  userId: string
  role: Role
  status: AccountStatus
  /** Set when an agent calls; its rights are the person's and its own scopes, both. */
  agentId?: string
  /** Actions that the credential allows; "*" stands for all. */
  scopes: string[]
  /** Names the credential in logs; no secret. */
  credentialId: string
  /** Set for the credentials of the demo: they, and what is made with them, end where production begins. */
  demo?: boolean
}

/** A connection or an open transaction: domain code does not see which. */
export type Database = Prisma.TransactionClient

/** What every domain function gets first. */
export interface Call {
  caller: Caller
  db: Database
  now: Date
  requestId: string
}

/** Which part of a list the policy lets a caller see: everything, or what belongs to one person. */
export type Visibility = { all: true } | { all: false; ownerId: string }
