import type { AccountStatus, Role } from '../storage/generated/enums.ts'
import type { Sql } from '../storage/sql.ts'

/** How a token, or a setting, names one of our users. */
export interface UserKey {
  match: 'id' | 'email' | 'username' | 'id-or-username'
  value: string
}

export interface Standing {
  id: string
  role: Role
  status: AccountStatus
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
/** No column holds a control character, and Postgres fails at some of them. */
const PLAIN = /^\P{Cc}{1,320}$/u
const FIND = 'SELECT id, role, status FROM users WHERE '

/** Runs for every request, so it goes past Prisma's models. @returns the user as they are now, if there is one */
export async function findUser(sql: Sql, { match, value }: UserKey): Promise<Standing | undefined> {
  if (!PLAIN.test(value)) return undefined
  const by = match === 'id-or-username' ? (UUID.test(value) ? 'id' : 'username') : match
  if (by === 'id' && !UUID.test(value)) return undefined
  const key = value.normalize('NFC').toLowerCase()
  const column = { id: 'id', email: 'email', username: 'username_key' }[by]
  const [user] = await sql<Standing>(`${FIND}${column} = $1`, [by === 'id' ? value : key])
  return user
}
