import { v7 as uuidv7 } from 'uuid'
import type { Approval } from '../storage/generated/client.ts'
import type { ApprovalStatus } from '../storage/generated/enums.ts'
import type { Call, Caller, Database, Visibility } from './call.ts'
import { CodedError, QuotaExceeded } from './errors.ts'
import { keyset, type PageQuery, UUID } from './page.ts'
import type { Resource } from './resources.ts'

/** How long a person has to decide, and the caller to act on it. */
const APPROVAL_MS = 24 * 60 * 60 * 1000

/** People read what they consent to: so many requests of one person may wait. */
const MOST_WAITING = 100
/** Room is made by people who decide. */
const WAITING_RETRY_S = 30

/** What stands between a request and its effect, as the one who decides sees it. */
export interface ApprovalRequest {
  operationId: string
  action: string
  risk: string
  /** The policies that ask for consent. */
  reasons: string[]
  resource: Resource
  /** Names the exact request: method, path, query, body and preconditions. */
  digest: Uint8Array<ArrayBuffer>
  request: { path: unknown; query: unknown; body: unknown }
  effect: { before: unknown; after: unknown }
  /** What policy was asked, to ask it again about the one who decides. */
  facts: object
}

export interface ApprovalQuery extends PageQuery {
  status?: ShownStatus
}

/** `expired` is a matter of time, not of the row. */
export type ShownStatus = ApprovalStatus | 'expired'

export function statusOf(approval: Pick<Approval, 'status' | 'expiresAt'>, now: Date): ShownStatus {
  const open = approval.status === 'pending' || approval.status === 'approved'
  return open && approval.expiresAt <= now ? 'expired' : approval.status
}

/** An approval as the API shows it. */
export function presentApproval(approval: Approval, now: Date) {
  const { facts: _, ...request } = JSON.parse(approval.request)
  return {
    id: approval.id,
    status: statusOf(approval, now),
    operationId: approval.operationId,
    action: approval.action,
    risk: approval.risk as 'low' | 'medium' | 'high',
    reasons: approval.reasons,
    requestedBy: { userId: approval.userId, agentId: approval.agentId },
    resource: { type: approval.resourceType, id: approval.resourceId },
    request: request as { path: Record<string, unknown>; query: Record<string, unknown>; body: object | null },
    effect: JSON.parse(approval.effect) as { before: object | null; after: object | null },
    note: approval.note,
    decidedBy: approval.decidedBy,
    decidedAt: approval.decidedAt?.toISOString() ?? null,
    usedAt: approval.usedAt?.toISOString() ?? null,
    expiresAt: approval.expiresAt.toISOString(),
    version: approval.version,
    createdAt: approval.createdAt.toISOString(),
    updatedAt: approval.updatedAt.toISOString(),
  }
}

/** An approval without what it shows of the thing acted on, for whoever may not read that thing. */
export function concealed(shown: ReturnType<typeof presentApproval>): ReturnType<typeof presentApproval> {
  return { ...shown, request: { ...shown.request, body: null }, effect: { before: null, after: null } }
}

/** What policy is to be asked about the one who decides: may they do it themselves, with consent? */
export function questionOf(approval: Approval): { resource: Resource; facts: object } {
  const { facts } = JSON.parse(approval.request) as { facts: { resource: Resource } & Record<string, unknown> }
  const { resource, ...rest } = facts
  return { resource, facts: rest }
}

/**
 * Asks for consent to one exact request. The same request of the same caller waits for one decision, however often
 * it is sent.
 * @throws CodedError quota-exceeded: too many wait already
 */
export async function requestApproval({ caller, db, sql, now }: Call, wanted: ApprovalRequest): Promise<Approval> {
  // Of two who ask for the same at once, the second one finds what the first one made.
  await sql('SELECT pg_advisory_xact_lock(hashtextextended($1, 1))', [Buffer.from(wanted.digest).toString('hex')])
  const open = await db.approval.findFirst({
    where: {
      ...requester(caller),
      digest: wanted.digest,
      status: { in: ['pending', 'approved'] },
      expiresAt: { gt: now },
    },
    orderBy: { id: 'desc' },
  })
  if (open) return open
  const waiting = await db.approval.count({
    where: { userId: caller.userId, status: 'pending', expiresAt: { gt: now } },
  })
  if (waiting >= MOST_WAITING) {
    throw new QuotaExceeded(['approvals'], WAITING_RETRY_S, `${waiting} of your requests wait for approval already.`)
  }
  return db.approval.create({
    data: {
      id: uuidv7(),
      operationId: wanted.operationId,
      action: wanted.action,
      risk: wanted.risk,
      reasons: wanted.reasons,
      ...requester(caller),
      resourceType: wanted.resource.type,
      resourceId: 'id' in wanted.resource ? wanted.resource.id : '',
      digest: wanted.digest,
      request: JSON.stringify({ ...wanted.request, facts: { ...wanted.facts, resource: wanted.resource } }),
      effect: JSON.stringify(wanted.effect),
      expiresAt: new Date(now.getTime() + APPROVAL_MS),
      createdAt: now,
      updatedAt: now,
    },
  })
}

const requester = (caller: Caller) => ({ userId: caller.userId, agentId: caller.agentId ?? null })

/**
 * Finds the approval that a request names, and holds it against the request.
 * @throws CodedError approval-invalid: not this caller's, or not for exactly this request
 */
export async function findForRequest({ caller, db }: Call, id: string, digest: Uint8Array): Promise<Approval> {
  const approval = UUID.test(id) ? await db.approval.findUnique({ where: { id } }) : null
  const mine = approval?.userId === caller.userId && approval.agentId === (caller.agentId ?? null)
  if (!approval || !mine || !Buffer.from(approval.digest).equals(digest)) throw new CodedError('approval-invalid')
  return approval
}

/**
 * Uses an approval up, in the transaction of what it allows.
 * @returns the approval where it still waits for its decision: then nothing may be done
 * @throws CodedError approval-denied, approval-expired, approval-used
 */
export async function useApproval({ db, now }: Call, approval: Approval): Promise<Approval | undefined> {
  // The guard makes sure that of two requests that run at once one gets it.
  const { count } = await db.approval.updateMany({
    where: { id: approval.id, status: 'approved', expiresAt: { gt: now } },
    data: { status: 'used', usedAt: now, updatedAt: now, version: { increment: 1 } },
  })
  if (count === 1) return undefined
  const status = statusOf(await findApproval(db, approval.id), now)
  if (status === 'pending') return approval
  throw new CodedError(
    status === 'expired' ? 'approval-expired' : status === 'used' ? 'approval-used' : 'approval-denied',
  )
}

export async function listApprovals({ db, now }: Call, query: ApprovalQuery, visible: Visibility) {
  const list = keyset('approvals', query, UUID)
  const rows = await db.approval.findMany({
    where: {
      AND: [
        visible.all ? {} : { userId: visible.ownerId },
        list.after ? { id: { lt: list.after } } : {},
        query.status ? withStatus(query.status, now) : {},
      ],
    },
    orderBy: { id: 'desc' },
    take: list.take,
  })
  return list.page(
    rows,
    (row) => row.id,
    (row) => presentApproval(row, now),
  )
}

function withStatus(status: ShownStatus, now: Date) {
  if (status === 'expired')
    return { status: { in: ['pending' as const, 'approved' as const] }, expiresAt: { lte: now } }
  if (status === 'pending' || status === 'approved') return { status, expiresAt: { gt: now } }
  return { status }
}

/** @throws CodedError approval-not-found */
export async function getApproval({ db, now }: Call, approvalId: string) {
  return presentApproval(await findApproval(db, approvalId), now)
}

/** @throws CodedError approval-not-found */
export async function findApproval(db: Database, approvalId: string): Promise<Approval> {
  const approval = await db.approval.findUnique({ where: { id: approvalId } })
  if (!approval) throw new CodedError('approval-not-found')
  return approval
}

/**
 * Decides on a pending approval, once.
 * @throws CodedError approval-not-found, approval-not-pending
 */
export async function decideApproval(
  { caller, db, now }: Call,
  approvalId: string,
  decision: 'approved' | 'denied',
  note: string | undefined,
) {
  const { count } = await db.approval.updateMany({
    where: { id: approvalId, status: 'pending', expiresAt: { gt: now } },
    data: {
      status: decision,
      note: note ?? null,
      decidedBy: caller.userId,
      decidedAt: now,
      updatedAt: now,
      version: { increment: 1 },
    },
  })
  const approval = await findApproval(db, approvalId)
  if (count === 0) throw new CodedError('approval-not-pending', `The approval is ${statusOf(approval, now)}.`)
  return presentApproval(approval, now)
}

/**
 * Withdraws an approval that was not used yet.
 * @throws CodedError approval-not-found, approval-not-pending
 */
export async function cancelApproval({ db, now }: Call, approvalId: string) {
  const { count } = await db.approval.updateMany({
    where: { id: approvalId, status: { in: ['pending', 'approved'] }, expiresAt: { gt: now } },
    data: { status: 'cancelled', updatedAt: now, version: { increment: 1 } },
  })
  const approval = await findApproval(db, approvalId)
  if (count === 0) throw new CodedError('approval-not-pending', `The approval is ${statusOf(approval, now)}.`)
  return presentApproval(approval, now)
}
