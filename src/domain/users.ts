import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { v7 as uuidv7 } from 'uuid'
import { isStandIn } from '../privacy/mask.ts'
import { matchKey } from '../privacy/match-key.ts'
import type { Prisma, User } from '../storage/generated/client.ts'
import type { AccountStatus, ContactChannel, Role } from '../storage/generated/enums.ts'
import type { Call, Database, Visibility } from './call.ts'
import { uniqueViolation } from './database-errors.ts'
import { CodedError, invalid } from './errors.ts'
import { keyset, type PageQuery, UUID } from './page.ts'
import { containing } from './search.ts'

export interface UserChanges {
  email?: string
  username?: string
  role?: Role
  status?: AccountStatus
  profile?: { fullName?: string; phone?: string | null }
  preferences?: { locale?: string; timeZone?: string; contactChannel?: ContactChannel; marketingConsent?: boolean }
}

export interface NewUser extends UserChanges {
  email: string
  username: string
  profile: { fullName: string; phone?: string | null }
}

export interface UserQuery extends PageQuery {
  search?: string
  status?: AccountStatus
}

/** A user as the API shows it. */
export function presentUser(user: User) {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    role: user.role,
    status: user.status,
    profile: { fullName: user.fullName, phone: user.phone },
    preferences: {
      locale: user.locale,
      timeZone: user.timeZone,
      contactChannel: user.contactChannel,
      marketingConsent: user.marketingConsent,
    },
    version: user.version,
    createdAt: user.createdAt.toISOString(),
    updatedAt: user.updatedAt.toISOString(),
  }
}

/** @throws CodedError email-taken, username-taken, validation-failed */
export async function createUser({ db, now }: Call, input: NewUser) {
  return writing(async () => {
    const { fullName, ...columns } = toColumns(input)
    const data = {
      ...columns,
      id: uuidv7(),
      email: normalizeEmail(input.email),
      username: input.username,
      usernameKey: matchKey(input.username),
      fullName: fullName ?? input.profile.fullName,
      createdAt: now,
      updatedAt: now,
    }
    return presentUser(await db.user.create({ data }))
  })
}

/**
 * @param clear whose personal data the caller sees as it is: only there is it searched for parts, or the answers would
 *   tell what is masked, a letter at a time
 */
export async function listUsers({ db }: Call, query: UserQuery, visible: Visibility, clear: Visibility | undefined) {
  const list = keyset('users', query, UUID)
  const rows = await db.user.findMany({
    where: {
      AND: [
        visible.all ? {} : { id: visible.ownerId },
        list.after ? { id: { lt: list.after } } : {},
        query.status ? { status: query.status } : {},
        query.search ? matching(query.search, clear) : {},
      ],
    },
    orderBy: { id: 'desc' },
    take: list.take,
  })
  return list.page(rows, (row) => row.id, presentUser)
}

function matching(search: string, clear: Visibility | undefined): Prisma.UserWhereInput {
  const key = containing(matchKey(search))
  const personal = { OR: [{ email: key }, { fullName: containing(search) }] }
  return {
    OR: [
      { usernameKey: key },
      // Whoever knows the whole address learns nothing but the account.
      { email: addressIn(search) },
      ...(clear ? [clear.all ? personal : { AND: [{ id: clear.ownerId }, personal] }] : []),
    ],
  }
}

/** A search as an address, where it can be one: nothing else is equal to a stored one. */
function addressIn(search: string): string {
  try {
    return normalizeEmail(search)
  } catch {
    return search
  }
}

/** @throws CodedError user-not-found */
export async function getUser({ db }: Call, userId: string) {
  return presentUser(await findUser(db, userId))
}

/**
 * Changes what is named and leaves the rest.
 * @param version the version that the caller has read
 * @throws CodedError user-not-found, user-closed, last-admin, precondition-failed, email-taken, username-taken,
 *   validation-failed
 */
export async function updateUser({ db, now }: Call, userId: string, changes: UserChanges, version: number) {
  return writing(async () => {
    const user = await findOpenUser(db, userId)
    const ends = (changes.role ?? 'admin') !== 'admin' || changes.status === 'suspended'
    if (ends && user.version === version) await keepAnAdmin(db, user)
    const [changed] = await db.user.updateManyAndReturn({
      where: { id: userId, version },
      data: { ...toColumns(changes), version: { increment: 1 }, updatedAt: now },
    })
    if (changed) return presentUser(changed)
    await findUser(db, userId)
    throw new CodedError('precondition-failed')
  })
}

/**
 * Ends what an account may do, until it is made active again.
 * @throws CodedError user-not-found, user-closed, last-admin
 */
export async function suspendUser({ db, now }: Call, userId: string) {
  const user = await findOpenUser(db, userId)
  if (user.status === 'suspended') return presentUser(user)
  await keepAnAdmin(db, user)
  const data = { status: 'suspended' as const, version: { increment: 1 }, updatedAt: now }
  return presentUser(await db.user.update({ where: { id: userId }, data }))
}

/** The row is locked: of two changes at once, the second one sees the first. */
export async function findOpenUser(db: Database, userId: string): Promise<User> {
  await db.$queryRaw`SELECT id FROM users WHERE id = ${userId}::uuid FOR UPDATE`
  const user = await findUser(db, userId)
  if (user.status === 'closed') throw new CodedError('user-closed')
  return user
}

/** Somebody has to be left who can make administrators. The lock keeps two of them from ending each other. */
export async function keepAnAdmin(db: Database, user: User): Promise<void> {
  if (user.role !== 'admin' || user.status !== 'active') return
  const admins = await db.$queryRaw<unknown[]>`
    SELECT id FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id FOR UPDATE`
  if (admins.length < 2) throw new CodedError('last-admin')
}

export async function findUser(db: Database, userId: string): Promise<User> {
  const user = await db.user.findUnique({ where: { id: userId } })
  if (!user) throw new CodedError('user-not-found')
  return user
}

/**
 * One spelling for one address: trimmed, NFC, lower case, the domain in its ASCII form (RFC 5891).
 * @throws CodedError validation-failed when the domain cannot be written in ASCII
 */
export function normalizeEmail(email: string): string {
  const text = email.trim().normalize('NFC').toLowerCase()
  const at = text.lastIndexOf('@')
  const domain = domainToASCII(text.slice(at + 1))
  // A URL's host may be a number that means an address (0x7f.1); an email's domain may not.
  if (at < 1 || !domain || isIP(domain)) throw invalid('/body/email', 'format', 'must be an email address')
  return `${text.slice(0, at)}@${domain}`
}

function toColumns({ email, username, role, status, profile, preferences }: UserChanges) {
  if (preferences?.timeZone !== undefined) checkTimeZone(preferences.timeZone)
  refuseStandIn(email, '/body/email')
  refuseStandIn(profile?.fullName, '/body/profile/fullName')
  return {
    ...(email !== undefined && { email: normalizeEmail(email) }),
    ...(username !== undefined && { username, usernameKey: matchKey(username) }),
    ...(role !== undefined && { role }),
    ...(status !== undefined && { status }),
    ...profile,
    ...preferences,
  }
}

/** Whoever read a masked account must not write the mask over the person's data. */
function refuseStandIn(text: string | undefined, pointer: string): void {
  if (text === undefined || !isStandIn(text)) return
  throw invalid(pointer, 'masked', 'stands for a value that you may not see: leave the field out')
}

/** The zones that this Node knows by the IANA name. */
function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch {
    throw invalid('/body/preferences/timeZone', 'timeZone', 'must be an IANA time zone such as Europe/Berlin')
  }
}

async function writing<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    const columns = uniqueViolation(error)
    if (!columns) throw error
    const field = columns.some((column) => column.includes('email')) ? 'email' : 'username'
    throw new CodedError(`${field}-taken`, undefined, [
      { pointer: `/body/${field}`, code: 'unique', message: 'is taken by another user' },
    ])
  }
}
