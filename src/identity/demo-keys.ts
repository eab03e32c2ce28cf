import { readFileSync } from 'node:fs'
import { type Action, ALL_ACTIONS } from '../domain/actions.ts'
import type { Database } from '../domain/call.ts'
import type { Sql } from '../storage/sql.ts'
import type { ApiKeys } from './api-keys.ts'
import { writePrivate } from './secrets.ts'

export type DemoRole = 'admin' | 'manager' | 'support' | 'customer'

/** What the demo agent may do for the support person: read, cancel and refund orders, write messages, and no more. */
const AGENT_SCOPES: Action[] = [
  'caller:read',
  'user:read',
  'product:read',
  'order:read',
  'order:cancel',
  'order:refund',
  'channel:read',
  'message:read',
  'message:send',
  'approval:read',
]
const DEMO_AGENT = 'demo-agent'
const YEAR = 365 * 24 * 60 * 60 * 1000

/**
 * Makes sure that there is a file with a working key for each demo person and one for the agent. Where one is missing
 * (the file, the database or the secret is another than before), all demo keys end and new ones are made. To be called in a transaction: the file is written before it commits.
 * @param people the user names of the demo people, by role
 * @returns whether there are demo people at all
 */
export async function ensureDemoKeys(
  db: Database,
  sql: Sql,
  apiKeys: ApiKeys,
  path: string,
  people: Record<DemoRole, string>,
  now: Date,
): Promise<boolean> {
  const users = await db.user.findMany({
    where: { username: { in: Object.values(people) } },
    select: { id: true, username: true },
  })
  if (users.length < Object.keys(people).length) return false
  if (await allWork(sql, apiKeys, path, now)) return true

  const idOf = (role: DemoRole) => users.find(({ username }) => username === people[role])?.id as string
  const wanted = [
    ...(['admin', 'manager', 'support', 'customer'] as const).map((role) => ({
      holder: role as string,
      userId: idOf(role),
      agentId: null as string | null,
      scopes: [ALL_ACTIONS] as string[],
    })),
    { holder: 'agent', userId: idOf('support'), agentId: DEMO_AGENT, scopes: AGENT_SCOPES as string[] },
  ]
  const minted = wanted.map((each) => ({ ...each, ...apiKeys.mint() }))
  await db.apiKey.updateMany({ where: { demo: true, revokedAt: null }, data: { revokedAt: now } })
  await db.apiKey.createMany({
    data: minted.map(({ id, secretHash, holder, userId, agentId, scopes }) => ({
      id,
      secretHash,
      name: `Demo key: ${holder}`,
      userId,
      agentId,
      scopes,
      demo: true,
      createdBy: userId,
      issuedBy: userId,
      createdAt: now,
      expiresAt: new Date(now.getTime() + YEAR),
    })),
  })
  writePrivate(
    path,
    `${JSON.stringify(Object.fromEntries(minted.map(({ holder, text }) => [holder, text])), null, 2)}\n`,
  )
  return true
}

const HOLDERS = ['admin', 'manager', 'support', 'customer', 'agent']

async function allWork(sql: Sql, apiKeys: ApiKeys, path: string, now: Date): Promise<boolean> {
  let keys: unknown
  try {
    keys = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return false
  }
  if (typeof keys !== 'object' || keys === null) return false
  for (const holder of HOLDERS) {
    const key = (keys as Record<string, unknown>)[holder]
    if (typeof key !== 'string' || !(await apiKeys.authenticate(sql, key, now))) return false
  }
  return true
}
