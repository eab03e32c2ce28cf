import type { AccountStatus, Role } from '../storage/generated/enums.ts'
import type { Action } from './actions.ts'
import { findApiKey } from './api-keys.ts'
import { findApproval } from './approvals.ts'
import type { Caller, Database } from './call.ts'
import { CodedError, type ErrorCode } from './errors.ts'
import { findMessage } from './messages.ts'
import { findOrder } from './orders.ts'
import { findProduct } from './products.ts'
import { findReport } from './reports.ts'
import { findUser } from './users.ts'

/** What policy knows of the thing acted on. `ownerId` is the person it belongs to. */
export type Resource =
  | { type: 'Service' | 'AuditTrail' }
  | { type: 'User'; id: string; ownerId: string; status?: AccountStatus; role?: Role }
  | { type: 'Order' | 'ApiKey' | 'Message' | 'Report' | 'Approval'; id: string; ownerId: string }
  | { type: 'Product' | 'DeadLetter'; id: string }
  | { type: 'Channel'; id: string; team: boolean }

export type ResourceType = Resource['type']

/** How a kind of thing is hidden: who may not take `read` on one is told that there is none. */
export const HIDDEN: Partial<Record<ResourceType, { read: Action; missing: ErrorCode }>> = {
  User: { read: 'user:read', missing: 'user-not-found' },
  Product: { read: 'product:read', missing: 'product-not-found' },
  Order: { read: 'order:read', missing: 'order-not-found' },
  ApiKey: { read: 'api-key:read', missing: 'api-key-not-found' },
  Channel: { read: 'channel:read', missing: 'channel-not-found' },
  Message: { read: 'message:read', missing: 'message-not-found' },
  DeadLetter: { read: 'dead-letter:read', missing: 'dead-letter-not-found' },
  Report: { read: 'report:read', missing: 'report-not-found' },
  Approval: { read: 'approval:read', missing: 'approval-not-found' },
}

type Noun = Action extends `${infer First}:${string}` ? First : never

const TYPES: Record<Noun, ResourceType> = {
  caller: 'Service',
  user: 'User',
  product: 'Product',
  order: 'Order',
  'api-key': 'ApiKey',
  channel: 'Channel',
  message: 'Message',
  'dead-letter': 'DeadLetter',
  report: 'Report',
  approval: 'Approval',
  audit: 'AuditTrail',
  policy: 'Service',
}

/** @returns what an action is taken on; the Cedar schema says the same, or the start fails */
export function typeOf(action: Action): ResourceType {
  // A message that is yet to be sent is judged by where it goes.
  return action === 'message:send' ? 'Channel' : TYPES[action.split(':')[0] as Noun]
}

interface Judge {
  check(caller: Caller, action: Action, resource: Resource): Promise<{ allow: boolean }>
}

/** @returns whether the caller could read the thing acted on, and so may see what a change would make of it */
export async function mayRead(policy: Judge, caller: Caller, resource: Resource): Promise<boolean> {
  const hiding = HIDDEN[resource.type]
  return !hiding || (await policy.check(caller, hiding.read, resource)).allow
}

/** One thing of a kind, for questions about the kind; it belongs to `ownerId` where such things belong to people. */
export function sampleOf(type: ResourceType, ownerId: string): Resource {
  switch (type) {
    case 'Service':
    case 'AuditTrail':
      return { type }
    case 'User':
      return { type, id: ownerId, ownerId }
    case 'Product':
    case 'DeadLetter':
      return { type, id: 'any' }
    case 'Channel':
      return { type, id: 'any', team: true }
    default:
      return { type, id: 'any', ownerId }
  }
}

/** The service as a whole: for actions that touch no stored thing. */
export const service: Resource = { type: 'Service' }
export const auditTrail: Resource = { type: 'AuditTrail' }

/** The id of a thing that does not exist yet. */
export const NEW = 'new'

export const newUser = (): Resource => ({ type: 'User', id: NEW, ownerId: NEW })
export const newProduct = (): Resource => ({ type: 'Product', id: NEW })
export const newChannel = (): Resource => ({ type: 'Channel', id: NEW, team: true })

/** A thing that is to be made for a person; for the caller where no other is named. */
export const newOwned = (type: 'Order' | 'ApiKey' | 'Report', caller: Caller, userId = caller.userId): Resource => ({
  type,
  id: NEW,
  // As it is stored: UUIDs may be written in capitals, and policy compares them letter by letter.
  ownerId: userId.toLowerCase(),
})

export async function userResource(db: Database, id: string): Promise<Resource> {
  const user = await findUser(db, id)
  return { type: 'User', id: user.id, ownerId: user.id, status: user.status, role: user.role }
}

export async function productResource(db: Database, id: string): Promise<Resource> {
  await findProduct(db, id)
  return { type: 'Product', id }
}

export async function orderResource(db: Database, id: string): Promise<Resource> {
  const order = await findOrder(db, id)
  return { type: 'Order', id: order.id, ownerId: order.userId }
}

export async function apiKeyResource(db: Database, id: string): Promise<Resource> {
  return { type: 'ApiKey', id, ownerId: (await findApiKey(db, id)).userId }
}

export async function approvalResource(db: Database, id: string): Promise<Resource> {
  const approval = await findApproval(db, id)
  return { type: 'Approval', id: approval.id, ownerId: approval.userId }
}

/** Also of a channel that was removed: a removal that is repeated with its key gets its answer, not a 404. */
export async function channelResource(db: Database, id: string): Promise<Resource> {
  const channel = await db.channel.findUnique({ where: { id }, select: { team: true } })
  if (!channel) throw new CodedError('channel-not-found')
  return { type: 'Channel', id, team: channel.team }
}

export async function messageResource(db: Database, id: string): Promise<Resource> {
  const message = await findMessage(db, id)
  return { type: 'Message', id: message.id, ownerId: message.userId }
}

/** Also of a message that is on its way again, for the same reason; whether it is dead is seen when it is retried. */
export async function deadLetterResource(db: Database, id: string): Promise<Resource> {
  if ((await db.message.count({ where: { id } })) === 0) throw new CodedError('dead-letter-not-found')
  return { type: 'DeadLetter', id: id.toLowerCase() }
}

export async function reportResource(db: Database, id: string): Promise<Resource> {
  const report = await findReport(db, id)
  return { type: 'Report', id: report.id, ownerId: report.userId }
}
