import type { AccountStatus } from '../storage/generated/enums.ts'
import { findApiKey } from './api-keys.ts'
import type { Caller, Database } from './call.ts'
import { findOrder } from './orders.ts'
import { findProduct } from './products.ts'
import { findUser } from './users.ts'

/** What policy knows of the thing acted on. `ownerId` is the person it belongs to. */
export type Resource =
  | { type: 'Service' }
  | { type: 'User'; id: string; ownerId: string; status?: AccountStatus }
  | { type: 'Order' | 'ApiKey'; id: string; ownerId: string }
  | { type: 'Product'; id: string }

/** The service as a whole: for actions that touch no stored thing. */
export const service: Resource = { type: 'Service' }

/** The id of a thing that does not exist yet. */
const NEW = 'new'

export const newOrder = (caller: Caller, userId = caller.userId): Resource => ({
  type: 'Order',
  id: NEW,
  ownerId: userId.toLowerCase(),
})
export const newApiKey = (caller: Caller, userId = caller.userId): Resource => ({
  type: 'ApiKey',
  id: NEW,
  ownerId: userId.toLowerCase(),
})
export const newUser = (): Resource => ({ type: 'User', id: NEW, ownerId: NEW })
export const newProduct = (): Resource => ({ type: 'Product', id: NEW })

export async function userResource(db: Database, id: string): Promise<Resource> {
  // The id as it is stored: UUIDs may be written in capitals, and policy compares them letter by letter.
  const user = await findUser(db, id)
  return { type: 'User', id: user.id, ownerId: user.id, status: user.status }
}

export async function productResource(db: Database, id: string): Promise<Resource> {
  await findProduct(db, id)
  return { type: 'Product', id }
}

export async function orderResource(db: Database, id: string): Promise<Resource> {
  return { type: 'Order', id, ownerId: (await findOrder(db, id)).userId }
}

export async function apiKeyResource(db: Database, id: string): Promise<Resource> {
  return { type: 'ApiKey', id, ownerId: (await findApiKey(db, id)).userId }
}
