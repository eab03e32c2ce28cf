import { createApiKeys } from '../../src/identity/api-keys.ts'
import { openEmbedded } from '../../src/storage/embedded.ts'
import { openServer } from '../../src/storage/server.ts'
import { type Driver, type Storage, toStorage } from '../../src/storage/storage.ts'
import { createQueue } from '../../src/work/queue.ts'

export const PEPPER = 'a secret for measuring, 32 characters'
const PRODUCTS = 60

/** The same orders every time: one to three of the products, for one customer. */
export function orderBody(index: number): { items: { sku: string; quantity: number }[] } {
  const items = 1 + (index % 3)
  return {
    items: Array.from({ length: items }, (_, item) => ({
      sku: `SKU-${(index * 7 + item * 13) % PRODUCTS}`,
      quantity: 1 + ((index + item) % 4),
    })),
  }
}

/** Where the database is: a server, or a folder for the embedded one. */
export interface Target {
  databaseUrl: string | undefined
  dataDir: string
}

/** Opens a database without Prisma's clients in the way, and fills it with the shop. */
export async function openShop({
  databaseUrl,
  dataDir,
}: Target): Promise<{ driver: Driver; storage: Storage; key: string }> {
  const progress = () => {}
  const driver = databaseUrl ? await openServer(databaseUrl, progress) : await openEmbedded({ dataDir, progress })
  const storage = toStorage(driver)
  await createQueue(storage, { report: () => {} }).prepare()
  const { customer } = await fillShop(storage, PEPPER)
  return { driver, storage, key: customer }
}

/** The same in every database, since what is recorded in one is sent to another. */
const IDS = {
  customer: '019a0000-0000-7000-8000-000000000001',
  support: '019a0000-0000-7000-8000-000000000002',
}

/** @param pepper what the service will know keys by. @returns the texts of a customer's and a support person's key */
export async function fillShop(
  { db }: Pick<Storage, 'db'>,
  pepper: string,
): Promise<Record<'customer' | 'support', string>> {
  const now = new Date()
  const time = { createdAt: now, updatedAt: now }
  await db.product.createMany({
    data: Array.from({ length: PRODUCTS }, (_, index) => ({
      sku: `SKU-${index}`,
      name: `Product ${index}`,
      description: '',
      priceAmount: 100 + index,
      currency: 'EUR',
      stock: 1_000_000,
      ...time,
    })),
  })
  const apiKeys = createApiKeys(pepper, false)
  const keyOf = async (role: 'customer' | 'support') => {
    const name = { email: `${role}@example.com`, username: role, usernameKey: role, fullName: role }
    const userId = IDS[role]
    await db.user.create({ data: { id: userId, role, ...name, ...time } })
    const { id, secretHash, text } = apiKeys.mint()
    const expiresAt = new Date(now.getTime() + 86_400_000)
    const key = {
      id,
      name: role,
      userId,
      scopes: ['*'],
      secretHash,
      createdBy: userId,
      issuedBy: userId,
      createdAt: now,
      expiresAt,
    }
    await db.apiKey.create({ data: key })
    return text
  }
  return { customer: await keyOf('customer'), support: await keyOf('support') }
}
