import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ConfigError, readConfig } from './config.ts'
import { ALL_ACTIONS } from './domain/actions.ts'
import { createApiKey } from './domain/api-keys.ts'
import type { Call } from './domain/call.ts'
import { CodedError } from './domain/errors.ts'
import { createUser } from './domain/users.ts'
import { createApiKeys } from './identity/api-keys.ts'
import { keptSecret } from './identity/secrets.ts'
import { openStorage } from './storage/storage.ts'

const USAGE = 'Usage: npm run create-admin -- --email you@example.com --username you --name "Your Name"'
const USERNAME = /^[a-zA-Z0-9_]{3,20}$/

/**
 * Makes the first administrator and prints its key: production starts with an empty database, and everybody else is
 * made over the API.
 */
async function main(): Promise<void> {
  const { email, username, name } = parseArgs({
    options: { email: { type: 'string' }, username: { type: 'string' }, name: { type: 'string' } },
  }).values
  if (!email || !username || !name) throw new ConfigError(USAGE)
  if (!USERNAME.test(username)) throw new ConfigError(`--username must match ${USERNAME.source}`)
  if (!/^[^@\s]+@[^@\s]+$/.test(email)) throw new ConfigError('--email must be an email address')

  const config = readConfig(process.env)
  const storage = await openStorage({ ...config, progress: () => {} })
  try {
    const apiKeys = createApiKeys(config.keySecret ?? keptSecret(join(config.dataDir, 'key-secret')), config.production)
    const { key, expiresAt } = await storage.transaction(async (db, sql) => {
      const callAs = (userId: string): Call => ({
        caller: {
          userId,
          issuedBy: userId,
          role: 'admin',
          status: 'active',
          scopes: [ALL_ACTIONS],
          credentialId: 'create-admin',
        },
        db,
        sql,
        outbox: [],
        jobs: [],
        now: new Date(),
        requestId: 'create-admin',
      })
      const user = await createUser(callAs(''), { email, username, role: 'admin', profile: { fullName: name } })
      return createApiKey(callAs(user.id), { name: 'First key', scopes: [ALL_ACTIONS] }, apiKeys.mint)
    })
    process.stdout.write(`${key}\n`)
    process.stderr.write(`This is the key of ${username}, shown this once; it ends on ${expiresAt.slice(0, 10)}.\n`)
  } finally {
    await storage.close()
  }
}

main().catch((error: unknown) => {
  const where =
    error instanceof CodedError ? error.violations.map(({ pointer, message }) => ` ${pointer} ${message}.`) : []
  process.stderr.write(`${(error as Error).message}${where.join('')}\n`)
  process.exit(1)
})
