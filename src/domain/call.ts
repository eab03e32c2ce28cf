import type { Prisma } from '../storage/generated/client.ts'
import type { AccountStatus, Role } from '../storage/generated/enums.ts'
import type { Sql } from '../storage/sql.ts'

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
  /** Of an access token: who issued it. */
  issuer?: string
  /** Who put the credential into the world; another person, where somebody made it for this one. */
  issuedBy: string
  /** Set for the credentials of the demo: they, and what is made with them, end where production begins. */
  demo?: boolean
}

/** A connection or an open transaction: domain code does not see which. */
export type Database = Prisma.TransactionClient

/** Something to be sent after the transaction, and only if it commits. Nothing outside is called inside it. */
export interface Outgoing {
  id: string
  /** Null for a message that somebody sent; for an event its type, such as order.placed. */
  event: string | null
  channelId: string
  text: string
  about: { type: string; id: string } | null
}

/** Where the service tells what happened. */
export const EVENTS_CHANNEL = 'events'

/** Work for later: a job of this kind, for the thing with this id. */
export interface Job {
  queue: 'messages' | 'reports'
  id: string
}

/** What every domain function gets first. */
export interface Call {
  caller: Caller
  db: Database
  /** The same connection and transaction as `db`, without the price of models. */
  sql: Sql
  now: Date
  requestId: string
  /** W3C trace id of the request, where it carried one. */
  traceId?: string
  /** What is to leave when the transaction has committed; the unit of work writes it to the outbox. */
  outbox: Outgoing[]
  /** What a worker is to do when the transaction has committed. */
  jobs: Job[]
}

/** Which part of a list the policy lets a caller see: everything, or what belongs to one person. */
export type Visibility = { all: true } | { all: false; ownerId: string }
