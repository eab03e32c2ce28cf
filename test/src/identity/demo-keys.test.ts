import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { v7 as uuidv7 } from 'uuid'
import { DEMO_USERS } from '../../../prisma/seed.ts'
import { createApiKeys } from '../../../src/identity/api-keys.ts'
import { ensureDemoKeys } from '../../../src/identity/demo-keys.ts'
import { openTestStorage, quickest } from '../../support/database.ts'

const apiKeys = createApiKeys('a pepper for tests, 32 characters', false)

t.test('there are working demo keys, whatever became of the file', async (t) => {
  const { db, sql } = await openTestStorage(t, await quickest())
  const path = join(t.testdir(), 'demo-keys.json')
  const now = new Date()
  const ensure = () => ensureDemoKeys(db, sql, apiKeys, path, DEMO_USERS, now)
  const keys = (): Record<string, string> => JSON.parse(readFileSync(path, 'utf8'))
  const works = async (key = '') => (await apiKeys.authenticate(sql, key, now)) !== undefined

  t.equal(await ensure(), false, 'without the people there are no keys')
  await db.user.createMany({
    data: Object.entries(DEMO_USERS).map(([role, name]) => ({
      id: uuidv7(),
      username: name,
      usernameKey: name,
      email: `${name}@example.com`,
      fullName: name,
      role: role as keyof typeof DEMO_USERS,
      createdAt: now,
      updatedAt: now,
    })),
  })
  t.equal(await ensure(), true)
  t.equal(statSync(path).mode & 0o777, 0o600)
  const first = keys()
  t.ok(await works(first.admin))
  t.equal(await ensure(), true)
  t.same(keys(), first, 'what works stays')

  for (const spoil of [
    () => rmSync(path),
    () => writeFileSync(path, '{"admin":'),
    () => writeFileSync(path, JSON.stringify({ ...keys(), agent: keys().admin?.replace(/.$/, '.') })),
  ]) {
    const before = keys()
    spoil()
    t.equal(await ensure(), true)
    for (const [holder, key] of Object.entries(keys())) {
      t.not(key, before[holder], 'each of them is another one')
      t.ok(await works(key))
    }
    t.notOk(await works(before.manager), 'and the old ones end')
  }
  // The database is another one, say.
  const before = keys()
  await db.apiKey.deleteMany()
  t.equal(await ensure(), true)
  t.notSame(keys(), before)
  t.ok(await works(keys().customer))
})
