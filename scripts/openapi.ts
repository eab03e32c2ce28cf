// Writes openapi/v1.json from the routes. The document needs no database: none is opened.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { createApp } from '../api/app.ts'
import { createApiKeys } from '../src/identity/api-keys.ts'
import { createVault } from '../src/identity/vault.ts'
import { createLimits, NO_LIMITS } from '../src/limits/limits.ts'
import { createPolicy } from '../src/policy/policy.ts'
import { ROOT } from '../src/root.ts'
import { connect } from '../src/storage/server.ts'
import { toStorage } from '../src/storage/storage.ts'
import { createSenders, NOTHING_SET_UP } from '../src/work/deliveries/deliveries.ts'
import { createQueue } from '../src/work/queue.ts'

const storage = toStorage(connect('postgres://127.0.0.1:1/none'))
const policy = createPolicy(join(ROOT, 'src', 'policy'))
const apiKeys = createApiKeys('unused', false)
const vault = createVault('unused')
const { setup: channels } = createSenders(NOTHING_SET_UP, vault)
const app = await createApp(
  {
    storage,
    policy,
    apiKeys,
    vault,
    queue: createQueue(storage, { report: () => {} }),
    channels,
    findSeal: async () => undefined,
    limits: createLimits(NO_LIMITS),
  },
  { log: pino({ level: 'silent' }), requestsPerMinute: 1, trustedProxies: [], keepAnswersMs: 1 },
)
await app.ready()
mkdirSync(join(ROOT, 'openapi'), { recursive: true })
writeFileSync(join(ROOT, 'openapi', 'v1.json'), `${JSON.stringify(app.swagger(), null, 2)}\n`)
await app.close()
