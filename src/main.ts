import { join } from 'node:path'
import { startAdapter } from '@handrail/mcp-adapter'
import pino, { type Logger } from 'pino'
import { createApp } from '../api/app.ts'
import { prune } from '../api/plugins/idempotency.ts'
import { REDACTED } from '../api/plugins/log.ts'
import { DEMO_USERS, seed } from '../prisma/seed.ts'
import { createSealer } from './audit/sealer.ts'
import { openSeals, sealFolders } from './audit/seals.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import { createApiKeys } from './identity/api-keys.ts'
import { ensureDemoKeys } from './identity/demo-keys.ts'
import { keptSecret } from './identity/secrets.ts'
import { createTokens } from './identity/tokens.ts'
import { createVault } from './identity/vault.ts'
import { createPolicy } from './policy/policy.ts'
import { ROOT } from './root.ts'
import { closeOnSignal } from './shutdown.ts'
import { openStorage } from './storage/storage.ts'
import { welcome } from './welcome.ts'
import { createDeliveries } from './work/deliver.ts'
import { createSenders } from './work/deliveries/deliveries.ts'
import { createQueue } from './work/queue.ts'
import { workReports } from './work/reports.ts'

/** How often answers are removed whose time is over. */
const PRUNE_MS = 10 * 60 * 1000

const say = (message: string) => process.stdout.write(`${message}\n`)

/** config -> storage -> services -> app -> listen -> close */
async function start(config: Config): Promise<void> {
  const log = pino({ level: config.logLevel, redact: REDACTED })
  const policy = createPolicy(join(ROOT, 'src', 'policy'))
  const progress = config.production ? (message: string) => log.info(message) : say
  const storage = await openStorage({ ...config, progress })
  const opened: (() => void | Promise<void>)[] = [() => storage.close()]
  const close = async () => {
    for (const each of opened.toReversed()) await each()
  }
  try {
    const pepper = config.keySecret ?? keptSecret(join(config.dataDir, 'key-secret'))
    const apiKeys = createApiKeys(pepper, config.production)
    const vault = createVault(pepper)
    const keysFile = join(config.dataDir, 'demo-keys.json')
    const demo =
      config.demo &&
      (await storage.transaction(async (db, sql) => {
        if ((await db.user.count()) === 0) {
          progress('Filling the database with demo data (once) ...')
          await seed(db, new Date())
        }
        return ensureDemoKeys(db, sql, apiKeys, keysFile, DEMO_USERS, new Date())
      }))

    // The first query loads Prisma's engine: no request should wait for that.
    if (!(await storage.isMigrated())) throw new Error('The database is not the one that this version migrated.')
    const seals = await openSeals(sealFolders(config), (err) => log.error({ err }, 'the seals of the audit trail'))
    if (seals.fresh) progress(`The audit trail is sealed with a new key. Note its fingerprint: ${seals.fingerprint}`)
    const sealer = createSealer(storage, seals, { report: (err) => log.error({ err }, 'sealing the audit trail') })
    opened.push(() => sealer.close())
    sealer.start()
    const report = (err: unknown) => log.error({ err }, 'work in the background failed')
    const queue = createQueue(storage, { report })
    await queue.prepare()
    opened.push(() => queue.close())
    const { senders, setup: channels } = createSenders(config, vault)
    const deliveries = createDeliveries(storage, queue, senders, { report })
    opened.push(() => deliveries.close())
    const pruning = setInterval(() => void prune(storage.sql, new Date()).catch(report), PRUNE_MS)
    opened.push(() => clearInterval(pruning))
    const tokens = config.oauth && createTokens(config.oauth)
    const services = { storage, policy, apiKeys, tokens, vault, queue, channels, findSeal: seals.find }
    const app = await createApp(services, { ...config, log })
    opened.push(() => app.close())
    const api = await app.listen({ host: config.host, port: config.port })
    deliveries.start()
    workReports(storage, queue)
    // Every replica derives the same one, so a question that one asked is known to the others.
    const stateSecret = Buffer.from(vault.digest('mcp-state', '')).toString('hex')
    const mcp = await startMcp(config, log, api, stateSecret)
    opened.push(() => mcp.close())
    closeOnSignal(close, log)
    if (!config.production) say(welcome({ api, mcp: mcp.url, keysFile: demo ? keysFile : undefined, root: ROOT }))
  } catch (error) {
    await close()
    throw error
  }
}

/** The adapter stands outside: it gets the address of the API, and nothing of what is behind it. */
function startMcp(config: Config, log: Logger, api: string, stateSecret: string) {
  return startAdapter({
    stateSecret,
    configFile: join(ROOT, 'mcp-adapter', 'tools.yaml'),
    apiUrl: api,
    host: config.mcpHost,
    port: config.mcpPort,
    allowedHosts: config.mcpAllowedHosts,
    allowedOrigins: config.mcpAllowedOrigins,
    log: log.child({ part: 'mcp-adapter' }),
  })
}

/** What went wrong, for the person at the terminal: the message says what to change, a stack would hide it. */
function explain(error: unknown): string {
  const { code, message, port } = error as Error & { code?: string; port?: number }
  if (code === 'EADDRINUSE') {
    return `Port ${port} is in use. Stop the program that uses it, or set PORT (the API) or MCP_PORT (MCP) to another.`
  }
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') return `HOST or MCP_HOST is no address here: ${message}`
  if (error instanceof ConfigError) return `The settings are not usable:\n${message}`
  return message ?? `The embedded database cannot be opened: ${String(error)}`
}

try {
  await start(readConfig(process.env))
} catch (error) {
  process.stderr.write(`Handrail did not start. ${explain(error)}\n`)
  if (process.env.LOG_LEVEL === 'debug') process.stderr.write(`${(error as Error).stack}\n`)
  process.exit(1)
}
