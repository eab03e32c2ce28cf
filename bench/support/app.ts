import { join } from 'node:path'
import pino from 'pino'
import { createApp } from '../../api/app.ts'
import { createApiKeys } from '../../src/identity/api-keys.ts'
import { createVault } from '../../src/identity/vault.ts'
import { createLimits, NO_LIMITS } from '../../src/limits/limits.ts'
import { createPolicy } from '../../src/policy/policy.ts'
import { ROOT } from '../../src/root.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { createSenders, NOTHING_SET_UP } from '../../src/work/deliveries/deliveries.ts'
import { createQueue } from '../../src/work/queue.ts'
import { openShop, PEPPER, type Target } from './shop.ts'

/** The service in this process, on a filled database. @param wrap puts something between it and its database */
export async function openApp(target: Target, wrap = (storage: Storage) => storage) {
  const { storage, key } = await openShop(target)
  const vault = createVault(PEPPER)
  const services = {
    storage: wrap(storage),
    policy: createPolicy(join(ROOT, 'src', 'policy')),
    apiKeys: createApiKeys(PEPPER, false),
    vault,
    queue: createQueue(storage, { report: () => {} }),
    findSeal: async () => undefined,
    limits: createLimits(NO_LIMITS),
    channels: createSenders(NOTHING_SET_UP, vault).setup,
  }
  const options = { requestsPerMinute: 1_000_000_000, trustedProxies: [], keepAnswersMs: 86_400_000 }
  const app = await createApp(services, { log: pino({ level: 'silent' }), ...options })
  return { app, storage, key }
}
