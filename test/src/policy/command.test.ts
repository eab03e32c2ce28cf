import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { run } from '../../../src/policy/command.ts'
import { ROOT } from '../../../src/root.ts'
import { openStorage } from '../../../src/storage/storage.ts'
import { makeDatabase, serverRuns } from '../../support/database.ts'
import { writePolicies } from '../../support/policies.ts'

const SHIPPED = readFileSync(join(ROOT, 'src', 'policy', 'handrail.cedar'), 'utf8').match(/^@id\(/gm)?.length ?? 0

async function policy(line: string, env: NodeJS.ProcessEnv = {}) {
  const said: string[] = []
  const code = await run(line.split(' '), env, (text) => said.push(text))
  return { code, text: said.join('\n') }
}

t.test('the exit code is the decision, and the text says which policies made it', async (t) => {
  const allowed = await policy('explain --role support --action order:cancel')
  t.equal(allowed.code, 0)
  t.match(allowed.text, /^ALLOWED\n/)
  t.match(allowed.text, /permit: support-reads-all-and-acts-on-orders {2}src\/policy\/handrail\.cedar:\d+/)
  t.match(allowed.text, /permit \(\n {6}principal in Role::"support"/, 'as it stands in the file')

  const large = await policy('explain --role support --action order:refund --amount 20000')
  t.equal(large.code, 3)
  t.match(large.text, /^NEEDS APPROVAL \(approval-required\)/)
  t.match(large.text, /forbid: large-refunds-need-approval/)
  t.match(large.text, /the consent of a person: allowed/)
  t.match(large.text, /a smaller amount: allowed/)

  const narrow = await policy(
    'explain --role support --agent bot --scopes order:read --action order:cancel --risk high',
  )
  t.equal(narrow.code, 2)
  t.match(narrow.text, /^DENIED \(scope-missing\)/)
  t.match(narrow.text, /the scope order:cancel: needs approval/)
  t.match(narrow.text, /the person without the agent: allowed/)

  const none = await policy('explain --role customer --action report:create')
  t.equal(none.code, 2)
  t.match(none.text, /No policy permits it\.[\s\S]*managers-make-reports {2}src\/policy\/handrail\.cedar:\d+/)
  t.match(none.text, /the role manager: allowed/)

  const suspended = await policy('explain --role customer --status suspended --own --action order:read')
  t.match(suspended, { code: 2, text: /^DENIED \(account-not-active\)[\s\S]*an active account: allowed/ })
  t.equal((await policy('explain --role customer --own --action order:read')).code, 0)
  t.match(await policy('explain --role customer --action order:read'), {
    code: 2,
    text: /a thing of their own: allowed/,
  })
  const grant = '--own --action api-key:create --scopes api-key:create --requested'
  t.equal((await policy(`explain --role customer ${grant} order:read`)).code, 2)
  t.equal((await policy(`explain --role customer ${grant} api-key:create`)).code, 0)
  t.equal((await policy('explain --role customer --own --action user:update --fields profile')).code, 0)
  t.equal((await policy('explain --role customer --own --action user:update --fields profile,role')).code, 2)

  const { code, text } = await policy('explain --json --role admin --action user:delete')
  t.equal(code, 3)
  t.match(JSON.parse(text), {
    verdict: 'needs approval',
    decision: { allow: false, code: 'approval-required' },
    deciding: [{ id: 'deleting-a-user-needs-approval', effect: 'forbid', line: Number }],
    changes: [{ change: 'the consent of a person', verdict: 'allowed' }],
  })
})

t.test('the rules of another folder, good and bad', async (t) => {
  const good = writePolicies(t.testdir(), {
    policies: (text) =>
      `${text}@id("fails") forbid (principal, action == Action::"product:read", resource) when { 9223372036854775807 + 1 > 0 };`,
  })
  t.match(await policy(`check ${good}`), { code: 0, text: new RegExp(`: ${SHIPPED + 1} policies are in order`) })
  t.match(await policy('check', { HANDRAIL_POLICY_DIR: good }), {
    code: 0,
    text: new RegExp(`^${good}: ${SHIPPED + 1} `),
  })
  t.match(await policy('explain --role admin --action product:read', { HANDRAIL_POLICY_DIR: good }), {
    code: 2,
    text: /Could not be evaluated, which means no: fails/,
  })
  t.test('a broken one', async (t) => {
    const bad = writePolicies(t.testdir(), { policies: (text) => text.replace('permit (', 'allow (') })
    await t.rejects(policy(`check ${bad}`), /handrail\.cedar does not parse: line \d+/)
    await t.rejects(
      policy('explain --role admin --action product:read', { HANDRAIL_POLICY_DIR: bad }),
      /does not parse/,
    )
  })
})

t.test('what is not understood is told', async (t) => {
  const rows: [string, RegExp][] = [
    ['explain', /--action must be one of/],
    ['explain --action order:read', /either --user or --role/],
    ['explain --action order:read --role admin --user ada', /either --user or --role/],
    ['explain --action order:ship --role admin', /--action must be one of/],
    ['explain --action order:read --role root', /--role must be one of/],
    ['explain --action order:read --role admin --status odd', /--status must be one of/],
    ['explain --action order:read --role admin --scopes order:ship', /--scopes must be one of/],
    ['explain --action order:read --role admin --amount 1e9', /--amount must be a whole number/],
    ['explain --action order:read --role admin --risk some', /--risk must be one of/],
    ['explain --action order:read --role admin --resource Order:1', /give --user with it/],
    ['explain --action order:read --user ada --status active', /--status goes with --role/],
    ['explain --action order:read --role admin --nonsense', /nonsense/],
    ['explain more', /^Usage/],
    ['check one two', /^Usage/],
    ['tell', /^Usage/],
  ]
  for (const [line, reason] of rows) await t.rejects(policy(line), reason, line)
  await t.rejects(
    policy('explain --action order:read --user ada', { HANDRAIL_DATA_DIR: t.testdir() }),
    /There is no database/,
  )
  t.match(await policy('--help'), { code: 0, text: /^Usage: npm run policy/ })
})

t.test('a person and a thing of the database', async (t) => {
  const dataDir = t.testdir()
  const databaseUrl = (await serverRuns()) ? await makeDatabase(t as typeof import('tap').t) : undefined
  const env = { HANDRAIL_DATA_DIR: dataDir, ...(databaseUrl && { DATABASE_URL: databaseUrl }) }
  const storage = await openStorage({ dataDir, databaseUrl, progress: () => {} })
  const now = new Date()
  const [ada, sue, order] = ['a', 'b', 'c'].map((end) => `019a0000-0000-7000-8000-00000000000${end}`) as [
    string,
    string,
    string,
  ]
  for (const [id, username, role] of [
    [ada, 'Ada', 'customer'],
    [sue, 'Sue', 'support'],
  ] as const) {
    const email = `${username.toLowerCase()}@example.com`
    const data = {
      id,
      username,
      usernameKey: username.toLowerCase(),
      email,
      fullName: username,
      role,
      createdAt: now,
      updatedAt: now,
    }
    await storage.db.user.create({ data })
  }
  const money = { currency: 'EUR', totalAmount: 1n }
  await storage.db.order.create({ data: { id: order, userId: ada, ...money, createdAt: now, updatedAt: now } })
  await storage.close()

  for (const user of [ada, 'ADA', 'Ada@Example.com']) {
    const { code, text } = await policy(`explain --user ${user} --action order:read --resource Order:${order}`, env)
    t.equal(code, 0, user)
    t.match(text, `order:read on Order ${order}, of ${ada}`)
  }
  t.equal((await policy(`explain --user sue --action order:refund --resource Order:${order} --amount 5`, env)).code, 0)
  await t.rejects(policy(`explain --user sue --action order:read --resource User:${ada}`, env), /must be Order:<id>/)
  await t.rejects(policy('explain --user sue --action audit:read --resource AuditTrail:x', env), /no single thing/)
  await t.rejects(policy(`explain --user sue --action order:read --resource Order:${sue}`, env), /no such order/)

  const cli = [join(ROOT, 'src', 'policy', 'cli.ts'), 'explain', '--user', 'nobody', '--action', 'order:read']
  const child = spawn(process.execPath, ['--import', 'tsx', ...cli], { cwd: ROOT, env: { ...process.env, ...env } })
  const told = text(child.stderr)
  const [code] = await once(child, 'exit')
  t.equal(code, 1)
  t.equal(await told, 'There is no user nobody.\n')
})
