import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Config, ConfigError, readConfig } from '../config.ts'
import { ACTIONS, type Action, ALL_ACTIONS } from '../domain/actions.ts'
import type { Caller, Database } from '../domain/call.ts'
import { UUID } from '../domain/page.ts'
import * as things from '../domain/resources.ts'
import { openForReading } from '../storage/reading.ts'
import { SOMEBODY } from './asking.ts'
import { POLICY_FILES } from './engine.ts'
import { ROLES } from './entities.ts'
import { explain, tell } from './explain.ts'
import { createPolicy, type RequestContext } from './policy.ts'
import { createRemotePolicy } from './remote.ts'

const USAGE = `Usage: npm run policy -- explain --user USER --action ACTION [--resource TYPE:ID | --own] ...
       npm run policy -- explain --role ROLE [--status STATUS] --action ACTION [--own] ...
       npm run policy -- check [FOLDER]

explain  tells whether a caller may do something, which policies say so, and what would make it another answer
  --user USER        id, user name or email; read from the database (stop the service first when it is the embedded one)
  --role, --status   somebody of this role (customer, support, manager, admin) and status (active); no database is read
  --agent NAME       an agent acts for the person
  --scopes A,B       what the credential allows; everything unless given
  --resource T:ID    on this thing, from the database: Order:<id>, User:<id>, Product:<SKU>
  --own              on a thing of the person's own; on somebody else's unless given
  --amount N         minor units, where money moves
  --risk RISK        low, medium or high
  --fields A,B       the top-level fields of the body
  --requested A,B    the scopes that a new key would get
  --json             the explanation as JSON
check    says whether the policies of a folder (HANDRAIL_POLICY_DIR unless given) can be used

Exit codes: 0 allowed (or the policies are in order), 2 denied, 3 needs approval, 1 anything else.`

const CODES = { allowed: 0, denied: 2, 'needs approval': 3 } as const
const STATUSES = ['active', 'suspended', 'closed'] as const

const OPTIONS = {
  user: { type: 'string' },
  role: { type: 'string' },
  status: { type: 'string' },
  agent: { type: 'string' },
  scopes: { type: 'string' },
  action: { type: 'string' },
  resource: { type: 'string' },
  own: { type: 'boolean' },
  amount: { type: 'string' },
  risk: { type: 'string' },
  fields: { type: 'string' },
  requested: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

type Values = ReturnType<typeof parse>['values']
const parse = (args: string[]) => parseArgs({ args, allowPositionals: true, options: OPTIONS })

/** @returns the exit code @throws Error that says what is wrong with the command, the policies or the database */
export async function run(args: string[], env: NodeJS.ProcessEnv, say: (text: string) => void): Promise<number> {
  const { values, positionals } = parse(args)
  const [command, folder, ...rest] = positionals
  if (values.help) {
    say(USAGE)
    return 0
  }
  if (command === 'check' && rest.length === 0) return check(resolve(folder ?? readConfig(env).policyDir), say)
  if (command !== 'explain' || folder !== undefined) throw new ConfigError(USAGE)
  return explainTo(say, values, readConfig(env))
}

function check(folder: string, say: (text: string) => void): number {
  const { rules, hash } = createPolicy(folder).current()
  say(`${folder}: ${rules.length} policies are in order, ${hash}`)
  return 0
}

async function explainTo(say: (text: string) => void, values: Values, config: Config): Promise<number> {
  const action = oneOf(ACTIONS, values.action, '--action')
  const context = contextOf(values)
  const { caller, resource } = await subjectOf(values, action, config)
  const local = config.pdp ? undefined : createPolicy(config.policyDir)
  const policy = local ?? createRemotePolicy({ ...(config.pdp as NonNullable<Config['pdp']>), report() {} })
  const rules = local?.current().rules ?? []
  const explanation = await explain(policy, rules, { caller, action, resource, context })
  const file = local && relative('', join(config.policyDir, POLICY_FILES.policies))
  say(values.json ? JSON.stringify(explanation, null, 2) : tell(explanation, file))
  return CODES[explanation.verdict]
}

/** Who asks, and for what: from the database where one is named, made up where a role is. */
async function subjectOf(values: Values, action: Action, config: Config) {
  const { user, role, resource, own } = values
  if ((user === undefined) === (role === undefined)) throw new ConfigError('Give either --user or --role.')
  if (resource !== undefined && own) throw new ConfigError('Give either --resource or --own.')
  const sample = (userId: string) => things.sampleOf(things.typeOf(action), own ? userId : SOMEBODY)
  if (role !== undefined) {
    if (resource !== undefined) throw new ConfigError('--resource is read from the database: give --user with it.')
    const status = oneOf(STATUSES, values.status ?? 'active', '--status')
    const caller = callerOf(values, { id: role, role: oneOf(ROLES, role, '--role'), status })
    return { caller, resource: sample(caller.userId) }
  }
  if (values.status !== undefined) throw new ConfigError('--status goes with --role; the database knows it of a user.')
  const storage = await openForReading(
    { ...config, progress: () => {} },
    'To ask while the service runs, use --role, or a Postgres server.',
  )
  try {
    const caller = callerOf(values, await findPerson(storage.db, user as string))
    const thing = resource === undefined ? sample(caller.userId) : await loadThing(storage.db, resource, action)
    return { caller, resource: thing }
  } finally {
    await storage.close()
  }
}

function callerOf(
  { agent, scopes }: Values,
  { id, role, status }: Pick<Caller, 'role' | 'status'> & { id: string },
): Caller {
  return {
    userId: id,
    role,
    status,
    scopes: scopes === undefined ? [ALL_ACTIONS] : scopesOf(scopes, '--scopes'),
    ...(agent !== undefined && { agentId: agent }),
    credentialId: '',
    issuedBy: id,
  }
}

async function findPerson(db: Database, name: string) {
  const text = name.trim().toLowerCase()
  const where = UUID.test(text) ? { id: text } : text.includes('@') ? { email: text } : { usernameKey: text }
  const person = await db.user.findUnique({ where })
  if (!person) throw new Error(`There is no user ${name}.`)
  return person
}

const LOADERS: Partial<Record<things.ResourceType, (db: Database, id: string) => Promise<things.Resource>>> = {
  User: things.userResource,
  Product: things.productResource,
  Order: things.orderResource,
  ApiKey: things.apiKeyResource,
  Channel: things.channelResource,
  Message: things.messageResource,
  DeadLetter: things.deadLetterResource,
  Report: things.reportResource,
  Approval: things.approvalResource,
}

async function loadThing(db: Database, text: string, action: Action): Promise<things.Resource> {
  const [type, ...id] = text.split(':')
  const wanted = things.typeOf(action)
  const load = LOADERS[wanted]
  if (type !== wanted || !load || id.length === 0) {
    throw new ConfigError(
      load ? `--resource must be ${wanted}:<id> for ${action}` : `${action} is taken on no single thing`,
    )
  }
  return load(db, id.join(':'))
}

function contextOf({ amount, risk, fields, requested }: Values): RequestContext {
  if (amount !== undefined && !/^\d{1,15}$/.test(amount)) throw new ConfigError('--amount must be a whole number')
  return {
    fields: listOf(fields),
    requestedScopes: requested === undefined ? [] : scopesOf(requested, '--requested'),
    ...(risk !== undefined && { risk: oneOf(['low', 'medium', 'high'] as const, risk, '--risk') }),
    ...(amount !== undefined && { amount: Number(amount) }),
  }
}

const listOf = (text = '') => text.split(',').flatMap((each) => each.trim() || [])
const scopesOf = (text: string, option: string) =>
  listOf(text).map((each) => oneOf([...ACTIONS, ALL_ACTIONS] as const, each, option))

function oneOf<T extends string>(choices: readonly T[], text: string | undefined, option: string): T {
  const found = choices.find((each) => each === text)
  if (found === undefined) throw new ConfigError(`${option} must be one of ${choices.join(', ')}`)
  return found
}
