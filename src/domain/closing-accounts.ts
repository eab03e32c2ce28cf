import type { Call, Database } from './call.ts'
import { CodedError } from './errors.ts'
import { findOpenUser, keepAnAdmin } from './users.ts'

/**
 * Closes an account for good: personal fields are erased, keys end, kept answers go. Orders stay, without their notes.
 * @throws CodedError user-not-found, user-closed, precondition-failed, last-admin
 */
export async function deleteUser({ db, now }: Call, userId: string, version: number): Promise<void> {
  const user = await findOpenUser(db, userId)
  if (user.version !== version) throw new CodedError('precondition-failed')
  await keepAnAdmin(db, user)
  // The last twelve hexadecimal digits of a version 7 UUID are random.
  const name = `closed_${userId.slice(-12)}`
  await db.user.update({
    where: { id: userId },
    data: {
      status: 'closed',
      role: 'customer',
      email: `${userId}@closed.invalid`,
      username: name,
      usernameKey: name,
      fullName: 'Closed account',
      phone: null,
      locale: 'en',
      timeZone: 'UTC',
      contactChannel: 'none',
      marketingConsent: false,
      version: { increment: 1 },
      updatedAt: now,
    },
  })
  await db.apiKey.updateMany({ where: { userId, revokedAt: null }, data: { revokedAt: now } })
  await db.apiKey.updateMany({ where: { userId }, data: { name: 'Erased' } })
  await db.idempotencyKey.deleteMany({ where: { OR: [{ caller: userId }, { caller: { startsWith: `${userId} ` } }] } })
  // What others did to this person stays done: their keys keep their places, without the answers.
  await db.idempotencyKey.updateMany({ where: { subject: userId, status: { not: null } }, data: { answer: null } })
  await eraseWords(db, userId, now)
}

/** Erases what people wrote about a person, where it stands beside what is kept. */
async function eraseWords(db: Database, userId: string, now: Date): Promise<void> {
  const orders = { order: { userId } }
  await db.order.updateMany({ where: { userId, note: { not: null } }, data: { note: null, updatedAt: now } })
  await db.orderEvent.updateMany({ where: orders, data: { reason: null } })
  await db.refund.updateMany({ where: orders, data: { reason: 'Erased.' } })
  const orderIds = (await db.order.findMany({ where: { userId }, select: { id: true } })).map(({ id }) => id)
  await db.message.updateMany({
    where: {
      event: null,
      OR: [
        { aboutType: 'user', aboutId: userId },
        { aboutType: 'order', aboutId: { in: orderIds } },
      ],
    },
    data: { text: 'Erased.', updatedAt: now },
  })
  const about = {
    OR: [
      { userId },
      { resourceType: 'User', resourceId: userId },
      { resourceType: 'Order', resourceId: { in: orderIds } },
    ],
  }
  await db.approval.updateMany({
    where: { ...about, status: { in: ['pending', 'approved'] } },
    data: { status: 'cancelled', updatedAt: now, version: { increment: 1 } },
  })
  await db.approval.updateMany({ where: about, data: { effect: ERASED, request: ERASED_REQUEST, note: null } })
}

/** What is left of an approval that showed a person's data. */
const ERASED = JSON.stringify({ before: null, after: null })
const ERASED_REQUEST = JSON.stringify({ path: {}, query: {}, body: null, facts: { resource: { type: 'Service' } } })
