import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseRules, readTexts } from '../../../src/policy/engine.ts'
import { createPolicy } from '../../../src/policy/policy.ts'
import { reloadPolicies } from '../../../src/policy/reload.ts'
import { person } from '../../support/decisions.ts'
import { POLICY_FOLDER, writePolicies } from '../../support/policies.ts'
import { startService } from '../../support/service.ts'

type Test = typeof t
const shipped = parseRules(readTexts(POLICY_FOLDER)).hash
const NOBODY_READS =
  '\n@id("closed-shop") @code("scope-missing") forbid (principal, action == Action::"product:read", resource);\n'
const product = { type: 'Product', id: 'LAMP' } as const

function open(t: Test, everyMs = 3_600_000) {
  const folder = writePolicies(t.testdir())
  const policy = createPolicy(folder)
  const news: string[] = []
  let tell = () => {}
  const reloading = reloadPolicies(policy, folder, {
    everyMs,
    report(each) {
      news.push('hash' in each ? each.hash : each.reason)
      tell()
    },
  })
  t.teardown(() => reloading.close())
  return {
    folder,
    policy,
    news,
    look: reloading.look,
    now: reloading.now,
    told: () =>
      new Promise<void>((resolve) => {
        tell = resolve
      }),
    change: (edit: (text: string) => string) => writePolicies(folder, { policies: edit }),
    allows: async () => (await policy.check(person('admin'), 'product:read', product)).allow,
  }
}

t.test('a change is taken over once it stays as it is', async (t) => {
  const { policy, news, look, change, allows } = open(t as Test)
  t.equal(await allows(), true)
  change((text) => text + NOBODY_READS)
  await look()
  t.equal(await allows(), true, 'it may be half a file')
  change((text) => `${text}${NOBODY_READS}// written to the end`)
  await look()
  t.equal(await allows(), true, 'and it was')
  await look()
  t.equal(await allows(), false)
  t.same(news, [policy.hash])
  t.not(policy.hash, shipped)
  t.match(await policy.check(person('admin'), 'product:read', product), { code: 'scope-missing', hash: policy.hash })
  t.same(await policy.health(), { status: 'ok', detail: policy.hash.slice(0, 12) })
  for (const turn of [1, 2, 3, 4, 5]) {
    // More turns than names that Cedar is given, there and back.
    change((text) => (turn % 2 === 1 ? text : text + NOBODY_READS))
    await look()
    await look()
    t.equal(await allows(), turn % 2 === 1)
  }
  await look()
  t.equal(news.length, 6, 'what did not change is not told')
})

t.test('a broken file changes nothing, and is told once', async (t) => {
  const { folder, policy, news, look, now, change, allows } = open(t as Test)
  const broken: [string, (text: string) => string, RegExp][] = [
    ['syntax', (text) => text.replace('permit (', 'allow ('), /handrail\.cedar does not parse: line \d+: /],
    ['an unknown attribute', (text) => text.replace('resource.owner', 'resource.holder'), /handrail\.cedar: .*holder/],
    ['an unknown code', (text) => text.replace('"people-only"', '"no-such-code"'), /no-such-code/],
    ['a template', (text) => `${text}@id("t") permit (principal == ?principal, action, resource);`, /templates/],
    ['an unknown action', (text) => text.replaceAll('order:fulfil', 'order:ship'), /order:ship/],
  ]
  for (const [name, edit, reason] of broken) {
    change(edit)
    for (const _ of [1, 2, 3]) await look()
    t.match(news.pop(), reason, name)
    t.same(news, [], 'once')
    t.equal(policy.hash, shipped)
    t.equal(await allows(), true)
    t.match(await policy.health(), { status: 'degraded', detail: /goes on deciding/ })
  }
  const file = join(folder, 'handrail.cedar')
  rmSync(file)
  for (const _ of [1, 2, 3]) await look()
  t.match(news.pop(), /ENOENT.*handrail\.cedar/)
  t.equal(await allows(), true)
  await now()
  t.match(news.pop(), /ENOENT/, 'whoever asks for it is told again')

  // As editors do it: a new file takes the name of the old one.
  const text = readFileSync(join(POLICY_FOLDER, 'handrail.cedar'), 'utf8')
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
  for (const _ of [1, 2]) await look()
  t.same(news, [shipped])
  t.match(await policy.health(), { status: 'ok' })
})

t.test('SIGHUP need not wait', async (t) => {
  const { now, change, allows } = open(t as Test)
  change((text) => text + NOBODY_READS)
  await now()
  t.equal(await allows(), false)
})

t.test('a running service goes by new rules, and its trail names them', async (t) => {
  const { policy, change, told } = open(t as Test, 5)
  const { call, app } = await startService(t as Test, { replace: () => ({ policy }) })
  const sample = { sku: 'NEW', name: 'New', description: '', price: { amount: 1, currency: 'EUR' }, stock: 1 }
  t.equal((await call('ada', 'GET', '/products/LAMP')).status, 200)
  t.equal((await call('admin', 'POST', '/products', sample)).status, 201)
  change((text) => text + NOBODY_READS)
  await told()
  t.match((await call('ada', 'GET', '/products')).body, { error: 'scope-missing' })
  t.equal((await call('ada', 'GET', '/products/LAMP')).status, 404)
  change((text) => text.slice(0, -5))
  await told()
  t.equal((await call('ada', 'GET', '/products')).status, 403, 'a broken file takes nothing back')
  const ready = await app.inject('/readyz')
  t.equal(ready.statusCode, 200)
  t.match(ready.json(), { status: 'degraded', checks: { policies: `${policy.hash.slice(0, 12)} goes on deciding` } })
  const { body } = await call('admin', 'GET', '/audit-entries')
  t.same(
    body.items.map(({ outcome, policyHash }: { outcome: string; policyHash: string }) => [outcome, policyHash]),
    [
      ['denied', policy.hash],
      ['denied', policy.hash],
      ['denied', policy.hash],
      ['done', shipped],
    ],
  )
})
