// Writes openapi/v1.json from the routes. The document needs no database: none is opened.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import pino from 'pino'
import { createApp } from '../api/app.ts'
import { createApiKeys } from '../src/identity/api-keys.ts'
import { createPolicy } from '../src/policy/policy.ts'
import { ROOT } from '../src/root.ts'
import { toStorage } from '../src/storage/storage.ts'

const storage = toStorage({ adapter: new PrismaPg({}), close: async () => {} })
const policy = createPolicy(join(ROOT, 'src', 'policy'))
const apiKeys = createApiKeys('unused', false)
const app = await createApp(
  { storage, policy, apiKeys },
  { log: pino({ level: 'silent' }), requestsPerMinute: 1, trustedProxies: [] },
)
await app.ready()
mkdirSync(join(ROOT, 'openapi'), { recursive: true })
writeFileSync(join(ROOT, 'openapi', 'v1.json'), `${JSON.stringify(app.swagger(), null, 2)}\n`)
await app.close()
